"""A notice on paper: a letter for each adult in his or her language, with the coupon that comes back to the office."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cache

import segno
from jinja2 import Template

from hub.ports import NoticeKind, SchoolCard, Slots
from i18n.from_the_page import NOBODYS
from i18n.languages import SOURCE, best
from i18n.said import said
from i18n.slots import clean, clean_line
from i18n.tongues import Tongue, environment, tongue

Choice = tuple[int, str, bool]
"""A box of the coupon: its number, which the office types, its words, and whether it asks how many come."""


@dataclass(frozen=True, slots=True)
class PaperNotice:
    """What all letters of one notice share. `said_on`: the day of the notice; `asks`: it may be answered yes or no."""

    kind: NoticeKind
    slots: Slots
    school: SchoolCard
    author: str
    said_on: date
    asks: bool


@dataclass(frozen=True, slots=True)
class OnPaper:
    """One adult's letter. `pupils`: first names, of this adult's alone; `bag`: with their classes, none: by hand.

    `named`: whether the words themselves speak of these pupils. `link` opens the notice on a telephone, or none.
    """

    to: str
    language: str
    pupils: tuple[str, ...]
    bag: tuple[str, ...]
    named: bool
    code: str = field(repr=False)
    link: str | None = field(repr=False, default=None)


def letters_html(notice: PaperNotice, letters: Iterable[OnPaper]) -> str:
    """Lay out the letters of one notice, each on a page of its own, in one document that fetches nothing."""
    title = tongue(SOURCE, typeset=True).gettext("Un message de l'école")
    sections = "\n".join(_letter(notice, one) for one in letters)
    return (
        f'<!doctype html>\n<html lang="{SOURCE}">\n<head>\n<meta charset="utf-8">\n<title>{title}</title>\n'
        f"<style>{_STYLE}</style>\n</head>\n<body>\n{sections}\n</body>\n</html>\n"
    )


def choices_of(speaks: Tongue, kind: NoticeKind, *, asks: bool, signs: bool = False) -> Sequence[Choice]:
    """Say what can be ticked: the reasons of an absence, yes, no or how many, that it was read, or read and signed.

    How many come is asked of an invitation alone.
    """
    _ = speaks.gettext
    if kind is NoticeKind.ABSENCE:
        return (
            (1, _("Malade"), False),
            (2, _("Une autre raison"), False),
            (3, _("Devrait être à l'école"), False),
        )
    if asks:
        how_many = ((3, _("Combien serez-vous ?"), True),) if kind is NoticeKind.MEETING else ()
        return ((1, _("Oui"), False), (2, _("Non"), False), *how_many)
    return ((1, _("J'ai lu et je signe") if signs else _("J'ai lu"), False),)


def _letter(notice: PaperNotice, one: OnPaper) -> str:
    speaks = tongue(one.language, typeset=True)
    slots, written_in = notice.slots, best(notice.slots.language)
    ours = said(speaks, notice.kind, slots, notice.school, one.pupils if one.named else (), author=notice.author)
    free = notice.kind is not NoticeKind.ABSENCE
    words = clean(slots.text or "") if free else ""
    return _template(speaks.code).render(
        school=clean_line(notice.school.name),
        phone=speaks.phone(notice.school.phone),
        to=clean_line(one.to),
        bag=_names(speaks, one.bag),
        day=speaks.day(notice.said_on),
        heading=ours.heading,
        sentences=() if ours.sentences == (ours.heading,) else ours.sentences,
        written=[part.split("\n") for part in words.split("\n\n") if part.strip()],
        subject=clean_line(slots.subject or "") if free else "",
        text_lang=written_in.code,
        text_dir=written_in.direction,
        author="" if notice.kind in NOBODYS else clean_line(notice.author),
        french=() if speaks.language.reviewed else _in_french(notice, one),
        link=one.link,
        square=_square(one.link) if one.link else "",
        pupils=_names(speaks, one.pupils),
        choices=choices_of(speaks, notice.kind, asks=notice.asks, signs=slots.signs),
        code=one.code,
    )


def _names(speaks: Tongue, names: Sequence[str]) -> str:
    """List names, each by itself (Unicode annex 9): a Latin one keeps its brackets also in a line from the right."""
    return speaks.names(tuple(f"\u2068{clean_line(name)}\u2069" for name in names)) if names else ""


def _in_french(notice: PaperNotice, one: OnPaper) -> tuple[str, ...]:
    """Say our own sentences in French too, where no native speaker has read their translation."""
    french = tongue(SOURCE, typeset=True)
    pupils = one.pupils if one.named else ()
    ours = said(french, notice.kind, notice.slots, notice.school, pupils, author=notice.author)
    return tuple(dict.fromkeys((ours.heading, *ours.sentences)))


def _square(link: str) -> str:
    """Draw a link as a QR code with its quiet zone (ISO/IEC 18004), as data."""
    return segno.make(link, error="m", micro=False).svg_data_uri(border=4, scale=4, dark="#000", light="#fff")


@cache
def _template(code: str) -> Template:
    return environment("messages", code, typeset=True).get_template("letter.html")


_STYLE = """
@page { size: A4; margin: 16mm 18mm; }
html { font-family: "Noto Sans", "Noto Sans Arabic", "Noto Naskh Arabic", "DejaVu Sans", sans-serif; font-size: 11.5pt;
  line-height: 1.45; color: #000; }
body, p, h1, h2, ul { margin: 0; padding: 0; }
.letter { break-after: page; }
.letter:last-child { break-after: auto; }
header { display: flex; justify-content: space-between; border-bottom: 2pt solid #1b4234; padding-bottom: 2mm;
  margin-bottom: 8mm; }
.school { font-weight: bold; font-size: 13pt; }
.to { margin-bottom: 6mm; }
h1 { font-size: 16pt; line-height: 1.25; margin: 2mm 0 4mm; }
h2 { font-size: 12pt; margin: 0 0 2mm; }
.said, .words p { margin-bottom: 3mm; }
.words { border-inline-start: 2pt solid #777; padding-inline-start: 4mm; margin: 3mm 0; }
.small { font-size: 9.5pt; }
.soft { color: #444; }
.by-phone { display: flex; gap: 5mm; align-items: center; margin: 4mm 0; break-inside: avoid; }
.square { width: 28mm; height: 28mm; }
.tel { font-family: "DejaVu Sans Mono", "Noto Sans Mono", monospace; }
.coupon { break-inside: avoid; border-top: 1.5pt dashed #000; margin-top: 10mm; padding-top: 5mm; }
.choices { list-style: none; margin: 2mm 0; }
.choices li { margin-bottom: 2.5mm; }
.box { display: inline-block; width: 4mm; height: 4mm; border: 1pt solid #000; vertical-align: -0.6mm; }
.line { display: inline-block; width: 70mm; border-bottom: 1pt solid #000; }
.line.short { width: 15mm; }
.signed { margin: 5mm 0 3mm; }
.code { font-size: 14pt; font-weight: bold; }
"""
"""A letter is black on white, in a Latin and an Arabic family: else fontconfig picks another for single signs."""
