"""Cuts what a family has just written from the notice that its mail program quoted.

The rule: never less than was written; one quoted line too many is the lesser evil. So a line is taken out only where
something shows that a program put it there: a `>` before it, our own address or a date in the line above it, a block
of mail headers, or the mark of our own notice.
"""

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Final

from hub.letters.patterns import ANSWERED_WITHIN, FORWARD, LABELS, MESSAGE, OPENING, PROCESSED_BY, SAID
from hub.letters.signatures import RULE, has_words, without_signature

CUT: Final = "\ue000"
"""A line with this sign alone: below it all is quoted (an HTML mail said so)."""

# No pattern here may cost the square of a line: while it looks, the whole process stands still.
_UNSEEN: Final = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff\u00ad\u1427]"
)
_SPACES: Final = re.compile("[\u00a0\u2007\u202f]")
_MARKER: Final = re.compile(r"^[^\w#]{0,20}##.{1,200}##\W{0,20}$")
_QUOTED: Final = re.compile(r"^\s{0,3}(?:>|&gt;|＞)")
_BARRED: Final = re.compile(r"^\s{0,2}\|(?!.*\|)")
_FEVER: Final = re.compile(
    r"^\s{0,3}>\s*\d+(?:[.,]\d+)?\s*(?:°|%|€|\$|h\b|ans|an\b|jours?|min|kg|cm|am|pm)", re.IGNORECASE
)
_DATE: Final = re.compile(r"(?<!\d)(?:\d{4}(?!\d)|\d{1,2}[./-]\d{1,2}[./-]\d{2,4}|\d{4}[-./年]\d{1,2})")
_TIME: Final = re.compile(
    r"(?<!\d)\d{1,2}\s?[:.hHu：]\s?\d{2}(?!\d)|\d{1,2}\s?[時时点시](?!\w{3})|\b\d{1,2}\s?[AaPp]\.?[Mm]\b"
)
_ADDRESS: Final = re.compile(r"[<(\[«\"]\s*(?:mailto:)?[^\s@<>]{1,80}@[^\s@<>]{1,120}")
_COLON: Final = re.compile(r"(?:[:：—]|--)\W{0,40}$")
_SENTENCE_END: Final = re.compile(r"[.!?…؟。！？]\W{0,40}$")
_DIVIDER: Final = re.compile(
    r"^[^\w=*–—-]{0,10}[-_=*–—]{2,}+\s*+([^\s_=*–—-].{0,58}?\S)\s*+[-_=*–—]{2,}+\W*+$|^\W{0,3}\[(.{4,60})\]\W{0,10}$"
)
_ANY_LABEL: Final = re.compile(r"^[\s>*_|]*[^\W\d_][^:：\d@]{0,28}[:：]")
_LABEL: Final = re.compile(
    r"^[\s>*_|]*(?:" + "|".join(f"(?P<{kind}>{words})" for kind, words in LABELS.items()) + r")[\s*_]{0,4}[:：]",
    re.IGNORECASE,
)
_ARMOUR: Final = re.compile(r"^-{5}BEGIN PGP SIGNED MESSAGE-{5}\n(?:[A-Za-z-]+: .*\n)*\n?", re.MULTILINE)
_ARMOUR_END: Final = re.compile(r"^-{5}BEGIN PGP SIGNATURE-{5}", re.MULTILINE)
_LINE_LOOKED_AT: Final = 1000
"""Signs of a line that the rules look at; nobody's mail program writes longer ones."""
_LINES_READ: Final = 4000
"""Lines in which a quotation is looked for; where there is none, the others are kept as they are."""
_HEADINGS_MOST: Final = 100
"""Lines that are looked at closely, because they may say who is quoted; a mail with more is made to hold us up."""


def new_words(text: str, own: Sequence[str]) -> str:
    """Keep what was written above, between or below the quoted lines; all of it where that leaves nothing.

    `own` are addresses or domains of ours in lower case: the line over a quotation names whom it quotes, in every
    language. Empty when a program's lines are all there is.
    """
    lines = [line.rstrip() for line in _plain(text).split("\n")]
    lines, unread = lines[:_LINES_READ], lines[_LINES_READ:]
    kept, was_attributed = _written(lines, own)
    if unread and kept[-1:] == lines[-1:]:
        return "\n".join(_unmarked([*kept, *unread])).strip()
    said = without_signature(kept)
    if said:
        return said
    if not has_words(kept) and (was_attributed or any(map(str.strip, kept)) or _is_quotation(lines, own)):
        return ""
    return "\n".join(_unmarked(lines)).strip()


def _unmarked(lines: Sequence[str]) -> list[str]:
    return [line for line in lines if line != CUT]


def _is_quotation(lines: Sequence[str], own: Sequence[str]) -> bool:
    """Tell a quotation from what a family has put a `>` before: a quoted line says who was quoted."""
    first = next((line.lstrip("> ") for line in lines if line.strip("> ")), "")[:_LINE_LOOKED_AT]
    return _says_who(first, own, follows=True) and _ends_with_colon(first)


