"""Programs beside the hub: ended whatever becomes of them, and never reported as unknown."""

import asyncio
import logging
import os

import pytest

from hub.programs import begin, end


async def test_a_program_that_has_said_all_ends_by_itself_and_is_no_stranger(caplog: pytest.LogCaptureFixture) -> None:
    codes = []
    with caplog.at_level(logging.WARNING, logger="asyncio"):
        for _ in range(12):
            running = await begin("-c", "import sys; sys.stdout.write('said')")
            assert running.stdout is not None
            assert await running.stdout.read() == b"said"
            await end(running)
            codes.append(running.returncode)

    assert (codes, caplog.records) == ([0] * 12, [])


async def test_a_program_that_goes_on_is_killed_and_knows_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PASSERELLE_MASTER_KEYS", "1:secret")
    words = "import os, sys, time; print(sorted(os.environ), flush=True); time.sleep(60)"

    running = await begin("-c", words)
    assert running.stdout is not None
    known = await running.stdout.readline()
    await asyncio.wait_for(end(running), 10)

    assert (running.returncode, b"PASSERELLE" in known) == (-9, False)
    with pytest.raises(ProcessLookupError):
        os.kill(running.pid, 0)
