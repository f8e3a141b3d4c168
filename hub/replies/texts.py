"""Short messages, from phones and chats: many are read and written together, and what each does is done for each.

Where one goes: what it quotes, else the open question to that address, else the last notice sent there within a
fortnight. An unknown number waits in the office's tray.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import cast

from sqlalchemy.ext.asyncio import AsyncConnection

from hub.outbox.stopping import stop_writing
from hub.people.schools import school_key
from hub.ports import ChannelName
from hub.replies.answers import Taken
from hub.replies.calling_back import call_back
from hub.replies.choices import Chosen, ask_which, chosen
from hub.replies.coming_back import come_back
from hub.replies.consent import write_again, write_in
from hub.replies.gathering import gather
from hub.replies.holders import Holder, holders_of
from hub.replies.hours import by_number, is_of_hours, told_by
from hub.replies.keeping import Kept, Received, Text, ask_a_person, keep_all, row_of, settle
from hub.replies.meaning import Meaning, Sense, meaning_of, plain
from hub.replies.placing import Around, Put, heard_at, look_around, put, turn_of
from hub.replies.proposing import propose
from hub.replies.questions import with_pupils
from hub.replies.saying_back import Back, What, may_say_back
from hub.replies.understanding import BOUNDS, Heard, Understood, bounds_back, take, understand
from hub.replies.wrong_numbers import wrong_number
from hub.sealing import Keyring, Seal

_ACTS = {Sense.START: What.RESUMED, Sense.LANGUAGE: What.LANGUAGE, Sense.HELP: What.HELP}


@dataclass(slots=True)
class _Arrival:
    """A text on its way through the house; `holder` None: a stranger's. `kept` None: it was brought before."""

    text: Text
    meaning: Meaning
    holder: Holder | None
    kept: Kept | None = None
    sense: Sense = Sense.WORDS
    choice: Chosen | None = None
    back: Back | None = None


async def receive_text(connection: AsyncConnection, keyring: Keyring, text: Text, *, now: datetime) -> Received:
    """Put one text where it belongs, as `receive_texts` does."""
    [received] = await receive_texts(connection, keyring, [text], now=now)
    return received


async def receive_texts(
    connection: AsyncConnection, keyring: Keyring, texts: Sequence[Text], *, now: datetime
) -> list[Received]:
    """Put SMS to one school, or what is written in chats, where they belong; a phone that only rang is called back.

    A provider may bring one twice: the second time changes nothing. What one number wrote is taken in its order.
    """
    received: dict[int, Received] = {}
    while len(received) < len(texts):
        first: dict[str, int] = {}
        for nth, text in enumerate(texts):
            if nth not in received:
                first.setdefault(text.number, nth)
        came = await _together(connection, keyring, [texts[nth] for nth in first.values()], now)
        received |= zip(first.values(), came, strict=True)
    return [received[nth] for nth in range(len(texts))]


async def _together(
    connection: AsyncConnection, keyring: Keyring, texts: Sequence[Text], now: datetime
) -> list[Received]:
    """Take texts of which no two are from one number."""
    holders = await holders_of(connection, keyring, texts)
    arrivals = [_Arrival(text, _meaning(text), holder) for text, holder in zip(texts, holders, strict=True)]
    await _keep(connection, keyring, arrivals, now)
    await _ask_about_strangers(connection, arrivals, now)
    known = [(one, one.holder, one.kept) for one in arrivals if one.holder is not None and one.kept is not None]
    around = await look_around(connection, [(one.text, holder) for one, holder, _ in known], now=now)
    replies = []
    for one, holder, kept in known:
        if holder.dead and one.sense not in (Sense.STOP, Sense.WRONG_NUMBER):
            await come_back(connection, kept, holder.address_id)
        heard = heard_at(one.text, one.meaning, holder, around, now)
        outcome = await _do(connection, keyring, one, holder, heard, around)
        replies.append(Put(kept, heard, outcome, holder.address_id, turn_of(outcome)))
    threads = await put(connection, replies, now=now)
    for (one, holder, _), reply, thread_id in zip(known, replies, threads, strict=True):
        one.sense = reply.outcome.sense
        if one.choice is not None:
            await gather(connection, school_id=one.text.school_id, reply_id=one.choice.reply_id, thread_id=thread_id)
        await _say_back(connection, one, holder, reply, thread_id)
    return [
        Received(one.kept is not None, one.sense, None if one.holder is None else one.holder.address_id, one.back)
        for one in arrivals
    ]


