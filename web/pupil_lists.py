"""Whole classes of pupils to choose from, set without the template: three hundred of them cost a page half its time."""

from collections.abc import Collection, Iterable
from html import escape
from itertools import groupby

from markupsafe import Markup

from hub.notices.choices import PupilChoice


def options(pupils: Iterable[PupilChoice], chosen: str) -> Markup:
    """Give the options of a list of pupils; `chosen` is the number of the one that was chosen."""
    return Markup(  # noqa: S704 (every name in it is escaped)
        "\n".join(
            f'<option value="{each.pupil_id}"{" selected" if chosen == str(each.pupil_id) else ""}>'
            f"{escape(each.name)}{', ' if each.class_label else ''}{escape(each.class_label)}</option>"
            for each in pupils
        )
    )


def chips(pupils: Iterable[PupilChoice], chosen: Collection[str]) -> Markup:
    """Give the pupils by class, each a box to tick; `chosen` holds `pupil:NUMBER` of those that are ticked."""
    by_class = groupby(sorted(pupils, key=lambda each: each.class_label), key=lambda each: each.class_label)
    return Markup(  # noqa: S704 (every name in it is escaped)
        "\n".join(
            f'<h3>{escape(label or "Sans classe")}</h3>\n<div class="chips">\n'
            + "\n".join(_chip(each, chosen) for each in those)
            + "\n</div>"
            for label, those in by_class
        )
    )


def _chip(pupil: PupilChoice, chosen: Collection[str]) -> str:
    value = f"pupil:{pupil.pupil_id}"
    ticked = " checked" if value in chosen else ""
    box = f'<input type="checkbox" name="to" value="{value}"{ticked}>'
    return f'<label class="chip">{box} {escape(pupil.name)}</label>'
