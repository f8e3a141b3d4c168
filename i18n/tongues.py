"""One language at work: its sentences, its days and hours, its half-days, and the pages and messages written in it."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from gettext import NullTranslations
from typing import Any
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date, format_time
from babel.lists import format_list
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from hub.ports import HalfDay
from i18n.catalogues import ROOT, translations
from i18n.languages import LANGUAGES, Language, best

RIGHT_TO_LEFT_MARK = "\u200f"
NO_BREAK_SPACE = "\u00a0"


@dataclass(frozen=True, slots=True)
class _Shapes:
    """How a language writes a day in full, a day in short (for an SMS), and a time (patterns of CLDR)."""

    locale: str
    day: str
    short_day: str
    time: str


_SHAPES = {
    "fr": _Shapes("fr", "EEEE d MMMM", "dd/MM", "H 'h' mm"),
    "en": _Shapes("en_GB", "EEEE d MMMM", "d MMM", "HH:mm"),
    "ar": _Shapes("ar", "EEEE d MMMM", "dd/MM", "HH:mm"),
    "tr": _Shapes("tr", "d MMMM EEEE", "dd.MM", "HH:mm"),
    # in a sentence a weekday takes a gender in Portuguese and a case in Ukrainian: within brackets it takes none
    "pt": _Shapes("pt_PT", "d 'de' MMMM (EEEE)", "dd/MM", "HH:mm"),
    "es": _Shapes("es", "EEEE d 'de' MMMM", "d/M", "H:mm"),
    "uk": _Shapes("uk", "d MMMM (EEEE)", "dd.MM", "HH:mm"),
}

_APOSTROPHE = re.compile(r"(?<=\w)'(?=\w)")
_AND_BEFORE_I = re.compile(r" y (?=h?[ií](?![aeo]))", re.IGNORECASE)
"""Spanish « y » before the sound i becomes « e »: « Lina e Inés ». Source: RAE, Diccionario panhispánico de dudas."""
_BEFORE_MARK = re.compile(r" (?=[:;?!»])|(?<=«) ")


@dataclass(frozen=True, slots=True)
class Tongue:
    """Everything that is said in one language; `language` always has words.

    `typeset`: for pages and mail, with the marks of print (’ and, in French, spaces that do not break). Plain
    otherwise: by SMS those marks cost two segments more.
    """

    language: Language
    locale: Locale
    words: NullTranslations
    typeset: bool = False

    @property
    def code(self) -> str:
        """The language as `lang` wants it."""
        return self.language.code

    @property
    def direction(self) -> str:
        """The direction as `dir` wants it: ltr or rtl."""
        return self.language.direction

    def gettext(self, sentence: str) -> str:
        """Say a French sentence in this language."""
        return self._set(self.words.gettext(sentence))

    def ngettext(self, one: str, many: str, n: int) -> str:
        """Say a French sentence in this language, in the form for `n`."""
        return self._set(self.words.ngettext(one, many, n))

    def day(self, day: date, *, short: bool = False) -> str:
        """Write a day: « mardi 24 novembre », or « 24/11 » in short."""
        return _day(self.code, day, short=short)

    def time(self, moment: datetime, timezone: str) -> str:
        """Write the hour of an aware moment as the school's clock shows it: « 17 h 30 »."""
        shapes = _SHAPES[self.code]
        local = moment.astimezone(ZoneInfo(timezone))
        written: str = format_time(local.time(), shapes.time, locale=self.locale)
        return written.replace(" ", NO_BREAK_SPACE) if self.typeset else written

    def moment(self, moment: datetime, timezone: str, *, short: bool = False) -> str:
        """Write day and hour of an aware moment as the school's clock shows them: « mardi 24 novembre à 17 h 30 »."""
        day = moment.astimezone(ZoneInfo(timezone)).date()
        _ = self.gettext
        return _("%(day)s à %(time)s") % {"day": self.day(day, short=short), "time": self.time(moment, timezone)}

    def half_day(self, half_day: HalfDay) -> str:
        """Name a half-day alone: « matin »."""
        _ = self.gettext
        match half_day:
            case HalfDay.MORNING:
                return _("matin")
            case HalfDay.AFTERNOON:
                return _("après-midi")
            case HalfDay.DAY:
                return _("journée")

    def half_day_on(self, day: date, half_day: HalfDay, *, short: bool = False) -> str:
        """Write a half-day of a day: « mardi 24 novembre après-midi »."""
        _ = self.gettext
        match half_day:
            case HalfDay.MORNING:
                sentence = _("%(day)s matin")
            case HalfDay.AFTERNOON:
                sentence = _("%(day)s après-midi")
            case HalfDay.DAY:
                sentence = _("%(day)s (journée)")
        return sentence % {"day": self.day(day, short=short)}

    def names(self, names: tuple[str, ...]) -> str:
        """List names: « Lina et Sami »."""
        if len(names) == 1:
            return names[0]
        listed = format_list(names, "standard", self.locale)
        return _AND_BEFORE_I.sub(" e ", listed) if self.code == "es" else listed

    def phone(self, number: str) -> str:
        """Write a number to call. In Arabic, groups between plain spaces would be shown in the wrong order.

        Source: Unicode annex 9, rules W4 and N1 (a no-break space separates digits without turning them round).
        """
        written = number.strip()
        if self.typeset:
            written = written.replace(" ", NO_BREAK_SPACE)
        elif self.direction == "rtl":
            written = written.replace(" ", "")
        return f"\u200e{written}" if self.direction == "rtl" and written.startswith("+") else written

    def opening(self, line: str) -> str:
        """Start a line that may begin with a Latin name: without the mark a telephone sets all of it left to right."""
        return f"{RIGHT_TO_LEFT_MARK}{line}" if self.direction == "rtl" else line

    def _set(self, sentence: str) -> str:
        return _printed(sentence, french=self.code == "fr") if self.typeset else sentence


