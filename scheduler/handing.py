"""At the provider's counter: one message is handed over once, and what comes of it is said in the register's words."""

from collections.abc import Awaitable, Callable

import structlog

from hub.errors import (
    BusyAddressError,
    ChannelError,
    DeadAddressError,
    MisconfiguredError,
    PasserelleError,
    RejectedError,
    StoppedError,
    TemporaryError,
    UnknownOutcomeError,
)
from hub.models.notices import ErrorKind
from hub.outbox.record import Outcome, Result
from hub.outbox.wordings import SenderCard
from hub.ports import Channel, Outgoing
from scheduler.pace import Pace

log = structlog.get_logger(__name__)

Alarm = Callable[[SenderCard, MisconfiguredError], Awaitable[None]]


async def hand_over(
    channel: Channel,
    outgoing: Outgoing,
    card: SenderCard,
    pace: Pace,
    *,
    wait: float,
    settle_after: float,
    alarm: Alarm,
) -> Outcome:
    """Hand over once, and say what came of it.

    `wait`: seconds until silence after it means something; `settle_after`: until an unknown outcome is asked about;
    `alarm` is told that our own account is at fault.
    """
    number = outgoing.attempt_id
    try:
        sent = await channel.send(outgoing)
    except TemporaryError as error:
        busy = isinstance(error, BusyAddressError)
        if error.retry_after is not None and not busy:
            pace.rest(error.retry_after)
        result = Result.LATER if busy and error.code is None else Result.NOT_TAKEN
        return Outcome(number, result, wait=error.retry_after, error_code=error.code)
    except UnknownOutcomeError as error:
        return Outcome(number, Result.UNKNOWN, wait=settle_after, error_code=error.code)
    except MisconfiguredError as error:
        await alarm(card, error)
        return Outcome(number, Result.NOT_TAKEN, wait=0.0, error_code=error.code)
    except ChannelError as error:
        return Outcome(number, Result.FAILED, error_kind=kind_of(error), error_code=error.code)
    except Exception as error:  # noqa: BLE001 (a fault of ours in a channel: the provider may have it; never lost)
        log.error("channel fault", attempt=number, kind=type(error).__name__)  # noqa: TRY400 (no text of the error)
        return Outcome(number, Result.UNKNOWN, wait=settle_after)
    cost = sent.cost or card.price * sent.segments
    return Outcome(number, Result.ACCEPTED, wait, sent.provider_id, sent.segments, cost)


def kind_of(error: PasserelleError) -> ErrorKind:
    """Say in the register's words why a provider refused."""
    kinds: dict[type[PasserelleError], ErrorKind] = {
        DeadAddressError: ErrorKind.DEAD_ADDRESS,
        StoppedError: ErrorKind.STOPPED,
        RejectedError: ErrorKind.REJECTED,
    }
    return kinds.get(type(error), ErrorKind.REJECTED)
