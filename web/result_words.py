"""Results as a parent understands them: each level in words, with what it means, each mark with what it counts to."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from babel.numbers import format_decimal

from hub.classroom.results import Judged, Outcome
from hub.classroom.results_cells import LEVELS
from hub.models.classroom import Level, Scale
from i18n.slots import N_
from i18n.tongues import Tongue
from web.charts import SLOTS, Bar, bars

_SAID = {
    Level.NOT_REACHED: (N_("Objectif non atteint"), N_("Votre enfant ne sait pas encore le faire.")),
    Level.PARTLY_REACHED: (
        N_("Objectif partiellement atteint"),
        N_("Votre enfant y arrive en partie, ou avec de l'aide."),
    ),
    Level.REACHED: (N_("Objectif atteint"), N_("Votre enfant sait le faire.")),
    Level.EXCEEDED: (N_("Objectif dépassé"), N_("Votre enfant sait le faire, et va plus loin.")),
}
"""The scale of the livret scolaire in the words that families are used to, and what each says of a child."""
LEAST_SHOWN = 2
"""A chart of one column shows nothing."""


@dataclass(frozen=True, slots=True)
class Said:
    """One thing that was judged: what, how, and what that means; `level`: 1 to 4, 0 for a mark or an absence."""

    label: str
    words: str
    meaning: str
    level: int


@dataclass(frozen=True, slots=True)
class Told:
    """An assessment as its family reads it; what people wrote stays in their language."""

    assessment_id: int
    subject: str
    title: str
    day: str
    author: str
    words: str
    said: tuple[Said, ...]


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the table beside a chart."""

    day: str
    what: str
    words: str


@dataclass(frozen=True, slots=True)
class Course:
    """How it went in one subject: `said` is the chart in one sentence; `first` and `last`: its days in short.

    `full`: the columns reach the end of the chart, where the last day then stands.
    """

    subject: str
    bars: tuple[Bar, ...]
    said: str
    first: str
    last: str
    full: bool
    rows: tuple[Row, ...]


def told(speaks: Tongue, one: Outcome) -> Told:
    """Say one assessment."""
    said = tuple(_said(speaks, judged) for judged in one.judged)
    return Told(one.assessment_id, one.subject, one.title, speaks.day(one.day), one.author, one.words, said)


def courses(speaks: Tongue, outcomes: Sequence[Outcome]) -> tuple[Course, ...]:
    """Draw one child's results over time, by subject: levels and marks apart, for they do not compare."""
    found: dict[tuple[str, Scale], list[tuple[Outcome, Judged]]] = {}
    for one in sorted(outcomes, key=lambda one: (one.day, one.assessment_id)):
        for judged in one.judged:
            if not judged.cell.absent:
                found.setdefault((one.subject, judged.scale), []).append((one, judged))
    return tuple(
        _course(speaks, subject, theirs) for (subject, _), theirs in found.items() if len(theirs) >= LEAST_SHOWN
    )


def _course(speaks: Tongue, subject: str, theirs: Sequence[tuple[Outcome, Judged]]) -> Course:
    drawn = bars([_share(judged) for _, judged in theirs])
    shown = theirs[-len(drawn) :]
    first, last = shown[0][0].day, shown[-1][0].day
    sentence = speaks.gettext("%(subject)s, du %(first)s au %(last)s. Le plus récent : %(result)s.")
    fields = {"subject": subject, "first": speaks.day(first), "last": speaks.day(last)}
    return Course(
        subject,
        drawn,
        sentence % {**fields, "result": _words(speaks, shown[-1][1])},
        speaks.day(first, short=True),
        speaks.day(last, short=True),
        len(drawn) == SLOTS,
        tuple(_rows(speaks, reversed(shown))),
    )


def _rows(speaks: Tongue, shown: Iterable[tuple[Outcome, Judged]]) -> Iterable[Row]:
    for one, judged in shown:
        what = one.title if judged.label == one.title else f"{one.title} · {judged.label}"
        yield Row(speaks.day(one.day), what, _words(speaks, judged))


def _share(judged: Judged) -> tuple[str, float]:
    if judged.cell.level is not None:
        number = LEVELS.index(judged.cell.level) + 1
        return f"f-l{number}", number / len(LEVELS)
    return "f-mark", (judged.cell.mark or 0) / (100 * (judged.out_of or 1))


def _said(speaks: Tongue, judged: Judged) -> Said:
    level = judged.cell.level
    meaning = "" if level is None else speaks.gettext(_SAID[level][1])
    return Said(judged.label, _words(speaks, judged), meaning, 0 if level is None else LEVELS.index(level) + 1)


def _words(speaks: Tongue, judged: Judged) -> str:
    if judged.cell.level is not None:
        return speaks.gettext(_SAID[judged.cell.level][0])
    if judged.cell.absent or judged.cell.mark is None:
        return speaks.gettext("Absent ce jour-là")
    mark = format_decimal(judged.cell.mark / 100, "#,##0.##", locale=speaks.locale, numbering_system="latn")
    return speaks.gettext("%(mark)s sur %(out_of)s") % {"mark": mark, "out_of": judged.out_of}
