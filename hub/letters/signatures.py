"""Tells what a telephone, a program or a company signs from what a family has written above it."""

import re
from collections.abc import Sequence
from typing import Final

from hub.letters.patterns import LIST_FOOTER, SENT_FROM, SMALL_PRINT

RULE: Final = re.compile(r"^(?=.*?[-_=*–—~]{3})[\W_]*+$")
"""A line of dashes, stars or the like."""
_DASHES: Final = re.compile(r"^--\s?$")
_PARAGRAPH_MOST: Final = 30


def has_words(lines: Sequence[str]) -> bool:
    """Tell whether anybody wrote anything: a telephone's line and a row of dashes are no words."""
    return any(
        line.strip() and not (SENT_FROM.match(line[:160]) or RULE.match(line) or _DASHES.match(line)) for line in lines
    )


def without_signature(lines: Sequence[str]) -> str:
    """Leave out what is signed by `--`, and what a telephone or a server wrote under it all."""
    dashes = next((place for place, line in enumerate(lines) if _DASHES.match(line)), 0)
    kept = list(lines[:dashes] if has_words(lines[:dashes]) else lines)
    while kept:
        start = len(kept) - 1
        while start > max(0, len(kept) - _PARAGRAPH_MOST) and kept[start].strip() and kept[start - 1].strip():
            start -= 1
        paragraph = " ".join(kept[start:])[:1200]
        if _is_signed_by_a_program(kept[-1].strip()):
            kept.pop()
        elif start > 0 and (SMALL_PRINT.match(paragraph) or LIST_FOOTER.match(paragraph)):
            del kept[start:]
        else:
            break
    return re.sub(r"\n{3,}", "\n\n", "\n".join(kept)).strip()


def _is_signed_by_a_program(line: str) -> bool:
    if not line or RULE.match(line) or _DASHES.match(line):
        return True
    without_links = re.sub(r"<?https?://\S+>?|\[\S{0,200}\]", "", line[:2000])[:160].strip()
    return len(without_links) < 110 and SENT_FROM.match(without_links) is not None
