"""The languages of the families: what each is called at home, how it is written, and whether we can speak it."""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

SOURCE = "fr"
"""The language that the school writes and that every catalogue translates from."""


@dataclass(frozen=True, slots=True)
class Language:
    """A language that a family may ask for.

    `own_name` in its own script, `script` as in ISO 15924. `words` is the language of the words we have for it: its own
    code, or French where there is no catalogue yet. `reviewed`: a native speaker has read every text of its catalogue.
    """

    code: str
    own_name: str
    direction: Literal["ltr", "rtl"] = "ltr"
    script: str = "Latn"
    words: str = SOURCE
    reviewed: bool = False

    @property
    def has_words(self) -> bool:
        """Whether we speak this language; if not, its families read French, and the office should know."""
        return self.words == self.code


_FRENCH = Language(SOURCE, "Français", words=SOURCE, reviewed=True)

LANGUAGES: dict[str, Language] = {
    language.code: language
    for language in (
        _FRENCH,
        Language("en", "English", words="en"),
        Language("ar", "العربية", "rtl", "Arab", words="ar"),
        Language("tr", "Türkçe", words="tr"),
        Language("pt", "Português", words="pt"),
        Language("es", "Español", words="es"),
        Language("uk", "Українська", script="Cyrl", words="uk"),
        Language("am", "አማርኛ", script="Ethi"),
        Language("bg", "Български", script="Cyrl"),
        Language("bm", "Bamanankan"),
        Language("bn", "বাংলা", script="Beng"),
        Language("de", "Deutsch"),
        Language("fa", "فارسی", "rtl", "Arab"),
        Language("ff", "Pulaar"),
        Language("hi", "हिन्दी", script="Deva"),
        Language("hy", "Հայերեն", script="Armn"),
        Language("it", "Italiano"),
        Language("ka", "ქართული", script="Geor"),
        Language("kab", "Taqbaylit"),
        Language("ku", "Kurdî (kurmancî)"),
        Language("ln", "Lingála"),
        Language("pl", "Polski"),
        Language("ps", "پښتو", "rtl", "Arab"),
        Language("ro", "Română"),
        Language("ru", "Русский", script="Cyrl"),
        Language("so", "Soomaali"),
        Language("sq", "Shqip"),
        Language("sr", "Српски", script="Cyrl"),
        Language("ta", "தமிழ்", script="Taml"),
        Language("ti", "ትግርኛ", script="Ethi"),
        Language("ur", "اردو", "rtl", "Arab"),
        Language("vi", "Tiếng Việt"),
        Language("wo", "Wolof"),
        Language("zh", "中文", script="Hans"),
    )
}
"""Every language offered, by code, those with a catalogue first."""

SPOKEN: tuple[str, ...] = tuple(code for code, language in LANGUAGES.items() if language.has_words)
"""The languages that have words: French and the catalogues."""

_TAG = re.compile(r"[a-z]{2,3}(-[a-z0-9]{1,8})*")
_READ_AS = dict.fromkeys(("aeb", "acm", "apc", "ajp", "arq", "ary", "arz"), "ar") | {"kmr": "ku", "prs": "fa"}
"""Spoken forms of Arabic, Kurdish and Persian, and the language in which their speakers read."""


@lru_cache(maxsize=1024)
def best(tag: str) -> Language:
    """Find the language that fits a tag such as `ar`, `ar_MA` or `pt-BR`.

    A language that we do not know keeps its own code and speaks French: the family is told in French, and `has_words`
    says that it is not its own. What is no tag at all is French.
    Source of the way down: RFC 4647 §3.4 (lookup).
    """
    wanted = tag.strip().replace("_", "-").lower()
    if not _TAG.fullmatch(wanted):
        return _FRENCH
    code = wanted.partition("-")[0]
    code = _READ_AS.get(code, code)
    return LANGUAGES.get(code) or Language(code, code)
