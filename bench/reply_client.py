"""The two ends outside the hub: a provider that posts families' texts at an even pace, and a page that stays open.

Reads one line of JSON on its standard input (`bench.replies` writes it) and prints the delays, in milliseconds, from
the beginning of each post to the first piece of the page that shows its words; missing ones are null.
"""

import asyncio
import json
import re
import sys
import time
from contextlib import suppress
from typing import Any
from urllib.parse import urlencode

import aiohttp
from twilio.request_validator import RequestValidator

WORDS = re.compile(rb"mesure (\d{6})")
WARM = 30
"""Texts posted first, one after the other, that are not counted: the first ones compile statements and templates."""
GRACE = 10.0
"""Seconds that the last replies have to show."""


async def measure(asked: dict[str, Any]) -> list[float | None]:
    """Post `number` texts, `per_second`, and watch for each."""
    begun: dict[int, float] = {}
    seen: dict[int, float] = {}
    validator = RequestValidator(asked["secret"])
    async with aiohttp.ClientSession(cookies={}, timeout=aiohttp.ClientTimeout(total=None)) as web:
        open_page = await web.get(asked["page"], headers={"Cookie": asked["cookie"], "Accept": "text/event-stream"})
        open_page.raise_for_status()
        watching = asyncio.create_task(_watch(open_page, seen, asked["number"]))
        for number in range(WARM):
            await _post(web, validator, asked, number, words="bonjour", sid="SA")
        posts = []
        start = time.perf_counter() + 0.5
        for number in range(asked["number"]):
            await asyncio.sleep(max(0.0, start + number / asked["per_second"] - time.perf_counter()))
            begun[number] = time.perf_counter()
            posts.append(asyncio.create_task(_post(web, validator, asked, number)))
        await asyncio.gather(*posts)
        with suppress(TimeoutError):
            await asyncio.wait_for(watching, GRACE)
        open_page.close()
    return [(seen[n] - begun[n]) * 1000 if n in seen else None for n in begun]


async def _post(
    web: aiohttp.ClientSession,
    validator: RequestValidator,
    asked: dict[str, Any],
    number: int,
    *,
    words: str = "mesure",
    sid: str = "SM",
) -> None:
    form = {
        "MessageSid": f"{sid}{number:032x}",
        "AccountSid": asked["account"],
        "From": asked["numbers"][number % len(asked["numbers"])],
        "To": asked["to"],
        "Body": f"{words} {number:06d}",
        "NumMedia": "0",
    }
    signature = validator.compute_signature(asked["webhook"], form)
    headers = {"X-Twilio-Signature": signature, "Content-Type": "application/x-www-form-urlencoded"}
    async with web.post(asked["webhook"], data=urlencode(form), headers=headers) as answer:
        if answer.status != 200:
            raise RuntimeError(f"the hub answered {answer.status}")


async def _watch(page: aiohttp.ClientResponse, seen: dict[int, float], number: int) -> None:
    """Note when each text is first seen, until all are."""
    rest = b""
    async for chunk in page.content.iter_any():
        at, rest = time.perf_counter(), rest[-16:] + chunk
        for found in WORDS.finditer(rest):
            seen.setdefault(int(found[1]), at)
        if len(seen) == number:
            return


if __name__ == "__main__":
    print(json.dumps(asyncio.run(measure(json.loads(sys.stdin.readline())))))
