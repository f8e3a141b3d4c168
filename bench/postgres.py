"""A real PostgreSQL of its own for a run: made, started and thrown away by it, from Debian's packages."""

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


def _bin(name: str) -> str:
    found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    return str(found[-1]) if found else shutil.which(name) or name


def free_port() -> int:
    """Give a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Cluster:
    """A running cluster; `superuser` is the address of its superuser, `postgresql://postgres@127.0.0.1:port`."""

    def __init__(self, folder: Path, *, durable: bool = False) -> None:
        self.port, self._data, self._log = free_port(), folder / "data", folder / "log"
        self._as_user = []
        if os.geteuid() == 0:  # PostgreSQL refuses to run as root
            shutil.chown(folder, "postgres")
            self._as_user = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", "--"]
        self._options = (
            f"-c port={self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder} "
            "-c max_connections=90"
        )
        if not durable:  # it outlives a killed program; no power cut is tried
            self._options += " -c fsync=off -c full_page_writes=off"
        locale = ["-E", "UTF8", "--locale=C.UTF-8"]
        _run([*self._as_user, _bin("initdb"), "-D", str(self._data), "-U", "postgres", "-A", "trust", *locale])

    @property
    def superuser(self) -> str:
        """The address of its superuser, without a database."""
        return f"postgresql://postgres@127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start, and wait until it answers."""
        self._control("-l", str(self._log), "-o", self._options, "-w", "start")

    def restart(self) -> None:
        """Stop as if its power were cut, and come back."""
        self._control("-m", "immediate", "-l", str(self._log), "-o", self._options, "-w", "restart")

    def stop(self) -> None:
        """Stop at once."""
        with suppress(RuntimeError):
            self._control("-m", "immediate", "stop")

    def _control(self, *words: str) -> None:
        _run([*self._as_user, _bin("pg_ctl"), "-D", str(self._data), *words])


@contextmanager
def cluster(*, durable: bool = False) -> Iterator[Cluster]:
    """Run a cluster; `durable`: as one that keeps what it says through a power cut."""
    folder = Path(tempfile.mkdtemp(prefix="passerelle-pg-"))
    made: Cluster | None = None
    try:
        made = Cluster(folder, durable=durable)
        made.start()
        yield made
    finally:
        if made is not None:
            made.stop()
        shutil.rmtree(folder, ignore_errors=True)


def _run(command: list[str]) -> None:
    with tempfile.TemporaryFile() as said:  # a file: a server would hold a pipe open behind pg_ctl
        env = {**os.environ, "LC_ALL": "C"}
        done = subprocess.run(command, check=False, stdout=said, stderr=said, cwd="/", env=env)
        said.seek(0)
        if done.returncode:
            raise RuntimeError(f"{command[-1]}: {said.read().decode(errors='replace')}")
