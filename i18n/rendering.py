"""What a family reads: one message on one channel, in its language, from what the author filled in."""

import re
from dataclasses import replace
from functools import cache, lru_cache

from jinja2 import Template
from markupsafe import escape

from hub.errors import InvalidError
from hub.ports import Body, ChannelName, HalfDay, News, NoticeKind, Wording
from i18n.appointment_phrases import BY_DIGIT, CHOOSES, MOVES
from i18n.checks import check_slots
from i18n.forms import SHORTER, SHORTER_NEWS, WHOLE, Form
from i18n.from_the_page import (
    NOBODYS,
    PAGE_KINDS,
    by_child,
    code_in,
    each_said,
    heading_of,
    news_in,
    sentences_of,
)
from i18n.languages import SOURCE, best
from i18n.phrases import said_in
from i18n.pocket import render_pocket
from i18n.said import above
from i18n.segments import count, plain_spelling
from i18n.slots import N_, NAMES, NAMES_IN_FRENCH, SHORT_NAME_MAX, clean, clean_line
from i18n.spoken import render_voice
from i18n.tongues import Tongue, environment, tongue

ABSENCE_SEGMENTS = 2
"""An absence alert is two SMS at most, in every language: more, and the phone may show the end before the beginning.

So is an invitation, and what is said of homework, a document or a result, but for what its author adds.
"""
SMS_TEXT_MAX = 1_200
"""Characters of the author's words in an SMS; providers refuse more than 1,600 in all. The rest is behind the link."""
FIRST_WORDS = 100
"""Characters of a piece of homework in an SMS, where a link opens the whole."""
_PREVIEW = 120

_OUR_OWN = frozenset({NoticeKind.ABSENCE, NoticeKind.MEETING})
"""Kinds whose sentences come from the catalogue; the others carry a ready phrase, or the author's words."""
_GAPS = re.compile(r"[ \t]*\n(?:[ \t]*\n)+")
_TRAILING = re.compile(r"[ \t]+\n")
_PARAGRAPHS = re.compile(r"\n[ \t]*\n\s*")

Words = dict[str, object]


def render(channel: ChannelName, wording: Wording) -> Body:
    """Say it on one channel. Raises InvalidError for a channel that has no words of its own yet."""
    match channel:
        case ChannelName.SMS:
            return render_sms(wording)
        case ChannelName.EMAIL:
            return render_email(wording)
        case ChannelName.PUSH | ChannelName.CHAT:
            return render_pocket(wording)
        case ChannelName.VOICE:
            return render_voice(wording)
    raise InvalidError(N_("Ce canal n'a pas encore de textes."), field="channel")


def render_sms(wording: Wording) -> Body:
    """Say it in an SMS, in plain marks. An absence never takes more than two segments.

    To stay within them it shortens the day, then the sentences, and at last leaves out the first names: the number to
    call always stays. An invitation does so where that is enough, as does what is on the family's page; what its
    author adds is never cut for it.
    Raises InvalidError when a word is missing.
    """
    speaks = tongue(wording.language)
    nameless, names = _nameless(wording), _names(wording, speaks)
    text = _sms(nameless, WHOLE).replace(NAMES, names)
    if wording.kind is NoticeKind.ABSENCE:
        for form in SHORTER[NoticeKind.ABSENCE]:
            if count(text).segments <= ABSENCE_SEGMENTS:
                break
            text = _sms(nameless, form).replace(NAMES, names)
    elif (wording.kind is NoticeKind.MEETING or wording.kind in PAGE_KINDS) and count(text).segments > ABSENCE_SEGMENTS:
        forms = SHORTER.get(wording.kind, SHORTER_NEWS)
        shorter = (_sms(nameless, form).replace(NAMES, names) for form in forms)
        text = next((each for each in shorter if count(each).segments <= ABSENCE_SEGMENTS), text)
    return Body(text, speaks.code)


def render_email(wording: Wording) -> Body:
    """Say it in a mail: subject on one line, plain text, and HTML that fetches nothing.

    Where our own sentences were translated and no native speaker has reviewed them, the French stands below.
    Raises InvalidError when a word is missing.
    """
    body = _email(_nameless(wording))
    if not wording.pupils:
        return body
    names = _names(wording, tongue(body.language, typeset=True))
    in_french = _names(wording, tongue(SOURCE, typeset=True))
    html = (body.html or "").replace(NAMES, escape(names)).replace(NAMES_IN_FRENCH, escape(in_french))
    return replace(body, text=body.text.replace(NAMES, names).replace(NAMES_IN_FRENCH, in_french), html=html)


