"""What a browser asks for when it opens a page for the first time, and what that weighs."""

import re

import httpx

MOST_REQUESTS, MOST_BYTES = 8, 120_000
"""The goals: a page opens over a poor line at the school gate."""
_PART = re.compile(r'<(?:link|script|img|use)\b[^>]*?\b(?:href|src)="(/[^"#]+)')
_STREAM = re.compile(r'hx-sse:connect="([^"]+)"')


async def first_load(web: httpx.AsyncClient, path: str) -> dict[str, int]:
    """Ask for a page and all that it names: bytes of each answer, heads included, as they come over the line.

    A stream is a request of its own, and has no end to weigh.
    """
    page = await web.get(path)
    parts = {path: _bytes(page)}
    for part in dict.fromkeys(_PART.findall(page.text)):
        parts[part] = _bytes(await web.get(part))
    return parts | dict.fromkeys(_STREAM.findall(page.text), 0)


def _bytes(answer: httpx.Response) -> int:
    head = sum(len(name) + len(value) + 4 for name, value in answer.headers.raw)
    return head + answer.num_bytes_downloaded
