"""Cuts what a family has just written from the notice that its mail program quoted below."""

import re
from html.parser import HTMLParser
from typing import Final

_MARKER: Final = re.compile(r"^\W*##.*##\W*$")
_BIDI: Final = re.compile("[\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_SIGNATURE: Final = re.compile(
    r"^(--\s?|_{8,}|-{5,}.*-{5,}"
    r"|(envoyé|sent|enviado|inviato|gesendet|von meinem|gönder|wysłan|отправлено|надіслано|trimis|verzonden|gửi từ"
    r"|télécharge[rz] outlook|get outlook|obtenir outlook|obtener outlook|outlook für|أرسل|发自|發自).{0,60})$",
    re.IGNORECASE,
)
_FROM_LABEL: Final = re.compile(
    r"^\W*(de|from|von|da|van|od|от|від|من|发件人|寄件者|kimden|gönderen|från|de la|từ)\W{0,4}[:：]", re.IGNORECASE
)
_ANY_LABEL: Final = re.compile(r"^\W*[^\W\d][^:：]{0,24}[:：]")
_SENTENCE_END: Final = (".", "!", "?", "…", "؟", "。")


def new_words(text: str, own: list[str]) -> str:
    """Keep what was written above, or between, the quoted lines; all of it when nothing is left.

    `own` are addresses or domains of ours in lower case: the line over a quotation names whom it quotes, in every
    language. A line that names us in the first paragraph with nothing above it is what the family wrote.
    """
    whole = text.replace("\r\n", "\n").replace("\u00a0", " ")
    lines = [_BIDI.sub("", line).rstrip() for line in whole.split("\n")]
    kept = _without_signature(_without_quotation(lines[: _end_of_new(lines, own)]))
    return "\n".join(kept).strip() or whole.strip()


def _end_of_new(lines: list[str], own: list[str]) -> int:
    """Find the first line of the old mail: our marker, a block of mail headers, or the line that names us."""
    for place, line in enumerate(lines):
        if _MARKER.match(line) or _is_header_block(lines, place):
            return place
        if not line.startswith(">") and any(ours in line.lower() for ours in own):
            start = _start_of_paragraph(lines, place)
            if any(above.strip() for above in lines[:start]):
                return start
    return len(lines)


def _start_of_paragraph(lines: list[str], place: int) -> int:
    """Go up over an attribution that was wrapped: two lines at most, and not past the end of a sentence."""
    start = place
    while start > 0 and place - start < 2 and lines[start - 1].strip():
        if lines[start - 1].endswith(_SENTENCE_END):
            break
        start -= 1
    return start


def _is_header_block(lines: list[str], place: int) -> bool:
    """Tell the block of De:, Envoyé:, À:, Objet: that Outlook writes, in whatever language."""
    block = lines[place : place + 3]
    return len(block) == 3 and _FROM_LABEL.match(block[0]) is not None and all(map(_ANY_LABEL.match, block))


def _without_quotation(lines: list[str]) -> list[str]:
    """Drop quoted lines; if all below is quoted, also the line above that says who is quoted."""
    first = next((place for place, line in enumerate(lines) if line.startswith(">")), None)
    if first is None:
        return lines
    if any(line.strip() and not line.startswith(">") for line in lines[first:]):
        return [line for line in lines if not line.startswith(">")]
    above = lines[:first]
    while above and not above[-1].strip():
        above.pop()
    if above and above[-1].endswith((":", "：")):
        while above and above[-1].strip():
            above.pop()
    return above


def _without_signature(lines: list[str]) -> list[str]:
    for place, line in enumerate(lines):
        if place and _SIGNATURE.match(line):
            return lines[:place]
    return lines


def words_of_html(html: str) -> str:
    """Read an HTML mail as text, without what it quotes; never raises."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    return re.sub(r"\n{3,}", "\n\n", "".join(reader.words)).strip()


class _Reader(HTMLParser):
    """Gathers text; skips head, scripts and quotations."""

    _UNREAD: Final = frozenset({"head", "script", "style", "title", "blockquote"})
    _BREAKS: Final = frozenset({"br", "p", "div", "tr", "li", "h1", "h2", "h3", "hr"})

    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []
        self._unread: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002 (inherited)
        if tag in self._UNREAD:
            self._unread.append(tag)
        elif tag in self._BREAKS:
            self.words.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in self._unread:
            while self._unread.pop() != tag:
                pass

    def handle_data(self, data: str) -> None:
        if not self._unread:
            self.words.append(" ".join(data.split()) if "\n" in data else data)
