"""Mail where no mail server can call us: fetched from a real Dovecot, each once, and nobody else's is touched."""

import asyncio
import imaplib
import smtplib
import socket
import ssl
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path
from typing import NoReturn

import mail_servers
import pytest
import pytest_asyncio
import trustme
from desks import on_one_database
from factories import NOW, by_mail
from family_door import Door, a_door
from sqlalchemy.exc import OperationalError

from cli.reaching import mail_listener, mailbox
from hub.database import Database
from hub.ports import NoticeKind
from hub.sealing import Keyring
from hub.settings import Settings
from web.house import House
from web.imap_box import AWAY
from web.mail_in import LetterSlot
from web.mail_poll import LAID_ASIDE, TAKEN_TO, MailPoll

DOMAIN = "familles.example"
OURS = f"reponse@{DOMAIN}"
ODILE, AWA = f"odile@{DOMAIN}", f"awa@{DOMAIN}"

pytestmark = on_one_database


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def post(authority: trustme.CA) -> Iterator[mail_servers.PostOffice]:
    if reason := mail_servers.missing():
        pytest.skip(reason)
    certificate = authority.issue_cert("localhost").private_key_and_cert_chain_pem.bytes()
    with mail_servers.post_office(9, certificate=certificate) as opened:
        yield opened


@dataclass
class Fetching:
    """A hub whose mail lies in a mailbox elsewhere."""

    door: Door
    post: mail_servers.PostOffice
    poll: MailPoll

    def append(self, raw: bytes, *flags: str) -> None:
        """Lay a mail into our mailbox, as its server does."""
        with imaplib.IMAP4("127.0.0.1", self.post.imap_port) as imap:
            imap.login(OURS, mail_servers.PASSWORD)
            imap.append("INBOX", " ".join(flags) or None, None, raw)

    def flags(self, folder: str = "INBOX") -> list[set[str]]:
        """Say which mails a folder holds, by their flags."""
        with imaplib.IMAP4("127.0.0.1", self.post.imap_port) as imap:
            imap.login(OURS, mail_servers.PASSWORD)
            if imap.select(folder, readonly=True)[0] != "OK":
                return []
            numbers = imap.search(None, "ALL")[1][0].decode().split()
            found = imap.fetch(",".join(numbers), "(FLAGS)")[1] if numbers else []
            given = [imaplib.ParseFlags(line) for line in found if line]
            return [{flag.decode() for flag in flags} - {"\\Recent"} for flags in given]

    def empty(self) -> None:
        """Begin with an empty mailbox."""
        with imaplib.IMAP4("127.0.0.1", self.post.imap_port) as imap:
            imap.login(OURS, mail_servers.PASSWORD)
            imap.select("INBOX")
            for number in imap.search(None, "ALL")[1][0].decode().split():
                imap.store(number, "+FLAGS", r"(\Deleted)")
            imap.expunge()
            for folder in (TAKEN_TO, LAID_ASIDE):
                imap.delete(folder)

    def address(self, place: int = -1) -> str:
        return f"reponse+{self.door.mail.sent[place].reply_token}@{DOMAIN}"


def url(post: mail_servers.PostOffice, user: str = OURS) -> str:
    return f"imap://{user.replace('@', '%40')}:{mail_servers.PASSWORD}@127.0.0.1:{post.imap_port}/INBOX"


@pytest_asyncio.fixture
async def fetching(database: Database, keyring: Keyring, post: mail_servers.PostOffice) -> AsyncIterator[Fetching]:
    async with a_door(database, keyring, public_url=None, mail_domain=DOMAIN) as door:
        poll = MailPoll(door.house, url(post))
        opened = Fetching(door, post, poll)
        opened.empty()
        yield opened
        await poll.close()


def a_mail(to: str, words: str, *, sender: str = ODILE, number: int = 1, answers: str = "") -> bytes:
    mail = EmailMessage(policy=SMTP)
    mail["From"], mail["To"], mail["Subject"] = sender, to, "RE"
    mail["Message-ID"] = f"<{number}@{DOMAIN}>"
    if answers:
        mail["References"] = f"<first@{DOMAIN}> {answers}"
    mail.set_content(f"{words}\n\nLe mar. 24 nov., École <ecole@{DOMAIN}> a écrit :\n> Sortie au musée\n")
    return mail.as_bytes()