@lru_cache(maxsize=64)
def tongue(code: str, *, typeset: bool = False) -> Tongue:
    """Give the language in which we speak to a family that asked for `code`: its own where there is a catalogue."""
    language = LANGUAGES[best(code).words]
    locale = Locale.parse(_SHAPES[language.code].locale)
    return Tongue(language, locale, translations(language.code), typeset)


@lru_cache(maxsize=64)
def environment(folder: str, code: str, *, typeset: bool) -> Environment:
    """Give the Jinja environment of one folder under `templates/` in one language; templates are compiled once in it.

    A template finds gettext and ngettext (`{% trans %}`), and `tongue` for lang, dir, days and hours. HTML escapes.
    """
    speaks = tongue(code, typeset=typeset)
    if speaks.code != code:
        return environment(folder, speaks.code, typeset=typeset)
    made = Environment(
        loader=FileSystemLoader(ROOT / "templates" / folder),
        extensions=["jinja2.ext.i18n"],
        undefined=StrictUndefined,
        autoescape=select_autoescape(("html",), default=False),
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        cache_size=-1,
    )
    made.policies["ext.i18n.trimmed"] = True
    made.globals["tongue"] = speaks
    install_gettext(made, speaks)
    return made


def install_gettext(made: Environment, speaks: Tongue) -> None:
    """Let `{% trans %}` speak one language in an environment that has `jinja2.ext.i18n`; fields are escaped in HTML."""
    install: Callable[..., None] = vars(made)["install_gettext_callables"]
    install(speaks.gettext, speaks.ngettext, newstyle=True)


@lru_cache(maxsize=4096)
def _day(code: str, day: date, *, short: bool) -> str:
    shapes = _SHAPES[code]
    written: Any = format_date(day, shapes.short_day if short else shapes.day, locale=shapes.locale)
    if code == "fr" and day.day == 1 and not short:  # the first alone is an ordinal: « mardi 1er décembre »
        return str(written).replace(" 1 ", " 1er ", 1)
    return str(written)


@lru_cache(maxsize=4096)
def _printed(sentence: str, *, french: bool) -> str:
    """Set a sentence of ours as print does; authors' words are never touched.

    U+00A0 before : ; ? ! because old mail fonts lack the narrow space.
    """
    curly = _APOSTROPHE.sub("’", sentence)
    return _BEFORE_MARK.sub(NO_BREAK_SPACE, curly) if french else curly
