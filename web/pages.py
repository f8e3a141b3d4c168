"""The printing room of the pages: the templates, the one style sheet, and how figures and hours read in French."""

import hashlib
from collections.abc import Mapping
from datetime import date, datetime
from functools import lru_cache
from pathlib import Path
from unicodedata import bidirectional
from zoneinfo import ZoneInfo

from babel import Locale
from fastapi import Request, Response
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from starlette.exceptions import HTTPException

from hub.people.phones import shown
from i18n.languages import best
from i18n.tongues import tongue
from web.rooms import rooms_of

ROOT = Path(__file__).parents[1]
STATIC = ROOT / "web" / "static"
SHEETS = ("tokens.css", "look.css", "staff.css")
"""The look, in its order; the browser gets one file, `passerelle.css`."""
_TYPES = {
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".txt": "text/plain",
}
_FRENCH = Locale("fr")
_FROM_THE_RIGHT = frozenset({"ar", "fa", "ps", "ur"})


def page(name: str, *, status: int = 200, **context: object) -> HTMLResponse:
    """Print a page; `name` under templates/pages."""
    return HTMLResponse(printed(name, **context), status)


def printed(name: str, **context: object) -> str:
    """Print a page or a piece of one as text."""
    return _environment().get_template(name).render(**context)


async def static_file(request: Request, name: str) -> Response:
    """Open to everybody: a file of the look.

    Named with its fingerprint it never changes; else it may be asked for again soon.
    """
    found = _files().get(name)
    if found is None:
        raise HTTPException(404)
    body, mark = found
    known = request.query_params.get("v") == mark
    headers = {
        "Cache-Control": "public, max-age=31536000, immutable" if known else "public, max-age=300",
        "ETag": f'"{mark}"',
    }
    if request.headers.get("if-none-match") == headers["ETag"]:
        return Response(status_code=304, headers=headers)
    return Response(body, media_type=_TYPES[Path(name).suffix], headers=headers)


def static(name: str) -> str:
    """Give the address of a file of the look, with its fingerprint."""
    return f"/static/{name}?v={_files()[name][1]}"


@lru_cache(maxsize=1)
def _files() -> Mapping[str, tuple[bytes, str]]:
    """Read the look once: (contents, fingerprint) by name."""
    named = {
        path.relative_to(STATIC).as_posix(): path.read_bytes()
        for path in STATIC.rglob("*")
        if path.is_file() and path.suffix in _TYPES
    }
    named["passerelle.css"] = b"\n".join(named[sheet] for sheet in SHEETS)
    named["conversation.js"] = b"\n".join(named[script] for script in ("board.js", "inbox.js"))
    return {name: (body, hashlib.sha256(body).hexdigest()[:12]) for name, body in named.items()}


@lru_cache(maxsize=1)
def _environment() -> Environment:
    made = Environment(
        loader=FileSystemLoader(ROOT / "templates" / "pages"),
        undefined=StrictUndefined,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        cache_size=-1,
    )
    made.globals.update(static=static, icon=_icon, best=best, rooms_of=rooms_of)
    made.filters.update(
        hour=hour,
        moment=moment_words,
        day=day,
        euros=euros,
        language=language,
        paragraphs=_paragraphs,
        french=_french,
        amid=amid,
        phone=shown,
    )
    return made


def hour(moment: datetime, timezone: str) -> str:
    """Write an hour as one reads it here: 7 h 05."""
    local = moment.astimezone(ZoneInfo(timezone))
    return f"{local.hour}\u00a0h\u00a0{local.minute:02}"


def moment_words(moment: datetime, now: datetime, timezone: str) -> str:
    """Write a moment to come: à 7 h 05; on another day than today, lundi 30 novembre à 7 h 05."""
    days = {one.astimezone(ZoneInfo(timezone)).date() for one in (moment, now)}
    at = f"à {hour(moment, timezone)}"
    return at if len(days) == 1 else f"{day(moment, timezone)} {at}"


def day(moment: datetime, timezone: str) -> str:
    """Write a day: mardi 24 novembre."""
    return date_words(moment.astimezone(ZoneInfo(timezone)).date())


@lru_cache(maxsize=512)
def date_words(one: date) -> str:
    """Write a date: mardi 24 novembre, mardi 1er décembre."""
    return tongue("fr").day(one)


def euros(cost: int) -> str:
    """Write hundredths of a cent as euros: 47,53 €."""
    cents = (cost + 50) // 100
    return f"{cents // 100},{cents % 100:02}\u00a0€"


@lru_cache(maxsize=256)
def language(code: str) -> str:
    """Name a language in French: arabe."""
    return _FRENCH.languages.get(code.replace("-", "_")) or _FRENCH.languages.get(code[:2]) or code


@lru_cache(maxsize=256)
def _icon(name: str, classes: str = "") -> Markup:
    """Draw an icon of the look; it never stands alone, so it says nothing to a screen reader."""
    return Markup('<svg class="i{}" viewBox="0 0 24 24" aria-hidden="true"><use href="{}#i-{}"/></svg>').format(
        f" {classes}" if classes else "", static("icons.svg"), name
    )


def amid(name: str) -> str:
    """Write the name of a way out within a sentence: par e-mail, but par SMS."""
    return name if name.isupper() or name == "Telegram" else name[:1].lower() + name[1:]


def _french(sentence: str) -> str:
    """Set a sentence that pages and messages share as print does."""
    return tongue("fr", typeset=True).gettext(sentence)


def _paragraphs(text: str, reads: str | None = None) -> Markup:
    """Set a person's words in paragraphs, escaped; each runs as its first letter does, as on a phone.

    `reads`: the language that their author reads, empty when unknown, where nothing says in which these words are.
    What is written from the right is then set, and read aloud, in that language, or else as Arabic.
    """
    lines = [
        Markup('<p dir="auto"{}>{}</p>').format(Markup("") if reads is None else _tongue_of(line, reads), line)
        for line in text.splitlines()
        if line.strip()
    ]
    return Markup("\n").join(lines)


def _tongue_of(line: str, reads: str) -> Markup:
    first = next((kind for kind in map(bidirectional, line) if kind in ("L", "R", "AL")), "L")
    return Markup("") if first == "L" else Markup(' lang="{}"').format(reads if reads in _FROM_THE_RIGHT else "ar")