async def test_a_familys_mail_comes_by_postfix_and_dovecot_and_is_moved_once_it_is_taken(fetching: Fetching) -> None:
    await fetching.door.small.family(by_mail(ODILE))
    await fetching.door.press()
    with smtplib.SMTP("127.0.0.1", fetching.post.smtp_port, local_hostname="mx.test") as line:
        line.sendmail(ODILE, fetching.address(), a_mail(fetching.address(), "Bien reçu !"))
    while not fetching.flags():
        pass

    await fetching.poll.look()
    await fetching.poll.look()

    assert await fetching.door.states() == ["acknowledged"]
    assert [through for _, _, _, through in await fetching.door.answers()] == ["email"]
    assert (fetching.flags(), fetching.flags(TAKEN_TO)) == ([], [{"\\Seen"}])


async def test_a_bounce_is_fetched_as_well_as_brought(fetching: Fetching) -> None:
    await fetching.door.small.family(by_mail(ODILE))
    await fetching.door.press()
    fetching.append(
        f"Return-Path: <>\r\nDelivered-To: rebond+{fetching.door.mail.sent[-1].token}@{DOMAIN}\r\n"
        "From: MAILER-DAEMON@mx.test\r\nTo: <undisclosed>\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n'
        "--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.test\r\n\r\n"
        f"Final-Recipient: rfc822; {ODILE}\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n--b--\r\n".encode()
    )

    await fetching.poll.look()

    assert await fetching.door.small.rows("SELECT state FROM address") == [("dead",)]
    assert await fetching.door.states() == ["to_call"]
    assert fetching.flags(TAKEN_TO) == [{"\\Seen"}]


async def test_somebody_elses_mail_stays_where_it_is_and_unread(fetching: Fetching) -> None:
    fetching.append(a_mail("info@ecole.example", "Devis pour les chaises"))
    fetching.append(a_mail("reponse+c.1.aaaaaaaaaaaaa@else.example", "Autre maison", number=2))

    await fetching.poll.look()
    await fetching.poll.look()

    assert fetching.flags() == [set(), set()]
    assert fetching.flags(TAKEN_TO) == fetching.flags(LAID_ASIDE) == []


async def test_a_mail_that_lost_its_token_is_known_by_the_mail_that_it_answers_or_by_the_family(
    fetching: Fetching,
) -> None:
    await fetching.door.small.family(by_mail(ODILE))
    await fetching.door.press(NoticeKind.ABSENCE)
    named = fetching.door.mail.sent[-1].message_id
    fetching.append(a_mail("Ecole <ECOLE@trois-ponts.test>", "2", answers=named))
    fetching.append(a_mail("ecole@trois-ponts.test", "Bonjour", number=2))
    fetching.append(a_mail(OURS, "Bonjour", sender="someone@else.example", number=3))

    await fetching.poll.look()

    kept = await fetching.door.small.rows("SELECT notice_id, sense, thread_id IS NULL FROM reply ORDER BY id")
    assert kept == [(1, "reason", False), (1, "words", False), (None, "words", True)]
    assert await fetching.door.count("tray_item") == 1
    assert (fetching.flags(), fetching.flags(TAKEN_TO)) == ([], [{"\\Seen"}] * 3)


async def test_what_others_write_to_the_schools_own_mailbox_stays_there_for_a_person(fetching: Fetching) -> None:
    await fetching.door.small.family(by_mail(ODILE))
    fetching.append(a_mail("ecole@trois-ponts.test", "Devis pour les chaises", sender="chaises@else.example"))

    await fetching.poll.look()

    assert fetching.flags() == [set()]
    assert await fetching.door.count("reply") == 0


async def test_the_server_says_by_itself_that_a_mail_came(fetching: Fetching) -> None:
    box = fetching.poll._box
    await asyncio.to_thread(box.open)
    quiet = await asyncio.to_thread(box.wait, 0.05)
    waiting = asyncio.create_task(asyncio.to_thread(box.wait, 60.0))
    await asyncio.to_thread(fetching.append, a_mail(f"reponse+c.1.aaaaaaaaaaaaa@{DOMAIN}", "OK"))

    async with asyncio.timeout(10):
        told = await waiting
    heads = await asyncio.to_thread(box.news)

    assert (quiet, told) == (False, True)
    assert [head.to for head in heads] == [(f"reponse+c.1.aaaaaaaaaaaaa@{DOMAIN}",)]


