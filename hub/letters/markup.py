"""Reads an HTML mail as text: quotations get a `>` before each line, as in a plain mail; nothing is dropped."""

import re
from collections import Counter
from html import unescape
from html.parser import HTMLParser
from typing import Final

from hub.letters.new_words import CUT

_HTML_MOST: Final = 500_000
"""Signs of an HTML part that are read, without pictures written into it; nobody writes more by hand."""
_PICTURES: Final = re.compile(r"data:[\w/+.;=-]{1,80},[A-Za-z0-9+/=%\s]+")
_TAGS: Final = re.compile(r"<[^<>]*>")
_UNREAD: Final = re.compile(r"<(style|script|head)\b.*?</\1>", re.DOTALL | re.IGNORECASE)
_BROKEN_MOST: Final = 10_000
"""Signs read of a part that is no HTML after all."""

_VOID: Final = frozenset({"br", "img", "hr", "meta", "link", "input", "col"})
_HIDDEN: Final = frozenset({"head", "script", "style", "title", "template"})
_BREAKS: Final = frozenset(
    {"p", "div", "tr", "li", "ul", "ol", "table", "hr", "pre", "blockquote", "body", "section", "article", "address"}
    | {f"h{size}" for size in range(1, 7)}
)
_QUOTES: Final = frozenset(
    {"yahoo_quoted", "protonmail_quote", "tutanota_quote", "olk_src_body_section", "isreplycontent", "zmail_extra"}
    | {"mail-editor-reference-message-container", "ms-outlook-mobile-reference-message", "moz-forward-container"}
    | {"gmail_quote_attribution", "bluemail-quote", "sh-quoted-content", "history_container"}
)
"""Classes and ids of a box that holds only the old mail."""
_CUTS: Final = frozenset({"appendonsend", "divrplyfwdmsg", "stopspelling", "zwchr", "replysplit", "isforwardcontent"})
"""Ids of what stands between the new mail and the old one."""
_SIGNATURES: Final = frozenset({"gmail_signature", "gmail_signature_prefix", "moz-signature"})
_PREFIX: Final = re.compile(r"^(?:x_|ydp[0-9a-f]{6,12}(?:yiv\d{1,12})?|yiv\d{1,12})")
"""What Outlook and Yahoo write before the names that others gave."""
_OUTLOOK_RULE: Final = re.compile(r"border-top:\s?solid\s?#(?:e1e1e1|b5c4df)", re.IGNORECASE)
_NO_MARGIN: Final = re.compile(r"margin(?:-bottom)?:\s?0", re.IGNORECASE)
_INDENTED: Final = re.compile(r"border(?:-left)?:\s?(?:none|0|medium none)", re.IGNORECASE)
"""A box that a person has moved to the right, which quotes nothing."""
_UNSHOWN: Final = re.compile(r"display:\s?none|mso-hide:\s?all", re.IGNORECASE)


def text_of_html(html: str) -> str:
    """Read an HTML mail as text; never raises.

    A quoted line begins with `>`; a line with CUT alone says that all below is the old mail. A program's own signature
    box is left out, unless it holds all there is.
    """
    html = _PICTURES.sub("data:,", html)[:_HTML_MOST]
    text = ""
    if html.count("<") < 2 * html.count(">") + 100:
        reader = _Reader()
        reader.feed(html)
        reader.close()
        text = "\n".join(line.rstrip() for line in reader.lines()).strip()
    return text or unescape(" ".join(_TAGS.sub(" ", _UNREAD.sub(" ", html[:_BROKEN_MOST])).split()))


class _Reader(HTMLParser):
    """Gathers lines, each with where it stood."""

    def __init__(self) -> None:
        super().__init__()
        self._lines: list[tuple[str, str]] = []
        self._line: list[str] = []
        self._open: list[tuple[str, str]] = []
        self._tags: Counter[str] = Counter()
        self._kinds: Counter[str] = Counter()
        self._lists: list[int | None] = []
        self._tight = False

    def lines(self) -> list[str]:
        """Give what was read."""
        self._break()
        alone = not any(kind in ("", "quote") and line.strip() for kind, line in self._lines)
        return ["> " + line if kind == "quote" else line for kind, line in self._lines if kind != "signature" or alone]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if "@" in tag:
            self.handle_data(f"<{tag}>")  # an address that its program wrote as if it were a tag
        else:
            self._start(tag, dict(attrs))

    def _start(self, tag: str, named: dict[str, str | None]) -> None:
        if tag == "br":
            self._end_line()
        elif tag == "img":
            self._picture(named.get("alt") or "")
        elif tag in _BREAKS:
            self._break()
            self._item(tag)
        elif tag in ("td", "th"):
            self._line.append(" ")
        kind = self._kind(tag, named)
        if kind == "cut":
            self._lines.append(("", CUT))
        elif tag not in _VOID and (kind or self._tags.get(tag)):
            self._open.append((tag, kind))
            self._tags[tag] += 1
            self._kinds[kind] += 1
        if tag == "p":
            self._tight = (
                "mso" in (named.get("class") or "").lower() or _NO_MARGIN.search(named.get("style") or "") is not None
            )

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in _VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in _BREAKS:
            self._break()
        if tag == "p" and not self._tight and self._lines:
            self._lines.append((self._where(), ""))
        if tag in ("ul", "ol") and self._lists:
            self._lists.pop()
        while self._tags.get(tag):
            closed, kind = self._open.pop()
            self._tags[closed] -= 1
            self._kinds[kind] -= 1
            if closed == tag:
                break

    def handle_data(self, data: str) -> None:
        if not self._kinds.get("hidden"):
            self._line.append(re.sub(r"[ \t\r\n\f]+", " ", data))

    def _kind(self, tag: str, named: dict[str, str | None]) -> str:
        """Say what a tag opens: a quotation, what nobody sees, a signature; or that the old mail begins."""
        if tag in _HIDDEN:
            return "hidden"
        words = f"{named.get('class') or ''} {named.get('id') or ''}".lower()
        names = {_PREFIX.sub("", word).rstrip("0123456789_") for word in words.split()}
        style = named.get("style") or ""
        if names & _CUTS or _OUTLOOK_RULE.search(style):
            return "cut"
        if names & _QUOTES or (
            tag == "blockquote" and (named.keys() & {"type", "cite", "class"} or not _INDENTED.search(style))
        ):
            return "quote"
        if names & _SIGNATURES:
            return "signature"
        return "hidden" if _UNSHOWN.search(style) else ""

    def _picture(self, shown: str) -> None:
        """Keep a smiley, which some programs write as a picture."""
        if 0 < len(shown) <= 12 and not shown.isascii() and not any(map(str.isalnum, shown)):
            self._line.append(shown)

    def _item(self, tag: str) -> None:
        """Number the answers of a numbered list."""
        if tag in ("ul", "ol"):
            self._lists.append(0 if tag == "ol" else None)
        elif tag == "li" and self._lists:
            number = self._lists.pop()
            self._lists.append(None if number is None else number + 1)
            self._line.append("- " if number is None else f"{number + 1}. ")

    def _where(self) -> str:
        return next((kind for kind in ("hidden", "quote", "signature") if self._kinds.get(kind)), "")

    def _break(self) -> None:
        """End the line, if anything is on it."""
        if "".join(self._line).strip(" "):
            self._end_line()
        self._line.clear()

    def _end_line(self) -> None:
        where = self._where()
        if where != "hidden":
            self._lines.append((where, re.sub(r" {2,}", " ", "".join(self._line)).strip(" ")))
        self._line.clear()
