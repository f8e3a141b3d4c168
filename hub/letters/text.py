"""Finds in a mail what a person wrote: which of its parts, plain or in HTML, and where the quotation begins."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from email.message import Message
from typing import Final

from hub.letters.markup import text_of_html
from hub.letters.new_words import CUT, new_words
from hub.letters.parts import disposition, file_name, inner_parts, parts_of, text_of

_DEEPEST: Final = 30
_IS_HTML: Final = re.compile(r"\s*<(?:!doctype html|html|head|body|div|p|meta)\b", re.IGNORECASE)
_STUB: Final = re.compile(r"\bhtml\b|multi-?part message|mime format|format mime", re.IGNORECASE)
_FOR_PROGRAMS: Final = re.compile(
    r"mime|multi-?part|openpgp|cryptograph|mail (?:reader|client|software)", re.IGNORECASE
)
_STUB_MOST: Final = 300
"""Signs of a plain part that only says: read the other one."""


@dataclass(frozen=True, slots=True)
class _Said:
    """One text, as its program wrote it: plain, in HTML, or twice."""

    plain: str = ""
    html: str = ""

    def text(self) -> str:
        if self.plain.strip() and not (self.html and len(self.plain) < _STUB_MOST and _STUB.search(self.plain)):
            return self.plain
        return text_of_html(self.html) or self.plain if self.html else self.plain


def written_in(mail: Message, own: Sequence[str]) -> str:
    """Give only what was newly written. An HTML text that marks its quotation corrects a plain one that does not."""
    texts = _texts(mail, 0) or [_named_text(mail)]
    said = new_words("\n".join(text.text() for text in texts), own)
    if len(texts) != 1 or not texts[0].html:
        return said
    if not texts[0].plain.strip():
        lines = said.split("\n")
        return "\n".join(line[2:] for line in lines) if all(line.startswith("> ") for line in lines) else said
    shown = text_of_html(texts[0].html)
    if CUT not in shown and "\n> " not in shown:
        return said
    marked = new_words(shown, own)
    return marked if 0 < len(_bare(marked)) < len(_bare(said)) and _bare(said).startswith(_bare(marked)) else said


def _texts(part: Message, depth: int) -> list[_Said]:
    """List the texts of a part, in order; of alternatives, each is one text."""
    inner = inner_parts(part)
    if inner and depth < _DEEPEST:
        if part.get_content_type() == "multipart/alternative":
            found = [text for one in inner for text in _texts(one, depth + 1)]
            both = _Said(_joined(text.plain for text in found), _joined(text.html for text in found))
            return [both] if found else []
        shown = inner[:1] if part.get_content_type() in ("multipart/signed", "multipart/report") else inner
        return [text for one in shown for text in _texts(one, depth + 1)]
    kind = part.get_content_type()
    if kind not in ("text/plain", "text/html") or disposition(part) == "attachment" or file_name(part):
        return []
    text = text_of(part)
    return [_Said(html=text) if kind == "text/html" or _IS_HTML.match(text) else _Said(plain=text)]


def _named_text(mail: Message) -> _Said:
    """Take a text that bears a file's name when there is no other: some telephones send theirs so.

    Else what stands before the parts, which some programs take for one.
    """
    for part in parts_of(mail):
        if part.get_content_type() == "text/plain" and disposition(part) != "attachment":
            return _Said(plain=text_of(part))
    preamble = mail.preamble if isinstance(mail.preamble, str) else ""
    return _Said(plain="\n".join(line for line in preamble.split("\n") if not _FOR_PROGRAMS.search(line)))


def _joined(texts: Iterable[str]) -> str:
    return "\n".join(text for text in texts if text.strip())


def _bare(text: str) -> str:
    return re.sub(r"\W+", "", text)
