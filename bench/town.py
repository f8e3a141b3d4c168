"""A whole deployment on this machine: PostgreSQL, Redis and the programs of the hub, each a process of its own.

The same programs with the same settings as in `docker-compose.yml`, for tests, the storm, the bench, and to try.
"""

import asyncio
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from base64 import b64encode
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from redis import asyncio as aioredis

from bench.postgres import Cluster, free_port
from scheduler.wakeups import STREAM

HOUSE = Path(__file__).resolve().parent.parent
KEY = b"b" * 32
"""The master key of every school that is made for measuring."""
STARTS_WITHIN, STOPS_WITHIN = 60.0, 15.0


def wait_for(port: int) -> None:
    """Wait until somebody listens there; asked again and again, for nothing tells. Raises TimeoutError."""
    for _ in range(500):
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.01)
    raise TimeoutError(f"nobody listens at {port}")


class Redis:
    """A Redis that keeps nothing on the disk; started again it is empty."""

    def __init__(self, folder: Path) -> None:
        self._folder, self.port = folder, free_port()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        """Start, and wait until it answers."""
        program = shutil.which("redis-server")
        if program is None:
            raise FileNotFoundError("redis-server")
        options = ["--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
        self._process = subprocess.Popen([program, *options, "--dir", str(self._folder)], stdout=subprocess.DEVNULL)
        wait_for(self.port)

    def kill(self) -> None:
        """Let it die without a word."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


@dataclass
class Program:
    """One program of the hub."""

    name: str
    process: asyncio.subprocess.Process

    async def stop(self) -> float:
        """Ask it to end; gives the seconds that took. Raises RuntimeError unless it ended well."""
        begun = time.monotonic()
        with suppress(ProcessLookupError):
            self.process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(STOPS_WITHIN):
            code = await self.process.wait()
        if code not in (0, -signal.SIGTERM):  # uvicorn ends well, and then by the signal that asked it to
            raise RuntimeError(f"{self.name} ended with {code}")
        return time.monotonic() - begun

    async def kill(self) -> None:
        """End it without a word."""
        with suppress(ProcessLookupError):
            self.process.kill()
        await self.process.wait()


class Town:
    """One installation over an empty, migrated database; `settings` are those of every program, without PASSERELLE_."""

    def __init__(self, folder: Path, postgres: Cluster, database_url: str, settings: Mapping[str, str]) -> None:
        self.folder, self.postgres, self.redis = folder, postgres, Redis(folder)
        self.programs: dict[str, Program] = {}
        self._proxy: subprocess.Popen[bytes] | None = None
        self.settings = {
            "DATABASE_URL": database_url,
            "REDIS_URL": self.redis.url,
            "MASTER_KEYS": f"1:{b64encode(KEY).decode()}",
            "DATA_DIR": str(folder),
            **settings,
        }

    def add(self, **settings: str) -> None:
        """Give what starts from now on these settings, too."""
        self.settings.update(settings)

    async def __aenter__(self) -> Self:
        await asyncio.to_thread(self.redis.start)
        return self

    async def __aexit__(self, *_: object) -> None:
        await asyncio.gather(*(program.kill() for program in self.programs.values()))
        self.redis.kill()
        if self._proxy is not None:
            self._proxy.terminate()
            self._proxy.wait()

    async def start(self, name: str, **settings: str) -> Program:
        """Start a program and wait until it runs; its command is its name without the number."""
        role = name.rstrip("0123456789")
        given = {**self.settings, **settings}
        if role == "serve":
            given.setdefault("LISTEN", f"127.0.0.1:{free_port()}")
        environment = {key: value for key, value in os.environ.items() if not key.startswith("PASSERELLE_")}
        with (self.folder / f"{name}.log").open("ab") as book:
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-P", "-c", "from cli.main import run; run()", role,
                cwd=HOUSE,
                env={**environment, "PYTHONPATH": str(HOUSE), **{f"PASSERELLE_{k}": v for k, v in given.items()}},
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=book,
            )  # fmt: skip
        program = self.programs[name] = Program(name, process)
        await self._runs(program)
        return program

    async def start_all(self, *names: str, **settings: str) -> list[Program]:
        """Start several side by side."""
        return list(await asyncio.gather(*(self.start(name, **settings) for name in names)))

    def open_proxy(self, *doors: str) -> str:
        """Put nginx before two `serve`, which listen at these addresses; gives its own."""
        port = free_port()
        conf = (HOUSE / "deploy" / "nginx.conf").read_text()
        for number, door in enumerate(doors, start=1):
            conf = conf.replace(f"serve{number}:8000", door)
        path = self.folder / "nginx.conf"
        path.write_text(conf.replace("listen 8080;", f"listen 127.0.0.1:{port};"))
        program = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
        if program is None:
            raise FileNotFoundError("nginx")
        with (self.folder / "nginx.log").open("wb") as book:
            self._proxy = subprocess.Popen([program, "-p", str(self.folder), "-c", str(path)], stderr=book)
        wait_for(port)
        return f"http://127.0.0.1:{port}"

    async def stop_all(self) -> None:
        """Ask all to end."""
        running, self.programs = self.programs, {}
        await asyncio.gather(*(program.stop() for program in running.values() if program.process.returncode is None))

    def said(self, name: str) -> str:
        """Give what a program has written in its log book."""
        return (self.folder / f"{name}.log").read_text()

    async def is_heard(self, workers: int = 1) -> None:
        """Wait until so many workers listen to wake-ups; asked again and again, they are other processes."""
        async with asyncio.timeout(STARTS_WITHIN), aioredis.from_url(self.redis.url) as redis:
            heard = 0
            while heard < workers:
                heard = len(await redis.xinfo_groups(STREAM)) if await redis.exists(STREAM) else 0
                await asyncio.sleep(0.05)

    def _has_said(self, program: Program, event: str) -> bool:
        """Whether this start of it has written that."""
        lines = [json.loads(line) for line in self.said(program.name).splitlines() if line.startswith("{")]
        return any(line.get("pid") == program.process.pid and line["event"] == event for line in lines)

    async def _runs(self, program: Program) -> None:
        """Wait until its log book says that it runs; read again and again, it is another process's."""
        async with asyncio.timeout(STARTS_WITHIN):
            while not self._has_said(program, "started"):
                if program.process.returncode is not None:
                    raise RuntimeError(f"{program.name} did not start: {self.said(program.name)[-2000:]}")
                await asyncio.sleep(0.02)