async def test_a_mail_is_taken_as_soon_as_it_came(fetching: Fetching) -> None:
    """Two looks of a server that says nothing lie twenty seconds apart: three mails would take a minute."""
    for number, box in enumerate((ODILE, AWA, "noe@familles.example")):
        await fetching.door.small.family(by_mail(box), children=(f"Enfant {number}",))
    await fetching.door.press()
    watching = asyncio.create_task(fetching.poll.watch())
    async with asyncio.timeout(30):
        for place, who in enumerate((ODILE, AWA, "noe@familles.example")):
            await asyncio.to_thread(
                fetching.append, a_mail(fetching.address(place), "Bien reçu !", sender=who, number=place)
            )
            while (await fetching.door.states()).count("acknowledged") <= place:
                pass
    watching.cancel()


@pytest.mark.parametrize("tells", [True, False])
async def test_a_server_that_says_nothing_and_a_line_that_does_not_hold_are_asked_now_and_then(
    fetching: Fetching, *, tells: bool
) -> None:
    poll = MailPoll(fetching.door.house, url(fetching.post), every=0.0)
    await poll.look()
    if tells:
        for _ in range(3):
            assert poll._box._line is not None
            poll._box._line.socket().shutdown(socket.SHUT_RDWR)
            with pytest.raises(AWAY):
                await poll.rest()
            await poll.look()
    else:
        poll._box._can -= {"IDLE"}

    async with asyncio.timeout(5):
        await poll.rest()
    await poll.close()


async def test_whoever_listens_to_a_line_that_is_cut_hears_it_at_once(fetching: Fetching) -> None:
    await fetching.poll.look()
    resting = asyncio.create_task(fetching.poll.rest())
    while not fetching.poll._cut_short:
        await fetching.door.states()
    fetching.poll._box.close()

    async with asyncio.timeout(5):
        with pytest.raises(AWAY):
            await resting


async def test_what_cannot_be_taken_is_laid_aside_for_a_person_and_never_looked_at_again(fetching: Fetching) -> None:
    await fetching.door.small.family(by_mail(ODILE))
    await fetching.door.press()
    fetching.append(a_mail(f"reponse+c.1.aaaaaaaaaaaaa@{DOMAIN}", "OK"))
    large = a_mail(fetching.address(), "OK", number=2) + (b"x" * 76 + b"\r\n") * 140_000
    fetching.append(large)

    await fetching.poll.look()
    again = await fetching.poll.look()

    assert not again
    assert (fetching.flags(), fetching.flags(LAID_ASIDE)) == ([], [{"\\Flagged"}, {"\\Flagged"}])
    assert await fetching.door.count("reply") == 0


async def test_a_mail_that_somebody_has_read_or_that_was_taken_but_not_moved_is_taken_once(fetching: Fetching) -> None:
    await fetching.door.small.family(by_mail(ODILE))
    await fetching.door.press()
    raw = a_mail(fetching.address(), "Basile viendra à 9 h.")
    await LetterSlot(fetching.door.house).take(fetching.address(), raw)  # and here the electricity failed
    fetching.append(raw, r"(\Seen)")

    await fetching.poll.look()

    assert await fetching.door.count("reply") == 1
    assert (fetching.flags(), fetching.flags(TAKEN_TO)) == ([], [{"\\Seen"}])


async def test_a_mail_that_trips_does_not_stop_the_others_and_is_laid_aside_in_the_end(fetching: Fetching) -> None:
    for box, child in ((ODILE, "Lina"), (AWA, "Moussa")):
        await fetching.door.small.family(by_mail(box), children=(child,))
    await fetching.door.press()
    await fetching.door.small.write(
        "UPDATE data_key SET wrapped = :torn WHERE id = (SELECT min(data_key_id) FROM address)", torn=b"torn"
    )
    fetching.append(a_mail(fetching.address(0), "OK"))
    fetching.append(a_mail(fetching.address(1), "OK", sender=AWA, number=2))

    await fetching.poll.look()
    first = (await fetching.door.states(), len(fetching.flags()))
    for _ in range(4):
        await fetching.poll.look()

    assert first == (["on_the_way", "acknowledged"], 1)
    assert (fetching.flags(), fetching.flags(LAID_ASIDE)) == ([], [{"\\Flagged"}])