async def _keep(connection: AsyncConnection, keyring: Keyring, arrivals: Sequence[_Arrival], now: datetime) -> None:
    """Write them down as they came; a stranger's under the school's key."""
    school_id = arrivals[0].text.school_id
    strangers = any(one.holder is None for one in arrivals)
    ours = await school_key(connection, keyring, school_id) if strangers else None
    replies = []
    for one in arrivals:
        text, holder = one.text, one.holder
        row = row_of(
            text,
            sender_id=text.sender_id,
            channel=ChannelName.VOICE if text.called else text.channel,
            address_id=None if holder is None else holder.address_id,
            now=now,
        )
        words = f"[image] {text.words}".strip() if text.pictures else text.words
        seal = ours if holder is None else holder.seal
        replies.append((row, words, cast("Seal", seal), text.number if holder is None else None))
    for one, kept in zip(arrivals, await keep_all(connection, keyring, replies), strict=True):
        one.kept, one.sense = kept, one.meaning.sense


async def _ask_about_strangers(connection: AsyncConnection, arrivals: Sequence[_Arrival], now: datetime) -> None:
    """Let the office say who writes from a number that we do not know."""
    for one in arrivals:
        if one.kept is not None and one.holder is None:
            await settle(connection, (one.kept, {"sense": one.sense}))
            likely = await propose(connection, one.text.school_id, one.text.words, day=now.date())
            await ask_a_person(connection, one.kept, proposal=likely)


async def _do(
    connection: AsyncConnection, keyring: Keyring, one: _Arrival, holder: Holder, heard: Heard, around: Around
) -> Understood:
    """Do what a text from an address that we know says; what is said back to a wish about our writing stays with it."""
    text, meaning, kept = one.text, one.meaning, cast("Kept", one.kept)
    one.choice = await _chosen(connection, one, holder, heard, around)
    if one.choice is None:
        asked = around.asked.get((holder.address_id, text.sender_id))
        numbered = await by_number(connection, keyring, kept, text, holder, heard, asked)
        if numbered is not None:
            one.back = numbered.back
            return numbered.outcome
    one.back = await _act(connection, text, meaning, holder, heard.now)
    if one.choice is not None:
        offer = next((sent for sent in heard.copies if sent.offers and sent.copy_id in one.choice.copies), None)
        begun = offer and await told_by(connection, keyring, kept, holder, heard, offer)
        if begun:
            one.back = begun.back
            return begun.outcome
        return await _choose(connection, heard, one.choice)
    if meaning.sense is Sense.MISSED_CALL:
        await call_back(connection, school_id=text.school_id, about=heard.about, now=heard.now)
        return Understood(Sense.MISSED_CALL, about=heard.about)
    if one.back is not None or meaning.sense in (Sense.STOP, Sense.WRONG_NUMBER, Sense.PICTURE):
        return Understood(meaning.sense, Taken.NOTED if one.back or meaning.sense is not Sense.PICTURE else None)
    return await understand(connection, heard)


async def _chosen(
    connection: AsyncConnection, one: _Arrival, holder: Holder, heard: Heard, around: Around
) -> Chosen | None:
    """Read what a number chooses, where we asked back; one that points at a message answers that."""
    asked = around.asked.get((holder.address_id, one.text.sender_id))
    if asked is None or is_of_hours(asked):
        return None
    points_at_one = any(one.text.quoted in sent.names for sent in heard.copies)
    return await chosen(
        connection,
        asked,
        school_id=one.text.school_id,
        number=one.meaning.number if plain(one.text.words).isdigit() and not points_at_one else None,
        asked_since=next((sent.sent_at for sent in heard.copies if sent.is_open), None),
        seal=holder.seal,
        now=heard.now,
    )


