"""The shelf of translations: one catalogue a language, read once; `python -m i18n.catalogues check|update` keeps it."""

import gettext
import io
import re
import sys
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from babel.support import Translations

from i18n.languages import SOURCE, SPOKEN

ROOT = Path(__file__).resolve().parent.parent
SHELF = Path(__file__).resolve().parent / "locale"
TEMPLATE = SHELF / "passerelle.pot"

_PYTHON_ROOMS = ("hub", "channels", "bot", "scheduler", "web", "i18n", "cli")
_TEMPLATE_ROOMS = ("templates/messages", "templates/pages/family")
_KEYWORDS = {"_": None, "gettext": None, "N_": None, "ngettext": (1, 2)}
_JINJA = dict.fromkeys(("trimmed", "trim_blocks", "lstrip_blocks", "newstyle_gettext"), "true") | {"silent": "false"}
_PLACEHOLDER = re.compile(r"%\((\w+)\)s")
_COUNTS = frozenset({"count", "num"})


class _French(gettext.NullTranslations):
    """The source needs no catalogue; only its plural starts at two: « 0 enfant », « 1 enfant », « 2 enfants »."""

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        """Choose as French does, where the default would choose as English."""
        return msgid1 if abs(n) < 2 else msgid2


@cache
def translations(code: str) -> gettext.NullTranslations:
    """Give the words of one language of `SPOKEN`, compiled in memory; gettext and ngettext are its two questions."""
    if code == SOURCE:
        return _French()
    compiled = io.BytesIO()
    write_mo(compiled, _read(_catalogue(code), code))
    compiled.seek(0)
    return Translations(compiled, domain="passerelle")


def gathered() -> Catalog:
    """Collect every sentence that a family can read, from the templates and the code as they are now."""
    catalogue = Catalog(project="Passerelle")
    for room, method, options in _rooms():
        found = extract_from_dir(
            ROOT / room,
            method,
            options,
            _KEYWORDS,
            ("TRANSLATORS:",),
            strip_comment_tags=True,
            directory_filter=lambda _folder: True,  # Babel's own leaves out names that start with _
        )
        for name, _line, message, comments, context in sorted(found, key=lambda each: (each[0], each[1])):
            where = [(f"{room}/{name}", 0)]
            catalogue.add(message, None, where, auto_comments=comments, context=context)
    return catalogue


def check() -> list[str]:
    """Say what is wrong with the shelf, a sentence each; an empty list means that every family reads every sentence."""
    wanted = gathered()
    faults = [] if _text(TEMPLATE) == _written(wanted, None) else ["passerelle.pot is not what the templates say now"]
    for code in SPOKEN:
        if code == SOURCE:
            continue
        if not _catalogue(code).exists():
            faults.append(f"{code}: there is no catalogue")
            continue
        catalogue = _read(_catalogue(code), code)
        faults += [f"{code}: {fault}" for message in _messages(wanted) for fault in _faults(catalogue, message)]
        known = {message.id for message in _messages(wanted)}
        faults += [f"{code}: no longer said: {one.id!r}" for one in _messages(catalogue) if one.id not in known]
    return faults


def update() -> None:
    """Write the .pot anew and bring each catalogue up to it: new sentences come in empty, old ones leave."""
    wanted = gathered()
    _write(TEMPLATE, _written(wanted, None))
    for code in SPOKEN:
        if code == SOURCE:
            continue
        path = _catalogue(code)
        catalogue = _read(path, code) if path.exists() else Catalog(locale=code)
        catalogue.update(wanted, no_fuzzy_matching=True)
        catalogue.obsolete.clear()
        _write(path, _written(catalogue, code))


def _rooms() -> Iterator[tuple[str, list[tuple[str, str]], dict[str, dict[str, str]]]]:
    for room in _PYTHON_ROOMS:
        yield room, [("**.py", "python")], {}
    for room in _TEMPLATE_ROOMS:
        if (ROOT / room).is_dir():
            yield room, [("**.txt", "jinja2"), ("**.html", "jinja2")], {"**.txt": _JINJA, "**.html": _JINJA}


def _faults(catalogue: Catalog, wanted: Message) -> Iterator[str]:
    """Compare one sentence with its translation."""
    message = catalogue.get(wanted.id)
    sentence = repr(wanted.id)
    if message is None or not message.string:
        yield f"not translated: {sentence}"
        return
    if message.fuzzy:
        yield f"fuzzy: {sentence}"
    strings = _each(message.string)
    expected = catalogue.num_plurals if wanted.pluralizable else 1
    if len(strings) != expected or not all(strings):
        yield f"needs {expected} forms, all of them: {sentence}"
    fields = _fields(_each(wanted.id)[-1])
    for string in filter(None, strings):
        if _fields(string) ^ fields:
            yield f"not the same fields in {string!r}"


def _fields(sentence: str) -> frozenset[str]:
    """Name the fields of a sentence; the count itself may stay unsaid (Arabic says « two children » in one word)."""
    return frozenset(_PLACEHOLDER.findall(sentence)) - _COUNTS


def _each(words: str | Iterable[str]) -> tuple[str, ...]:
    return (words,) if isinstance(words, str) else tuple(words)


def _messages(catalogue: Catalog) -> list[Message]:
    return [message for message in catalogue if message.id]


def _catalogue(code: str) -> Path:
    return SHELF / code / "LC_MESSAGES" / "passerelle.po"


def _read(path: Path, code: str) -> Catalog:
    with path.open("rb") as file:
        return read_po(file, locale=code, domain="passerelle", abort_invalid=True)


def _written(catalogue: Catalog, code: str | None) -> str:
    """Write a catalogue as text that changes only when a sentence does: no dates, no line numbers, in order."""
    out = io.BytesIO()
    write_po(out, catalogue, sort_output=True, omit_header=True, include_lineno=False, width=100)
    lines = ["Project-Id-Version: Passerelle", f"Language: {code or ''}", "MIME-Version: 1.0"]
    lines += ["Content-Type: text/plain; charset=utf-8", "Content-Transfer-Encoding: 8bit"]
    if code:
        lines.append(f"Plural-Forms: {catalogue.plural_forms}")
    header = "".join(f'"{line}\\n"\n' for line in lines)
    return f'msgid ""\nmsgstr ""\n{header}\n{out.getvalue().decode().strip()}\n'


def _text(path: Path) -> str:
    return path.read_text("utf-8") if path.exists() else ""


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")


def main(arguments: list[str]) -> int:
    """Answer `check` (exit 1 and one fault a line on stderr when something is missing) or `update`."""
    if arguments == ["update"]:
        update()
        return 0
    if arguments != ["check"]:
        sys.stderr.write("python -m i18n.catalogues check|update\n")
        return 2
    faults = check()
    sys.stderr.writelines(f"{fault}\n" for fault in faults)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
