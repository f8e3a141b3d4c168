"""A mail's whole way, through a real Postfix and a real Dovecot: there sealed and whole, back as answer or bounce."""

import asyncio
from base64 import b64encode
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from email import message_from_bytes, policy
from email.message import EmailMessage

import aiosmtplib
import dkim
import mail_servers
import pytest
from aiosmtpd.lmtp import LMTP
from aiosmtpd.smtp import SMTP, Envelope
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from channels.email import SmtpEmail
from hub.errors import DeadAddressError
from hub.letters.reading import Bounce, Mailbox, ReadMail, read_mail
from hub.ports import LINK_CODE, Account, Body, ChannelName, Outgoing
from hub.settings import Settings

KEY = rsa.generate_private_key(65537, 2048)
SCHOOL = Account(
    key="k1",
    channel=ChannelName.EMAIL,
    provider="smtp",
    address="info@ecole.test",
    name="École Jean-Exemple",
    dkim_key="s1:" + KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode(),
)
BODY = Body(
    text=f"Bonjour,\n\nMerci de répondre — OUI ou NON.\nhttps://hub.example/l/{LINK_CODE}\n",
    language="fr",
    subject="Réunion de rentrée",
    html=f"<p>Bonjour</p><p lang=ar dir=rtl>مرحبا</p><a href='https://hub.example/l/{LINK_CODE}'>Répondre</a>",
)


class Hub:
    """The hub's own letter box; the mailboxes of `plein.example` are full."""

    def __init__(self) -> None:
        self.got: asyncio.Queue[ReadMail] = asyncio.Queue()

    async def handle_RCPT(  # noqa: N802  # aiosmtpd's name
        self, _server: SMTP, _session: object, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if address.endswith("@plein.example"):
            return "552 5.2.2 mailbox full"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: SMTP, _session: object, envelope: Envelope) -> str:  # noqa: N802
        assert isinstance(envelope.content, bytes)
        read = read_mail(envelope.content, recipient=envelope.rcpt_tos[0], envelope_sender=envelope.mail_from)
        await self.got.put(read)
        return "250 2.0.0 taken"


@dataclass(frozen=True, slots=True)
class House:
    hub: Hub
    post: mail_servers.PostOffice
    email: SmtpEmail


@pytest.fixture
async def house() -> AsyncIterator[House]:
    if reason := mail_servers.missing():
        pytest.skip(reason)
    hub, loop = Hub(), asyncio.get_running_loop()
    calls: list[LMTP] = []

    def answer() -> LMTP:
        calls.append(LMTP(hub, loop=loop))
        return calls[-1]

    listener = await loop.create_server(answer, "127.0.0.1", 0)
    with mail_servers.post_office(listener.sockets[0].getsockname()[1]) as post:
        email = SmtpEmail(
            Settings(
                smtp_host="127.0.0.1",
                smtp_port=post.smtp_port,
                mail_domain="ecole.test",
                public_url="https://hub.example",
            )
        )
        yield House(hub, post, email)
        await email.close()
    listener.close()
    for call in calls:
        if call.transport is not None:
            call.transport.abort()
    await asyncio.sleep(0)


def a_message(to: str, number: int) -> Outgoing:
    return Outgoing(
        attempt_id=number,
        token=f"b.{number}.abc",
        to=to,
        body=BODY,
        link_code="abcdef123456",
        account=SCHOOL,
        message_id=f"n.{number}@ecole.test",
        reply_token=f"r.{number}.abc",
    )


async def arrived(post: mail_servers.PostOffice, mailbox: str) -> bytes:
    """Ask the mailbox until a mail is there."""
    async with asyncio.timeout(30):
        while not (mails := await asyncio.to_thread(post.mails_of, mailbox)):
            pass
    return mails[0]


def public_key(_name: bytes, timeout: int = 5) -> bytes:  # noqa: ARG001  # dkimpy's signature
    return b"v=DKIM1; k=rsa; p=" + b64encode(
        KEY.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    )


async def test_a_mail_goes_to_a_real_mailbox_and_its_answer_and_bounces_come_back(house: House) -> None:
    await house.email.send(a_message("amina@familles.example", 1))
    raw = await arrived(house.post, "amina@familles.example")

    assert dkim.verify(raw, dnsfunc=public_key)
    mail = message_from_bytes(raw, policy=policy.default)
    plain = mail.get_body(("plain",))
    assert plain is not None
    assert "Merci de répondre — OUI ou NON.\r\nhttps://hub.example/l/abcdef123456" in plain.get_content()
    assert mail["Return-Path"] == "<rebond+b.1.abc@ecole.test>"

    answer = EmailMessage(policy=policy.SMTP)
    answer["From"], answer["To"], answer["Subject"] = "amina@familles.example", mail["Reply-To"], "RE"
    answer.set_content("OUI, à trois.\n\nLe mar. 1 sept., École <info@ecole.test> a écrit :\n> Bonjour,\n")
    await aiosmtplib.send(answer, hostname="127.0.0.1", port=house.post.smtp_port, start_tls=False)
    async with asyncio.timeout(30):
        reply = await house.hub.got.get()
    assert (reply.mailbox, reply.token, reply.reply) == (Mailbox.REPLY, "r.1.abc", "OUI, à trois.")
    assert not reply.auto_reply

    await house.email.send(a_message("awa@plein.example", 2))
    async with asyncio.timeout(30):
        bounced = await house.hub.got.get()
    assert (bounced.mailbox, bounced.token, bounced.auto_reply) == (Mailbox.BOUNCE, "b.2.abc", True)
    assert bounced.bounce is not None
    assert replace(bounced.bounce, diagnostic=None) == Bounce("awa@plein.example", permanent=True, status="5.2.2")

    with pytest.raises(DeadAddressError):
        await house.email.send(a_message("x@mort.example", 3))
