"""One table of what must never leave, run against every channel; none of it opens a connection."""

from dataclasses import replace

import pytest

from channels.chat import TelegramChat
from channels.email import SmtpEmail
from channels.push import WebPush
from channels.refusals import refuse
from channels.sms import TwilioSms
from channels.voice import TwilioVoice
from hub.errors import RejectedError
from hub.ports import LINK_CODE, Account, Body, Channel, ChannelName, Limits, Outgoing
from hub.settings import Settings

BROWSER = (
    '{"endpoint":"https://fcm.googleapis.com/fcm/send/abc","p256dh":'
    '"BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",'
    '"auth":"BTBZMqHH6r4Tts7J_aSIgg"}'
)
SENDERS = {
    ChannelName.SMS: Account(
        key="k1", channel=ChannelName.SMS, provider="twilio", address="Ecole", login="AC1", secret="s"
    ),
    ChannelName.VOICE: Account(
        key="k5", channel=ChannelName.VOICE, provider="twilio", address="+33937000200", login="AC1", secret="s"
    ),
    ChannelName.EMAIL: Account(
        key="k2", channel=ChannelName.EMAIL, provider="smtp", address="info@ecole.test", name="École"
    ),
    ChannelName.PUSH: Account(
        key="k3", channel=ChannelName.PUSH, provider="webpush", address="mailto:info@ecole.test", secret="s"
    ),
    ChannelName.CHAT: Account(
        key="k4", channel=ChannelName.CHAT, provider="telegram", address="ecole_bot", secret="42:s"
    ),
}
ADDRESSES = {
    ChannelName.SMS: "+33639980001",
    ChannelName.VOICE: "+33639980001",
    ChannelName.EMAIL: "amina@familles.example",
    ChannelName.PUSH: BROWSER,
    ChannelName.CHAT: "7001",
}


def a_good_message(channel: ChannelName) -> Outgoing:
    return Outgoing(
        attempt_id=1,
        token="tok1",
        to=ADDRESSES[channel],
        body=Body(text="Bonjour", language="fr", subject="Réunion", html="<p>Bonjour</p>"),
        link_code="abcdef123456",
        account=SENDERS[channel],
        message_id="n.1@ecole.test",
        reply_token="r.1.abc",
    )


def with_body(message: Outgoing, **changes: str) -> Outgoing:
    return message._replace(body=replace(message.body, **changes))


def with_sender(message: Outgoing, **changes: str) -> Outgoing:
    return message._replace(account=replace(message.account, **changes))


REFUSED = {
    "no-address": lambda m: m._replace(to=" "),
    "control-in-address": lambda m: m._replace(to=m.to + "\r\nBcc: x@y.example"),
    "foreign-address": lambda m: m._replace(to="amina@familles.example" if m.to.startswith("+") else "+33639980001"),
    "control-in-sender": lambda m: with_sender(m, name="École\nBcc: x@y.example"),
    "no-link-code": lambda m: with_body(m._replace(link_code=""), text="Voir " + LINK_CODE),
    "bad-link-code": lambda m: m._replace(link_code="abc\r\n.\r\n"),
    "bad-token": lambda m: m._replace(token="tok>\r\nX: y"),
    "bad-reply-token": lambda m: m._replace(reply_token="a b"),
    "bad-message-id": lambda m: m._replace(message_id="a\r\nX: y"),
    "no-text": lambda m: with_body(m, text=" \n"),
    "text-too-long": lambda m: with_body(m, text="x" * 100_001),
    "control-in-text": lambda m: with_body(m, text="Bonjour\x00"),
    "control-in-subject": lambda m: with_body(m, subject="Réunion\r\nBcc: x@y.example"),
}
"""The code of each refusal and how a good message becomes one that must be refused."""


@pytest.fixture(params=[TwilioSms, TwilioVoice, SmtpEmail, WebPush, TelegramChat])
async def channel(request: pytest.FixtureRequest, unused_tcp_port: int) -> Channel:
    nobody = Settings(
        twilio_url=f"http://127.0.0.1:{unused_tcp_port}", smtp_host="127.0.0.1", smtp_port=unused_tcp_port
    )
    made: Channel = request.param(nobody)
    return made


@pytest.mark.parametrize("code", REFUSED)
async def test_every_channel_refuses_what_must_never_leave(channel: Channel, code: str) -> None:
    with pytest.raises(RejectedError) as refusal:
        await channel.send(REFUSED[code](a_good_message(channel.name)))
    assert refusal.value.code == f"refused.{code}"
    await channel.close()


async def test_a_sender_of_another_channel_is_refused(channel: Channel) -> None:
    other = next(sender for name, sender in SENDERS.items() if name is not channel.name)
    with pytest.raises(RejectedError) as refusal:
        await channel.send(a_good_message(channel.name)._replace(account=other))
    assert refusal.value.code == "refused.foreign-sender"
    await channel.close()


@pytest.mark.parametrize("name", SENDERS)
def test_a_good_message_passes(name: ChannelName) -> None:
    refuse(a_good_message(name), name, Limits(text_max=1600, per_second=None, connections=1))


def test_ordinary_writing_passes() -> None:
    limits = Limits(text_max=1600, per_second=None, connections=1)
    for text in ("Ligne 1\r\nLigne 2\tfin", "مرحبا\u200f !", "👩‍👧 à 18 h"):
        refuse(with_body(a_good_message(ChannelName.SMS), text=text), ChannelName.SMS, limits)


@pytest.mark.parametrize("to", ["a\ud800@familles.example", "a@\udfff.example"])
def test_the_glance_passes_nothing_that_the_rules_refuse(to: str) -> None:
    with pytest.raises(RejectedError) as refused:
        refuse(a_good_message(ChannelName.EMAIL)._replace(to=to), ChannelName.EMAIL, Limits(1600, None, 1))
    assert refused.value.code == "refused.control-in-address"
