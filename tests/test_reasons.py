"""Why each adult must be called: the sentence that the caller reads first."""

import pytest
from factories import NOW, Adult, by_mail, by_sms
from watching import PHONE_AND_MAIL, Watch

from hub.models.people import LastRung, Means
from hub.notices.reasons import Reason, Why, wish
from hub.outbox.ladder import climb
from hub.ports import ChannelName, Lane
from hub.tables import delivery

STOP = (
    "INSERT INTO stop (school_id, sender_id, address_id, at) "
    "SELECT school_id, id, 1, '2026-11-20 06:00:00+00:00' FROM sender"
)
WHY = {
    "nothing": (Adult(), (), Why(Reason.NOTHING_ON_FILE)),
    "landline": (
        Adult(reached_by=((ChannelName.VOICE, "+33261990001"),)),
        (),
        Why(Reason.LANDLINE_ONLY),
    ),
    "no receipt": (
        by_sms(),
        ("UPDATE attempt SET state = 'accepted', look_at = NULL, sending_at = due_at",),
        Why(Reason.NO_RECEIPT, ChannelName.SMS, NOW),
    ),
    "no answer": (
        by_sms(),
        (
            "UPDATE attempt SET state = 'delivered', look_at = NULL, sending_at = due_at",
            "UPDATE delivery SET chased = true",
        ),
        Why(Reason.NO_ANSWER),
    ),
    "dead": (
        by_sms(),
        (
            "UPDATE attempt SET state = 'failed', error_kind = 'dead_address', look_at = NULL, sending_at = due_at",
            "UPDATE address SET state = 'dead'",
        ),
        Why(Reason.DEAD, ChannelName.SMS, NOW),
    ),
    "switched off": (
        by_sms(),
        ("UPDATE attempt SET state = 'failed', error_kind = 'temporary', look_at = NULL, sending_at = due_at",),
        Why(Reason.UNREACHABLE, ChannelName.SMS, NOW),
    ),
    "stopped": (
        by_mail(),
        (
            "UPDATE attempt SET state = 'withdrawn', look_at = NULL",
            STOP,
        ),
        Why(Reason.STOPPED, ChannelName.EMAIL),
    ),
    "wrong": (
        by_sms(),
        (
            "UPDATE attempt SET state = 'withdrawn', error_code = 'wrong_number', look_at = NULL, sending_at = due_at",
            "UPDATE address SET state = 'wrong'",
        ),
        Why(Reason.WRONG, ChannelName.SMS, NOW),
    ),
    "lost": (
        by_sms(),
        ("UPDATE attempt SET state = 'unknown', look_at = NULL, sending_at = due_at",),
        Why(Reason.UNSURE, ChannelName.SMS, NOW),
    ),
    "refused": (
        by_mail(),
        ("UPDATE attempt SET state = 'failed', error_kind = 'rejected', look_at = NULL, sending_at = due_at",),
        Why(Reason.REFUSED, ChannelName.EMAIL, NOW),
    ),
    "late": (
        by_sms(),
        ("UPDATE attempt SET state = 'withdrawn', look_at = NULL",),
        Why(Reason.NOT_SENT, ChannelName.SMS),
    ),
}


@pytest.mark.parametrize("case", WHY)
async def test_the_list_says_why_each_adult_must_be_called(watch: Watch, case: str) -> None:
    adult, happened, wanted = WHY[case]
    await watch.small.family(adult)
    await watch.press()
    await watch.set_states(Odile="to_call")
    for sql in happened:
        await watch.small.write(sql)

    (left,) = await watch.left()

    assert left.why == wanted


@pytest.mark.parametrize(
    ("happened", "wanted"),
    [
        ("UPDATE address SET state = 'wrong'", Why(Reason.WRONG, ChannelName.SMS)),
        ("UPDATE address SET state = 'dead'", Why(Reason.DEAD, ChannelName.SMS)),
        ("UPDATE sender SET stopped_at = '2026-11-24 06:00:00+00:00'", Why(Reason.NO_SENDER, ChannelName.SMS)),
        (STOP, Why(Reason.STOPPED, ChannelName.SMS)),
    ],
)
async def test_the_list_says_why_nothing_was_even_tried(watch: Watch, happened: str, wanted: Why) -> None:
    await watch.small.family(Adult(name="Ada", reached_by=PHONE_AND_MAIL[:1]))
    await watch.small.write(happened)
    await watch.press()

    (left,) = await watch.left()

    assert left.why == wanted


async def test_the_last_way_that_was_tried_is_the_one_that_counts(watch: Watch) -> None:
    await watch.small.family(Adult(name="Ada", reached_by=PHONE_AND_MAIL))
    await watch.press()
    failed = "UPDATE attempt SET state = 'failed', error_kind = 'dead_address', sending_at = :at WHERE copy_id = :copy"
    at = "2026-11-24 06:12:00.000000" if watch.small.database.dialect == "sqlite" else NOW
    await watch.small.write(failed, at=at, copy=1)
    async with watch.small.database.engine() as connection:
        await climb(connection, delivery.c.id == 1, lane=Lane.URGENT, now=NOW)
    await watch.small.write("UPDATE attempt SET state = 'accepted', sending_at = due_at WHERE copy_id = 2")
    await watch.set_states(Ada="to_call")

    (left,) = await watch.left()

    assert left.why == Why(Reason.NO_RECEIPT, ChannelName.EMAIL, NOW)


def test_every_reason_is_a_sentence_for_every_way() -> None:
    for reason in Reason:
        for way in (None, *ChannelName):
            assert Why(reason, way).sentence.endswith(".")


def test_a_caller_reads_how_an_adult_wishes_to_be_reached() -> None:
    assert wish(Means.ANY, LastRung.CALL) is None
    assert wish(Means.WRITE_ONLY, LastRung.CALL) == "Ne veut pas d'appel : un mot écrit."
    assert wish(Means.CALL_FIRST, LastRung.CALL) == "Souhaite d'abord un appel."
    assert wish(Means.ANY, LastRung.RELAY) == "À prévenir par une personne relais."