def _nameless(wording: Wording) -> Wording:
    """Put a mark in the place of each name: then one notice is laid out once a language, and not once a family.

    A digest keeps its names: it says what is whose.
    """
    if wording.kind is NoticeKind.DIGEST:
        return replace(wording, pupils=tuple(map(clean_line, wording.pupils)))
    return replace(wording, pupils=(NAMES,) * len(wording.pupils)) if wording.pupils else wording


def _names(wording: Wording, speaks: Tongue) -> str:
    names = tuple(filter(None, map(clean_line, wording.pupils)))
    return speaks.names(names) if names else ""


@lru_cache(maxsize=512)
def _sms(wording: Wording, form: Form) -> str:
    """Lay out an SMS in one form, `NAMES` where the first names go."""
    check_slots(wording.kind, wording.slots)
    speaks = tongue(wording.language)
    words = _common(wording, speaks, NAMES)
    words["school"] = short = clean_line(wording.school.short_name)[:SHORT_NAME_MAX].strip()
    if wording.kind is NoticeKind.ABSENCE:
        words |= _absence_words(wording, speaks, form)
    else:
        if form.short:
            words["when"] = _when(wording, speaks, short=True)
        if not form.named:
            words["pupils"] = ""
        words |= _written(wording) | _brief_words(wording, speaks, form)
        words["each"] = each_said(speaks, _by_child(wording, speaks, form))
        ours = replace(wording.slots, place=str(words["place"]))
        if form.brief and wording.slots.signs:
            ours = replace(ours, follows=None)
        sentences = said_in(speaks, wording.kind, ours, wording.school, pupil=str(words["pupils"]))
        if words["digit"] or (words["wishes"] and words["link"]):  # it stands for « sur votre page »
            sentences = sentences[:-1]
        words["said"] = " ".join(sentences)
        words["above"] = above(speaks, wording.slots.word, wording.author, short) if wording.slots.word else ""
    said = _template(wording.kind, "sms.txt", speaks.code, typeset=False).render(words)
    theirs = wording.kind is NoticeKind.ANNOUNCEMENT and not (words["said"] or wording.slots.word)
    leading = tongue(best(wording.slots.language).code) if theirs else speaks
    return leading.opening(_GAPS.sub("\n", said).strip())


def _written(wording: Wording) -> Words:
    """Gather the author's words as an SMS carries them: of what stands on the family's page, the first words."""
    slots = wording.slots
    subject, text, place = clean_line(slots.subject or ""), clean(slots.text or ""), clean_line(slots.place or "")
    if slots.plain:
        subject, text, place = plain_spelling(subject), plain_spelling(text), plain_spelling(place)
    cut = _cut(text, FIRST_WORDS if wording.kind in PAGE_KINDS and wording.link else SMS_TEXT_MAX)
    return {"subject": subject, "text": cut, "cut": cut != text, "place": place}


def _brief_words(wording: Wording, speaks: Tongue, form: Form) -> Words:
    """Leave out what an SMS about the page can do without: its link opens what has the rest, and a number to call."""
    if not form.brief:
        return {}
    words: Words = {
        "phone": speaks.phone(wording.school.phone.replace(" ", "")),
        "news": news_in(speaks, wording.slots.news or News(), brief=True),
    }
    return words if form.phoned or not wording.link else words | {"two_way": True}


def _by_child(wording: Wording, speaks: Tongue, form: Form = WHOLE) -> tuple[tuple[str, str], ...]:
    """List what a digest tells of each child; none where it says how much there is for all of them."""
    names = wording.pupils if form.named and form.each else ()
    return by_child(speaks, wording.slots.news or News(), names, brief=form.brief)


def _absence_words(wording: Wording, speaks: Tongue, form: Form) -> Words:
    words: Words = {"when": _when(wording, speaks, short=form.short), "brief": form.brief}
    if form.brief:
        words["phone"] = speaks.phone(wording.school.phone.replace(" ", ""))
    if not form.linked:
        words["link"] = None
    if not (form.named and wording.pupils):
        words["pupils"] = speaks.ngettext("votre enfant", "vos enfants", max(1, len(wording.pupils)))
    return words


@lru_cache(maxsize=128)
def _email(wording: Wording) -> Body:
    """Lay out a mail, `NAMES` where the first names go."""
    check_slots(wording.kind, wording.slots)
    speaks = tongue(wording.language, typeset=True)
    words = _mail_words(wording, speaks, NAMES) | {"original": _original(wording, speaks)}

    def laid_out(name: str) -> str:
        return _template(wording.kind, name, speaks.code, typeset=True).render(words)

    words["title"] = subject = speaks.opening(clean_line(laid_out("email_subject.txt")))
    text = _GAPS.sub("\n\n", _TRAILING.sub("\n", laid_out("email.txt"))).strip()
    return Body(f"{text}\n", speaks.code, subject, f"{laid_out('email.html').strip()}\n")