async def test_while_the_database_is_away_the_mail_waits_in_the_mailbox(fetching: Fetching) -> None:
    class Away(Database):
        def school(self, _school_id: int) -> NoReturn:
            raise OperationalError("BEGIN", {}, OSError("away"))

    await fetching.door.small.family(by_mail(ODILE))
    await fetching.door.press()
    fetching.append(a_mail(fetching.address(), "Bien reçu !"))
    small = fetching.door.small
    away = Away(small.database._writing.url.render_as_string(hide_password=False), clock=lambda: NOW)
    poll = MailPoll(House(fetching.door.house.settings, away, small.keyring), url(fetching.post))
    with pytest.raises(OperationalError):
        await poll.look()
    await poll.close()
    await away.close()
    waits = fetching.flags()

    await fetching.poll.look()

    assert waits == [set()]
    assert await fetching.door.states() == ["acknowledged"]


async def test_a_line_that_was_cut_is_opened_again(fetching: Fetching) -> None:
    await fetching.door.small.family(by_mail(ODILE))
    await fetching.door.press()
    await fetching.poll.look()
    fetching.append(a_mail(fetching.address(), "Bien reçu !"))
    fetching.poll._box.close()

    with pytest.raises(AWAY):
        await fetching.poll.look()
    await fetching.poll.look()

    assert await fetching.door.states() == ["acknowledged"]


async def test_a_wrong_password_is_no_reason_to_say_it_aloud(
    fetching: Fetching, capsys: pytest.CaptureFixture[str]
) -> None:
    poll = MailPoll(fetching.door.house, f"imap://{OURS.replace('@', '%40')}:faux@127.0.0.1:{fetching.post.imap_port}")

    with pytest.raises(AWAY) as refused:
        await poll.look()
    await poll.close()

    assert "faux" not in str(refused.value) + capsys.readouterr().out
    assert "faux" not in repr(poll._box._place)


async def test_the_doctor_signs_in_and_moves_nothing(fetching: Fetching) -> None:
    def given(port: int, password: str = mail_servers.PASSWORD, folder: str = "INBOX") -> Settings:
        user = OURS.replace("@", "%40")
        return Settings(mail_domain=DOMAIN, imap_url=f"imap://{user}:{password}@127.0.0.1:{port}/{folder}")

    port = fetching.post.imap_port
    fetching.append(a_mail(f"reponse+c.1.aaaaaaaaaaaaa@{DOMAIN}", "OK"))
    found = [await mailbox(one) for one in (given(port), given(port, "faux"), given(port, folder="Absent"), given(1))]

    assert [one.state.value for (one,) in found] == ["ok", "error", "error", "warning"]
    assert "dès qu'il arrive" in found[0][0].sentence
    assert await mailbox(Settings()) == ()
    assert [(await mail_listener(one)).state.value for one in (given(port), Settings())] == ["ok", "warning"]
    assert fetching.flags() == [set()]


async def test_a_mailbox_is_opened_under_tls_and_only_with_a_good_certificate(
    fetching: Fetching, authority: trustme.CA, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    sealed = url(fetching.post).replace("imap:", "imaps:").replace("127.0.0.1", "localhost")
    poll = MailPoll(fetching.door.house, sealed.replace(str(fetching.post.imap_port), str(fetching.post.imaps_port)))
    fetching.append(a_mail(f"reponse+c.1.aaaaaaaaaaaaa@{DOMAIN}", "OK"))
    with pytest.raises(ssl.SSLCertVerificationError):
        await poll.look()
    untouched = fetching.flags()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))

    await poll.look()
    quiet = await asyncio.to_thread(poll._box.wait, 0.05)
    await poll.look()
    await poll.close()

    assert (untouched, quiet) == ([set()], False)
    assert fetching.flags(LAID_ASIDE) == [{"\\Flagged"}]