def _plain(text: str) -> str:
    """Write every end of line as one, without signs that show nothing; a signed text without its armour."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\u2028", "\n").replace("\x0c", "\n")
    text = _SPACES.sub(" ", _UNSEEN.sub("", text))
    signed = _ARMOUR.search(text)
    if signed:
        end = _ARMOUR_END.search(text, signed.end())
        inside = text[signed.end() : end.start() if end else len(text)]
        text = text[: signed.start()] + re.sub(r"^- ", "", inside, flags=re.MULTILINE)
    return text


def _written(lines: list[str], own: Sequence[str]) -> tuple[list[str], bool]:
    """Take the quoted lines out; say also whether a line said who was quoted."""
    kept: list[str] = []
    attributed = False
    place = looked_at = 0
    while place < len(lines):
        line = lines[place][:_LINE_LOOKED_AT]
        if _is_quoted(lines, place):
            _drop_blank(kept)
        elif _below_is_old(lines, place, own):
            _drop_heading(kept)
            if has_words(kept):
                within = _says_answers_are_within(kept) and not FORWARD.search(line)
                return (_unmarked(lines) if within else kept), attributed
            kept.extend(_unmarked(lines[place:]))
            return kept, attributed
        else:
            kept.append(lines[place])
            may_head = bool(line.strip()) and _may_say_who(kept, lines, place)
            looked_at += may_head
            heading = _attribution(kept, lines, place, own) if may_head and looked_at <= _HEADINGS_MOST else 0
            if heading:
                attributed = attributed or _quote_follows(lines, place)
                before = kept[:-heading] + _glued(" ".join(kept[-heading:]))
                if _quote_follows(lines, place):
                    kept = before
                elif has_words(before):
                    return (_unmarked(lines) if _says_answers_are_within(before) else before), attributed
        place += 1
    return kept, attributed


def _below_is_old(lines: list[str], place: int, own: Sequence[str]) -> bool:
    """Tell the first line of an old mail that stands there as it was, without a sign before its lines."""
    line = lines[place][:_LINE_LOOKED_AT]
    if line == CUT or _MARKER.match(line) or PROCESSED_BY.match(line):
        return True
    divider = _DIVIDER.match(line)
    if divider:
        name = divider[1] or divider[2]
        return bool(MESSAGE.search(name) and (divider[1] or FORWARD.search(name) or "rigin" in name))
    return _is_header_block(lines, place, own) or _is_note_heading(lines, place, own)


def _is_header_block(lines: list[str], place: int, own: Sequence[str]) -> bool:
    """Tell the block of De:, Envoyé:, À:, Objet: that Outlook writes, in whatever language."""
    first = lines[place][:_LINE_LOOKED_AT]
    if not (":" in first or "：" in first) or not (_LABEL.match(first) or _ANY_LABEL.match(first)):
        return False
    block = list(_block(lines, place))
    text = "\n".join(block)
    dated, named = bool(_DATE.search(text) or _TIME.search(text)), "@" in text
    kinds = {found.lastgroup for found in map(_LABEL.match, block) if found}
    if _LABEL.match(first) and kinds & {"from", "sent"}:
        if len(kinds) >= 3:
            return dated or named
        if len(kinds) == 2 and "sent" in kinds:
            return dated and named
    ours = any(address in text.lower() for address in own)
    return len(block) >= 3 and ours and bool(_DATE.search(text)) and sum(map(bool, map(_ANY_LABEL.match, block))) >= 3


def _block(lines: list[str], place: int) -> Iterator[str]:
    """Give the lines of a block that have a label; an address that was wrapped, or one empty line, may lie between."""
    others = 0
    for line in lines[place : place + 16]:
        if _ANY_LABEL.match(line[:_LINE_LOOKED_AT]):
            others = 0
            yield line[:_LINE_LOOKED_AT]
        else:
            others += 1
            if others > 1 and not (others == 2 and "@" in line):
                return


def _is_note_heading(lines: list[str], place: int, own: Sequence[str]) -> bool:
    """Tell how Lotus Notes begins: a line that names us, then one with a date and nothing else."""
    below = lines[place + 1][:80].strip() if place + 1 < len(lines) else ""
    line = lines[place][:_LINE_LOOKED_AT].lower()
    return (
        bool(_DATE.search(below) and _TIME.search(below))
        and len(re.sub(r"[\d\W]", "", below)) < 16
        and any(address in line for address in own)
        and bool(_ADDRESS.search(line))
    )


def _may_say_who(kept: list[str], lines: list[str], place: int) -> bool:
    """Tell a line that may say who is quoted; it costs little, and most lines go no further."""
    return (
        any("@" in line[:_LINE_LOOKED_AT] for line in kept[-4:])
        or _ends_with_colon(kept[-1][:_LINE_LOOKED_AT])
        or _quote_follows(lines, place)
    )


def _ends_with_colon(words: str) -> bool:
    return _COLON.search(words[-60:]) is not None


def _attribution(kept: list[str], lines: list[str], place: int, own: Sequence[str]) -> int:
    """Count the lines just kept that say who is quoted (« Le …, École <…> a écrit : »), 0 for none; four at most."""
    follows = _quote_follows(lines, place)
    words = kept[-1][:_LINE_LOOKED_AT].strip()
    ours = any(address in words.lower() for address in own)
    if not (follows or ours or _ends_with_colon(words) or SAID.search(words)):
        return 0
    count = 1
    while count < 4 and _was_wrapped(kept, count, words):
        count += 1
        words = f"{kept[-count][:_LINE_LOOKED_AT].strip()} {words}"
    return count if _says_who(words, own, follows=follows) else 0


def _was_wrapped(kept: list[str], count: int, words: str) -> bool:
    """Tell whether the line above belongs to the same attribution: it was full, or holds what is still missing."""
    if len(kept) <= count or not kept[-count - 1].strip():
        return False
    above, first = kept[-count - 1][:_LINE_LOOKED_AT].strip(), words.split(maxsplit=1)[0]
    if not _ADDRESS.search(words) and _ADDRESS.search(above) and (SAID.search(above) or not _DATE.search(words)):
        return True
    if OPENING.match(words) or (_SENTENCE_END.search(above[-60:]) and not _DATE.search(above)):
        return False
    if above.endswith("<") or (first.startswith("<") and "@" in first and not _DATE.search(words)):
        return True
    return len(above) + len(first) >= 66 or bool(
        OPENING.match(above) or (_DATE.search(above) and not _DATE.search(words) and not _ends_with_colon(above))
    )


def _says_who(words: str, own: Sequence[str], *, follows: bool) -> bool:
    """Judge one attribution, written on one line. `follows`: quoted lines come next."""
    words = words[-600:]
    date, time = bool(_DATE.search(words)), bool(_TIME.search(words))
    ours = any(address in words.lower() for address in own)
    named, said = ours or bool(_ADDRESS.search(words)), bool(SAID.search(words))
    opens = OPENING.match(words.lstrip(" -*_")) is not None or re.match(r"\d{4}[./-]", words) is not None
    if not _ends_with_colon(words):
        return (follows and named and (date or said)) or (named and date and said and opens)
    if follows:
        return named or said or (date and time)
    return (
        (named and (date or time) and (said or opens or _ADDRESS.search(words) is not None))
        or (ours and said)
        or (said and date and time and opens)
    )


def _glued(words: str) -> list[str]:
    """Give back what the family wrote on the same line, before « Le 1 sept. 2026 à 18:02, … »."""
    if len(words) > 4 * _LINE_LOOKED_AT:
        return [words]
    if _LABEL.match(words):
        return []
    starts = [found.start() for found in OPENING.finditer(words) if _TIME.search(words, found.end())]
    alone = [start for before, start in pairwise([-99, *starts]) if start - before > 40]
    head = words[: alone[-1]].rstrip(" -–—>") if alone else ""
    return [head] if re.search(r"\w{2}", head) and not (_ADDRESS.search(head) or SAID.search(head)) else []


def _is_quoted(lines: list[str], place: int) -> bool:
    line = lines[place]
    if line.startswith(">From ") or _FEVER.match(line):
        beside = [lines[near] for near in (place - 1, place + 1) if 0 <= near < len(lines)]
        return any(map(_QUOTED.match, beside))
    if _BARRED.match(line):
        return any(_BARRED.match(lines[near]) for near in (place - 1, place + 1) if 0 <= near < len(lines))
    return _QUOTED.match(line) is not None


def _quote_follows(lines: list[str], place: int) -> bool:
    for below in range(place + 1, min(place + 5, len(lines))):
        if lines[below].strip():
            return lines[below] == CUT or _is_quoted(lines, below)
    return False


def _drop_blank(kept: list[str]) -> None:
    """Leave one empty line where a quotation stood between two, and none before it where it came first."""
    while len(kept) > 1 and not kept[-1].strip() and not kept[-2].strip():
        kept.pop()


def _drop_heading(kept: list[str]) -> None:
    """Take away what stood just over the old mail: a line of dashes, « École a écrit », « Message transféré : »."""
    if kept and len(kept[-1]) < 90 and SAID.search(kept[-1][-20:]) and not _SENTENCE_END.search(kept[-1]):
        kept.pop()
    while kept:
        line = kept[-1][:_LINE_LOOKED_AT]
        heads = len(line) < 70 and _COLON.search(line) and MESSAGE.search(line) and FORWARD.search(line)
        if line.strip() and not RULE.match(line) and not heads:
            return
        kept.pop()


def _says_answers_are_within(lines: Sequence[str]) -> bool:
    return ANSWERED_WITHIN.search("\n".join(lines)[:400]) is not None