def _mail_words(wording: Wording, speaks: Tongue, names: str) -> Words:
    """Gather what a mail may say; `written` are the author's words by paragraph and line, in their own language."""
    slots = wording.slots
    free = wording.kind is not NoticeKind.ABSENCE
    text = clean(slots.text or "") if free else ""
    written_in = best(slots.language)
    words, ours = _common(wording, speaks, names), _ours(wording, speaks, names)
    return words | {
        "school": clean_line(wording.school.name),
        "author": "" if wording.kind in NOBODYS else clean_line(wording.author),
        "text": text,
        "subject": clean_line(slots.subject or "") if free else "",
        "said": ours,
        "written": [paragraph.split("\n") for paragraph in _PARAGRAPHS.split(text) if paragraph],
        "text_lang": written_in.code,
        "text_dir": written_in.direction,
        "above": above(speaks, slots.word, wording.author, wording.school.name) if slots.word else "",
        "about": clean_line(wording.about or ""),
        "each": _by_child(wording, speaks),
        "heading": heading_of(speaks, wording.kind, slots) if wording.kind in PAGE_KINDS else "",
        "preview": _preview(wording.kind, ours) or text.replace("\n", " ")[:_PREVIEW] or str(words["when"]),
    }


def _ours(wording: Wording, speaks: Tongue, names: str) -> tuple[str, ...]:
    """Say a ready phrase, and what is on the family's page, a sentence each."""
    slots, named = wording.slots, names if wording.pupils else ""
    said = said_in(speaks, wording.kind, slots, wording.school, pupil=named)
    if wording.kind not in PAGE_KINDS:
        return said
    return (*said, *sentences_of(speaks, wording.kind, slots, named, wording.pupils))


def _preview(kind: NoticeKind, ours: tuple[str, ...]) -> str:
    """Choose what a list of mails shows of our sentences; a code stays out of it, for it shows on a locked screen."""
    return " ".join(ours[1:] if kind is NoticeKind.CODE else ours)[:_PREVIEW]


def _common(wording: Wording, speaks: Tongue, names: str) -> Words:
    """Gather what every message may say, on every channel."""
    return {
        "phone": speaks.phone(wording.school.phone),
        "pupils": names if wording.pupils else "",
        "count": max(1, len(wording.pupils)),
        "phrase": wording.slots.phrase or "",
        "chooses": wording.slots.phrase in CHOOSES,
        "moves": wording.slots.phrase in MOVES,
        "wishes": wording.slots.phrase == "evening_wishes",
        "digit": wording.two_way and wording.slots.phrase in BY_DIGIT,
        "when": _when(wording, speaks),
        "place": clean_line(wording.slots.place or ""),
        "exercise": wording.slots.exercise,
        "asks": wording.kind not in (NoticeKind.CRISIS, NoticeKind.CODE),
        "question": wording.slots.question,
        "signs": wording.slots.signs,
        "news": news_in(speaks, wording.slots.news or News()),
        "code": code_in(speaks, wording.slots),
        "link": None if wording.kind is NoticeKind.CODE else wording.link,
        "two_way": wording.two_way,
    }


def _when(wording: Wording, speaks: Tongue, *, short: bool = False) -> str:
    slots = wording.slots
    if wording.kind is NoticeKind.ABSENCE and slots.day:
        return speaks.half_day_on(slots.day, slots.half_day or HalfDay.DAY, short=short)
    if wording.kind in PAGE_KINDS:
        return speaks.day(slots.day, short=short) if slots.day else ""
    return speaks.moment(slots.starts_at, wording.school.timezone, short=short) if slots.starts_at else ""


def _original(wording: Wording, speaks: Tongue) -> tuple[str, ...]:
    """Say our sentences in French too, for those that no native speaker has reviewed yet; a sentence a line."""
    own = wording.kind in _OUR_OWN or wording.kind in PAGE_KINDS
    if not (own or wording.slots.phrase or wording.slots.follows) or speaks.language.reviewed:
        return ()
    french = tongue(SOURCE, typeset=True)
    if wording.kind not in _OUR_OWN:
        return _ours(wording, french, NAMES_IN_FRENCH)
    template = _template(wording.kind, "email.txt", SOURCE, typeset=True)
    said = template.blocks["said"](template.new_context(_mail_words(wording, french, NAMES_IN_FRENCH)))
    return tuple(line.strip() for line in "".join(said).splitlines() if line.strip())


@cache
def _template(kind: NoticeKind, name: str, code: str, *, typeset: bool) -> Template:
    return environment("messages", code, typeset=typeset).get_template(f"{kind}/{name}")


def _cut(text: str, most: int) -> str:
    """Keep what an SMS can carry of a long text, up to a whole word."""
    if len(text) <= most:
        return text
    return text[:most].rsplit(maxsplit=1)[0] + " (...)"
