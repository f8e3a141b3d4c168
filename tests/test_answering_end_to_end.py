"""An answer's whole way: a real mailbox shows it below what the family wrote, and so does the family's Telegram."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage

import aiosmtplib
import mail_servers
import pytest
from aiosmtpd.lmtp import LMTP
from chat_door import a_talk, words
from factories import NOW, a_school, by_mail
from test_answering import Desk
from test_mail_end_to_end import Hub

from channels.email import SmtpEmail
from hub.database import Database
from hub.ports import ChannelName
from hub.sealing import Keyring
from hub.settings import Settings
from sandbox.config import BOT

MAILBOX = "amina@familles.example"


@asynccontextmanager
async def a_post_office(hub: Hub) -> AsyncIterator[mail_servers.PostOffice]:
    if reason := mail_servers.missing():
        pytest.skip(reason)
    loop = asyncio.get_running_loop()
    calls: list[LMTP] = []

    def answer() -> LMTP:
        calls.append(LMTP(hub, loop=loop))
        return calls[-1]

    listener = await loop.create_server(answer, "127.0.0.1", 0)
    with mail_servers.post_office(listener.sockets[0].getsockname()[1]) as post:
        yield post
    listener.close()
    for call in calls:
        if call.transport is not None:
            call.transport.abort()
    await asyncio.sleep(0)


async def in_the_mailbox(post: mail_servers.PostOffice, number: int) -> list[EmailMessage]:
    """Ask the mailbox until so many mails are there."""
    async with asyncio.timeout(30):
        while len(mails := await asyncio.to_thread(post.mails_of, MAILBOX)) < number:
            pass
    return [message_from_bytes(raw, EmailMessage, policy=policy.default) for raw in mails]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_real_mailbox_shows_question_and_answer_as_one_conversation(
    database: Database, keyring: Keyring
) -> None:
    hub = Hub()
    async with a_post_office(hub) as post:
        settings = Settings(
            smtp_host="127.0.0.1", smtp_port=post.smtp_port, mail_domain="ecole.test", public_url="https://hub.example"
        )
        desk = Desk(await a_school(database, keyring), settings)
        desk.mail = SmtpEmail(settings)
        [amina] = await desk.small.family(by_mail(MAILBOX))
        notice = await desk.press()
        [asked] = await in_the_mailbox(post, 1)
        await desk.press()
        await in_the_mailbox(post, 2)

        theirs = EmailMessage(policy=policy.SMTP)
        theirs["From"], theirs["To"], theirs["Subject"] = MAILBOX, asked["Reply-To"], f"Re: {asked['Subject']}"
        theirs["Message-ID"], theirs["In-Reply-To"] = "<q.1@fournisseur.example>", asked["Message-ID"]
        theirs.set_content("Faut-il un bonnet ?")
        await aiosmtplib.send(theirs, hostname="127.0.0.1", port=post.smtp_port, start_tls=False)
        async with asyncio.timeout(30):
            read = await hub.got.get()
        number = await desk.wrote(
            amina,
            await desk.address("mailbox"),
            channel=ChannelName.EMAIL,
            notice_id=notice,
            message_id=read.message_id,
        )
        await desk.answer(number, "Oui, un bonnet pour chacun.")
        answer = (await in_the_mailbox(post, 3))[-1]
        together = await asyncio.to_thread(post.conversations_of, MAILBOX)
        await desk.mail.close()

    plain = answer.get_body(("plain",))
    assert plain is not None
    assert "Oui, un bonnet pour chacun." in plain.get_content()
    assert "Mme Exemple" in plain.get_content()
    assert answer["In-Reply-To"] == "<q.1@fournisseur.example>"
    assert answer["References"] == f"{asked['Message-ID']} <q.1@fournisseur.example>"
    assert answer["Subject"] == f"Re: {asked['Subject']}"
    assert answer["Reply-To"].startswith("reponse+c.3.")
    assert together == "((1 3)(2))"


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_in_telegram_the_answer_quotes_what_the_family_wrote_who_may_go_on(
    database: Database, keyring: Keyring
) -> None:
    async with a_talk(database, keyring) as talk:
        await talk.door.look()
        await talk.join()
        await talk.press()
        await talk.box.chats.write("7001", "Faut-il un pique-nique ?")
        await talk.taken()
        [(number, theirs)] = await talk.rows("SELECT thread_id, provider_key FROM reply")

        await Desk(talk.small, talk.settings).answer(number, "Oui, un pique-nique.", now=NOW, leaves=False)
        await talk.drain()

        _, asked = [one for one in talk.box.chats.mail[BOT].asked if one[0].lower() == "sendmessage"][-1]
        shown = talk.last()
        await talk.box.chats.write("7001", "Et une casquette ?")
        await talk.taken()
        threads = await talk.rows("SELECT id, state FROM thread")
        again = await talk.rows("SELECT DISTINCT thread_id FROM reply")

    assert json.loads(asked["reply_parameters"])["message_id"] == int(theirs.rpartition(".")[2])
    assert words(shown).endswith("Mme Exemple, École des Trois-Ponts, vous répond : Oui, un pique-nique.")
    assert (threads, again) == ([(number, "open")], [(number,)])
