"""What no way out may ever carry, said once for all of them and checked before anything leaves the school."""

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Final

from hub.errors import RejectedError
from hub.ports import LINK_CODE, Body, ChannelName, Limits, Outgoing

ADDRESS_SHAPES: Final[dict[ChannelName, re.Pattern[str]]] = {
    ChannelName.SMS: re.compile(r"\+[1-9][0-9]{6,14}"),
    ChannelName.VOICE: re.compile(r"\+[1-9][0-9]{6,14}"),
    ChannelName.EMAIL: re.compile(
        r"[^\s@<>()\[\],;:\\\"\x00-\x1f\x7f]{1,64}@[^\s@<>()\[\],;:\\\"_\x00-\x1f\x7f]{1,253}"
    ),
    ChannelName.CHAT: re.compile(r"-?[1-9][0-9]{0,18}"),
    ChannelName.PUSH: re.compile(
        r'\{"endpoint":"https?://[!#-\[\]-~]{1,2100}","p256dh":"[A-Za-z0-9_-]{87}","auth":"[A-Za-z0-9_-]{22}"\}'
    ),
}
"""What an address of each channel looks like (phones: E.164; notifications: JSON, `channels.push_hosts`).

A channel without a row takes what is none of these.
"""

_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f\u2028\u2029\ud800-\udfff]")
_CONTROL_IN_TEXT: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]|\r(?!\n)")
_CODE: Final = re.compile(r"[A-Za-z0-9._~-]*")
_MESSAGE_ID: Final = re.compile(r"<?[!-;=?-~]*>?")
_OWN: Final = re.compile(r"[A-Za-z0-9._~-]+ [A-Za-z0-9._~-]+ [A-Za-z0-9._~-]* <?[!-;=?-~]*>?")
"""A token, a link code, a reply token or none, and a message id or none, with a space between."""

Rule = tuple[str, str, Callable[[Outgoing], bool]]

RULES: Final[tuple[Rule, ...]] = (
    ("no-address", "There is no address to send to", lambda m: not m.to.strip()),
    ("control-in-address", "The address holds a line break or control character", lambda m: _controls(m.to)),
    ("foreign-address", "The address belongs to another channel", lambda m: not _is_address(m.account.channel, m.to)),
    (
        "control-in-sender",
        "The sender's address or name holds a line break or control character",
        lambda m: _controls(m.account.address) or _controls(m.account.name),
    ),
    (
        "no-link-code",
        "The text has room for a link code and was given none",
        lambda m: not m.link_code and LINK_CODE in m.body.text + (m.body.html or ""),
    ),
    ("bad-link-code", "The link code is not a code", lambda m: not _CODE.fullmatch(m.link_code)),
    ("bad-token", "The attempt's token is not a token", lambda m: not (m.token and _CODE.fullmatch(m.token))),
    ("bad-reply-token", "The reply token is not a token", lambda m: not _CODE.fullmatch(m.reply_token)),
    ("bad-message-id", "The message id is not an id", lambda m: not _MESSAGE_ID.fullmatch(m.message_id)),
)
"""Code, sentence, and how to tell; a rule here holds for every channel. What concerns the words is in `_fault`."""


def refuse(message: Outgoing, channel: ChannelName, limits: Limits) -> None:
    """Refuse what must not leave; every channel calls this before it opens a connection.

    A line break in a header is how a stranger adds headers of his own; an unfilled link code leads nowhere.
    Raises RejectedError with our own code (`refused.no-address`); its sentence never repeats the content.
    """
    if message.account.channel is not channel:
        raise RejectedError("The sender belongs to another channel", code="refused.foreign-sender")
    if not _is_plainly_good(message):
        for code, sentence, is_so in RULES:
            if is_so(message):
                raise RejectedError(sentence, code=f"refused.{code}")
    fault = _fault(message.body, limits.text_max)
    if fault is not None:
        raise RejectedError(fault[1], code=f"refused.{fault[0]}")


def _is_plainly_good(message: Outgoing) -> bool:
    """Say at a glance that no rule refuses the message: so it is with nearly all of them. False says nothing."""
    shape, account = ADDRESS_SHAPES.get(message.account.channel), message.account
    own = f"{message.token} {message.link_code} {message.reply_token} {message.message_id}"
    return (
        shape is not None
        and shape.fullmatch(message.to) is not None
        and message.to.isprintable()
        and _OWN.fullmatch(own) is not None
        and account.address.isprintable()
        and account.name.isprintable()
    )


@lru_cache(maxsize=512)
def _fault(body: Body, text_max: int) -> tuple[str, str] | None:
    """Say what is wrong with the words; asked once for all copies that share them. `text_max` in characters."""
    if not body.text.strip():
        return "no-text", "There is nothing to read"
    if len(body.text) > text_max:
        return "text-too-long", "The text is longer than this channel carries"
    if _CONTROL_IN_TEXT.search(body.text) or _CONTROL_IN_TEXT.search(body.html or ""):
        return "control-in-text", "The text holds a control character"
    if _controls(body.subject or "") or _controls(body.language):
        return "control-in-subject", "The subject holds a line break or control character"
    return None


def _controls(value: str) -> bool:
    return not value.isprintable() and _CONTROL.search(value) is not None


def _is_address(channel: ChannelName, address: str) -> bool:
    shape = ADDRESS_SHAPES.get(channel)
    if shape is not None:
        return shape.fullmatch(address) is not None
    return not any(other.fullmatch(address) for other in ADDRESS_SHAPES.values())
