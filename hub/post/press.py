"""The press: a page of HTML becomes a PDF, in a process of its own, one at a time, which holds nobody else up.

Run as a program it reads HTML from stdin and writes the PDF to stdout; only then is WeasyPrint loaded.
"""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

from hub.errors import PasserelleError
from hub.programs import begin, end

PATIENCE = 120.0
"""Seconds that a batch may take; on two cores, 300 letters took 34."""
TRIAL = 15.0
"""Seconds that one small page may take: the first time, the fonts of the machine are looked through."""
PIECE = 64 * 1024
NO_PANGO = 3
"""With this the program ends where the machine lacks what draws letters."""
MISSING = (
    "Cette machine ne peut pas imprimer de lettres : il lui manque Pango. Sur Debian : "
    "apt-get install libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 fonts-noto-core."
)
_one_at_a_time = asyncio.Semaphore(1)


class NoPressError(PasserelleError):
    """No PDF came: the machine lacks what draws it, or it took too long."""


async def pressed(html: str, *, patience: float = PATIENCE) -> AsyncIterator[bytes]:
    """Give the PDF of a page, piece by piece; its first piece comes once it is whole. Raises NoPressError.

    Where whoever asked goes away, the program is ended.
    """
    async with _one_at_a_time:
        running = await begin(str(Path(__file__).resolve()))
        try:
            async with asyncio.timeout(patience):
                feeding = asyncio.create_task(_feed(running, html.encode()))
                first = await _out(running).read(PIECE)
                await feeding
                if not first and await running.wait():
                    raise NoPressError(MISSING if running.returncode == NO_PANGO else "La mise en page a échoué.")
            yield first
            while piece := await _out(running).read(PIECE):
                yield piece
        except TimeoutError as error:
            raise NoPressError("La mise en page a pris trop de temps : imprimez par classe.") from error
        finally:
            await end(running)


async def may_print() -> str | None:
    """Try one small page; gives the sentence that says why it cannot be printed, or nothing."""
    try:
        async for _ in pressed("<!doctype html><html lang='fr'><title>Essai</title><p>Essai", patience=TRIAL):
            pass
    except NoPressError as error:
        return str(error)
    return None


def _out(running: asyncio.subprocess.Process) -> asyncio.StreamReader:
    if running.stdout is None:
        raise NoPressError("La mise en page n’a pas commencé.")
    return running.stdout


async def _feed(running: asyncio.subprocess.Process, html: bytes) -> None:
    if running.stdin is None:
        return
    with suppress(BrokenPipeError, ConnectionResetError):
        running.stdin.write(html)
        await running.stdin.drain()
        running.stdin.close()


def _main() -> int:
    try:
        from weasyprint import HTML  # noqa: PLC0415 (half a second, and a library of the machine: here alone)
        from weasyprint.urls import URLFetcher  # noqa: PLC0415 (the same)
    except OSError:
        return NO_PANGO
    page = HTML(string=sys.stdin.buffer.read().decode(), url_fetcher=URLFetcher(allowed_protocols=["data"]))
    page.write_pdf(sys.stdout.buffer, pdf_variant="pdf/ua-1")
    return 0


if __name__ == "__main__":
    sys.exit(_main())