async def _say_back(connection: AsyncConnection, one: _Arrival, holder: Holder, reply: Put, thread_id: int) -> None:
    """Choose the one thing that is said back, if any: a question which of several is meant, or a confirmation."""
    text, outcome = one.text, reply.outcome
    if outcome.which:
        one.back = await ask_which(
            connection, reply.kept, outcome.which, language=holder.language, school=holder.school
        )
        return
    one.back = one.back or _confirmation(text, outcome, holder)
    if one.back is not None and (
        text.opted
        or not await may_say_back(
            connection,
            school_id=text.school_id,
            address_id=holder.address_id,
            thread_id=thread_id,
            reply_id=reply.kept.reply_id,
            unseen=(text.pictures or outcome.taken is Taken.TOO_MANY) and outcome.sense is Sense.WORDS,
            alarm=one.back.what is What.CALLING,
            hours=one.back.what is What.HOURS,
            now=reply.heard.now,
        )
    ):
        one.back = None


async def _act(connection: AsyncConnection, text: Text, meaning: Meaning, holder: Holder, now: datetime) -> Back | None:
    """Do what needs no notice: stop, start, another language, a stranger's number; gives what is said back to it."""
    school_id, address_id = text.school_id, holder.address_id
    match meaning.sense:
        case Sense.STOP:
            await stop_writing(
                connection, school_id=school_id, address_id=address_id, sender_id=text.sender_id, now=now
            )
        case Sense.WRONG_NUMBER:
            await wrong_number(connection, school_id=school_id, address_id=address_id, now=now)
        case Sense.START:
            if not await write_again(
                connection, school_id=school_id, address_id=address_id, sender_id=text.sender_id, now=now
            ):
                return None
        case Sense.LANGUAGE if meaning.language is not None:
            await write_in(connection, school_id=school_id, address_id=address_id, language=meaning.language)
            return Back(What.LANGUAGE, meaning.language, holder.school)
        case _:
            pass
    what = _ACTS.get(meaning.sense)
    return None if what is None else Back(what, holder.language, holder.school)


async def _choose(connection: AsyncConnection, heard: Heard, choice: Chosen) -> Understood:
    """Let the words that we asked back about answer what was chosen."""
    copies = [sent for sent in heard.copies if sent.copy_id in choice.copies]
    copies = await with_pupils(connection, heard.school_id, copies)
    first = Heard(
        heard.school_id, heard.school, heard.through, choice.words, meaning_of(choice.words), copies, heard.adults,
        heard.now,
    )  # fmt: skip
    outcome = await take(connection, first, copies)
    about = tuple({pupil_id for sent in copies for pupil_id in sent.pupils})
    return outcome if outcome.taken is None else Understood(Sense.CHOICE, outcome.taken, outcome.about, pupils=about)


def _meaning(text: Text) -> Meaning:
    """Say what was said: by the provider's own word, by its silence, or by its words."""
    if text.called:
        return Meaning(Sense.MISSED_CALL)
    if text.stop:
        return Meaning(Sense.STOP)
    return Meaning(Sense.PICTURE) if text.pictures and not text.words.strip() else meaning_of(text.words)


def _confirmation(text: Text, outcome: Understood, holder: Holder) -> Back | None:
    """Choose the one sentence that is said back, if any."""
    what = None
    if outcome.sense in (Sense.STOP, Sense.WRONG_NUMBER):
        return None
    if outcome.taken in BOUNDS:
        return bounds_back(outcome, holder.language, holder.school)
    if text.pictures:
        what = What.NO_PICTURES
    elif outcome.sense is Sense.SHOULD_BE_HERE and outcome.taken in (Taken.NOTED, Taken.WHO):
        what = What.CALLING
    elif outcome.done and outcome.taken is not Taken.ALREADY:
        what = What.THANKS
    return None if what is None else Back(what, holder.language, holder.school)
