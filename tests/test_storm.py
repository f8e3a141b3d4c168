"""A minute of storm: what `make storm` does in ten, small; its seed replays it."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

HOUSE = Path(__file__).resolve().parent.parent
PATH = f"{os.environ['PATH']}:/usr/sbin"
MISSING = [name for name in ("redis-server", "nginx") if shutil.which(name, path=PATH) is None]
ASKED = ["--seconds", "30", "--deliveries", "800", "--replies", "100", "--kills", "6", "--seed", "20261124"]


@pytest.mark.skipif(bool(MISSING), reason=f"missing here: {', '.join(MISSING)}")
def test_a_minute_of_storm_loses_nothing_and_doubles_nothing_that_is_not_counted() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "bench.storm", *ASKED], cwd=HOUSE, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stdout + done.stderr[-2000:]
    toll = json.loads(done.stdout.splitlines()[-1])
    assert (toll["lost"], toll["unaccounted"], toll["uncounted"]) == (0, 0, 0)
    assert (toll["replies_lost"], toll["replies_doubled"]) == (0, 0)
    assert (toll["deliveries"], toll["kills"], toll["seed"]) == (800, 6, 20261124)
    assert toll["replies"] == 100
    assert toll["restarts_of_redis"]
    assert toll["restarts_of_postgresql"]
