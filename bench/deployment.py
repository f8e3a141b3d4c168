"""A whole deployment to try, from Debian's packages: what `docker-compose.yml` starts, on this machine."""

import asyncio
import signal
import sys
import tempfile
from pathlib import Path

from bench.distributed import made
from bench.postgres import cluster, free_port
from bench.town import Town

PROGRAMS = ("serve1", "serve2", "worker1", "worker2", "clock", "mail")


async def run() -> None:
    """Start everything in a folder of its own, say where it is, and wait; what it kept goes with it."""
    stopped = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, stopped.set)
    with tempfile.TemporaryDirectory(prefix="passerelle-town-") as folder, cluster(durable=True) as server:
        url = await made(server, "passerelle")
        doors = {name: f"127.0.0.1:{free_port()}" for name in ("serve1", "serve2")}
        town = Town(Path(folder), server, url, {})
        proxy = town.open_proxy(*doors.values())
        town.add(PUBLIC_URL=proxy)
        async with town:
            slot = f"127.0.0.1:{free_port()}"
            given = {**{name: {"LISTEN": door} for name, door in doors.items()}, "mail": {"MAIL_LISTEN": slot}}
            await asyncio.gather(*(town.start(name, **given.get(name, {})) for name in PROGRAMS))
            for key, value in town.settings.items():
                print(f"export PASSERELLE_{key}='{value}'")
            print(f"# {', '.join(PROGRAMS)} run; the pages are at {proxy}, mail comes in at {slot}", flush=True)
            print("# with these settings: passerelle school add, staff add, sender add; Ctrl-C ends all", flush=True)
            await stopped.wait()
            await town.stop_all()


if __name__ == "__main__":
    sys.exit(asyncio.run(run()))
