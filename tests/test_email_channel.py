"""Mail by SMTP: the letter itself, the seal on it, and the server's answers."""

import asyncio
import ssl
from base64 import b64decode, b64encode
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from email import message_from_bytes, policy
from hashlib import sha256
from threading import Event

import dkim
import pytest
import trustme
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from hypothesis import given, settings
from hypothesis import strategies as st

from channels.email import SmtpEmail
from channels.mime import Letterhead, fill_in, quoted
from channels.seal import relaxed_body, relaxed_headers, sealed
from hub.errors import (
    ChannelError,
    DeadAddressError,
    MisconfiguredError,
    RejectedError,
    TemporaryError,
    UnknownOutcomeError,
)
from hub.ports import LINK_CODE, Account, Body, ChannelName, Outgoing, Proof, Sent
from hub.settings import Settings

SCHOOL = Account(
    key="k1", channel=ChannelName.EMAIL, provider="smtp", address="info@ecole.test", name="École élémentaire Jean-Zay"
)
HEAD = Letterhead("info@ecole.test", "École élémentaire Jean-Zay", "k1", "ecole.test", "https://hub.example")
DATE = "Sat, 21 Nov 2026 10:00:00 -0000"
TEXT = f"Bonjour,\n\nMerci de répondre à la réunion — oui ou non = OUI.\n.\nhttps://hub.example/l/{LINK_CODE} \n"
HTML = f"<html lang=fr><p dir=rtl lang=ar>مرحبا</p><a href='https://hub.example/l/{LINK_CODE}'>Répondre</a></html>"
BODY = Body(text=TEXT, language="fr", subject="Réunion de rentrée — mardi 8 septembre, merci de répondre", html=HTML)


def a_message(to: str = "amina@familles.example", *, body: Body = BODY, account: Account = SCHOOL) -> Outgoing:
    return Outgoing(
        attempt_id=7,
        token="b.7.abc",
        to=to,
        body=body,
        link_code="abcdef123456",
        account=account,
        message_id="n.7@ecole.test",
        reply_token="r.7.abc",
    )


# the letter


def test_a_letter_reads_as_it_was_written() -> None:
    raw = fill_in(a_message(), HEAD, date=DATE)
    mail = message_from_bytes(raw, policy=policy.default)

    assert mail["From"] == "École élémentaire Jean-Zay <info@ecole.test>"
    assert mail["To"] == "amina@familles.example"
    assert mail["Subject"] == "Réunion de rentrée — mardi 8 septembre, merci de répondre"
    plain, html = mail.get_body(("plain",)), mail.get_body(("html",))
    assert plain is not None
    assert html is not None
    assert plain.get_content().replace("\r\n", "\n").rstrip("\n") == TEXT.replace(LINK_CODE, "abcdef123456").rstrip(
        "\n"
    )
    assert html.get_content().rstrip() == HTML.replace(LINK_CODE, "abcdef123456")
    assert not mail.defects


def test_a_letter_says_where_answers_bounces_and_refusals_go() -> None:
    mail = message_from_bytes(fill_in(a_message(), HEAD, date=DATE), policy=policy.default)
    assert {name: mail[name] for name in mail if name not in ("From", "Subject", "Content-Type")} == {
        "To": "amina@familles.example",
        "Date": DATE,
        "Message-ID": "<n.7@ecole.test>",
        "Reply-To": "reponse+r.7.abc@ecole.test",
        "List-Unsubscribe": "<https://hub.example/u/b.7.abc>, <mailto:desabo+b.7.abc@ecole.test>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        "List-Id": "<k1.familles.ecole.test>",
        "Content-Language": "fr",
        "Auto-Submitted": "auto-generated",
        "X-Auto-Response-Suppress": "All",
        "MIME-Version": "1.0",
    }


def test_without_public_address_one_unsubscribes_by_mail_only() -> None:
    mail = message_from_bytes(fill_in(a_message(), replace(HEAD, public_url=None), date=DATE), policy=policy.default)
    assert mail["List-Unsubscribe"] == "<mailto:desabo+b.7.abc@ecole.test>"
    assert mail["List-Unsubscribe-Post"] is None


def test_a_letter_without_html_is_plain() -> None:
    mail = message_from_bytes(
        fill_in(a_message(body=Body(text="Oui é", language="fr")), HEAD, date=DATE), policy=policy.default
    )
    assert mail.get_content_type() == "text/plain"
    assert mail.get_content() == "Oui é\r\n"
    assert mail["Subject"] == "École élémentaire Jean-Zay"


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.text(st.characters(codec="utf-8", exclude_characters="\r\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029")), max_size=4
    ),
    st.integers(0, 90),
)
def test_any_text_comes_back_with_its_code_unbroken(pieces: list[str], width: int) -> None:
    text = LINK_CODE.join([*pieces, "x" * width, "=é" * (width // 3), " "])
    written = b"abcdef123456".join(quoted(text))
    assert max(map(len, written.split(b"\r\n"))) <= 76
    assert b"abcdef123456" in written
    read = message_from_bytes(
        b"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n" + written
    ).get_payload(decode=True)
    assert isinstance(read, bytes)
    assert read.replace(b"\r\n", b"\n").decode() == text.replace(LINK_CODE, "abcdef123456")


@settings(max_examples=200, deadline=None)
@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Zl", "Zp"]), min_size=1, max_size=120))
def test_any_subject_and_name_come_back_in_short_lines(words: str) -> None:
    message = a_message(body=Body(text="x", language="fr", subject=words))
    raw = fill_in(message, replace(HEAD, name=words), date=DATE)
    assert max(map(len, raw.split(b"\r\n"))) <= 78
    mail = message_from_bytes(raw, policy=policy.default)
    assert str(mail["Subject"]) == words
    assert mail["From"].addresses[0].addr_spec == "info@ecole.test"


def test_a_line_break_never_reaches_a_header() -> None:
    with pytest.raises(RejectedError):
        fill_in(a_message(), replace(HEAD, mailbox="info@ecole.test\r\nBcc: x@y.example"), date=DATE)


def test_an_answer_names_the_mail_that_it_answers_and_those_before_it() -> None:
    before = ("<c.1.x@ecole.test>", "a.1@fournisseur.example")
    raw = fill_in(a_message()._replace(answers="a.1@fournisseur.example", before=before), HEAD, date=DATE)
    unanswered = fill_in(a_message()._replace(before=before[:1]), HEAD, date=DATE)

    mail = message_from_bytes(raw, policy=policy.default)
    assert mail["In-Reply-To"] == "<a.1@fournisseur.example>"
    assert mail["References"] == "<c.1.x@ecole.test> <a.1@fournisseur.example>"
    assert not mail.defects
    assert message_from_bytes(unanswered)["In-Reply-To"] == "<c.1.x@ecole.test>"
    assert b"In-Reply-To" not in fill_in(a_message(), HEAD, date=DATE)


@pytest.mark.parametrize(
    "named", ["a@b.example>\r\nBcc: <x@y.example", "a@b\n", "a b@c.example", "é@c.example", "", "<>"]
)
def test_what_is_no_message_id_never_reaches_a_header(named: str) -> None:
    for spoilt in ({"answers": named, "before": (named,)}, {"before": ("a@b.example", named)}):
        if spoilt.get("before") != ("",):
            with pytest.raises(RejectedError):
                fill_in(a_message()._replace(**spoilt), HEAD, date=DATE)


# the seal


def pem_of(key: rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def test_an_rsa_seal_holds_before_another_judge() -> None:
    key = rsa.generate_private_key(65537, 2048)
    public = b64encode(key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))
    mail = sealed(fill_in(a_message(), HEAD, date=DATE), "s1:" + pem_of(key), "ecole.test")

    asked: list[bytes] = []

    def dns(name: bytes, timeout: int = 5) -> bytes:  # noqa: ARG001  # dkimpy's signature
        asked.append(name)
        return b"v=DKIM1; k=rsa; p=" + public

    assert dkim.verify(mail, dnsfunc=dns)
    assert asked == [b"s1._domainkey.ecole.test."]
    assert not dkim.verify(mail.replace(b"Merci", b"merci"), dnsfunc=dns)
    assert not dkim.verify(mail.replace(b"/u/b.7", b"/u/b.8"), dnsfunc=dns)


def test_what_is_sealed_is_the_published_example() -> None:
    """The message, key and signature of RFC 8463, appendix A."""
    own = (
        b"DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed;\r\n d=football.example.com;"
        b" i=@football.example.com;\r\n q=dns/txt; s=brisbane; t=1528637909; h=from : to :\r\n subject : date :"
        b" message-id : from : subject : date;\r\n bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;\r\n b=\r\n"
    )
    head = (
        b"From: Joe SixPack <joe@football.example.com>\r\nTo: Suzie Q <suzie@shopping.example.net>\r\n"
        b"Subject: Is dinner ready?\r\nDate: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)\r\n"
        b"Message-ID: <20030712040037.46341.5F8J@football.example.com>\r\n"
    )
    body = b"Hi.\r\n\r\nWe lost the game.  Are you hungry yet?\r\n\r\nJoe.\r\n"
    headers = relaxed_headers(head)
    signed = b"".join(headers[name] for name in (b"from", b"to", b"subject", b"date", b"message-id"))
    signed += relaxed_headers(own)[b"dkim-signature"].removesuffix(b"\r\n")

    assert b64encode(sha256(relaxed_body(body)).digest()) == b"2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8="
    public = ed25519.Ed25519PublicKey.from_public_bytes(b64decode("11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="))
    public.verify(
        b64decode("/gCrinpcQOoIfuHNQIbq4pgh9kyIK3AQUdt9OdqQehSwhEIug4D11BusFa3bT3FY5OsU7ZbnKELq+eXdp1Q1Dw=="),
        sha256(signed).digest(),
    )


def test_an_ed25519_seal_is_of_the_same_shape() -> None:
    key = ed25519.Ed25519PrivateKey.generate()
    mail = sealed(fill_in(a_message(), HEAD, date=DATE), "s2:" + pem_of(key), "ecole.test")
    seal = message_from_bytes(mail)["DKIM-Signature"]
    assert "a=ed25519-sha256" in seal
    assert "list-unsubscribe-post" in seal


@pytest.mark.parametrize("dkim_key", ["no key", "s1:-----BEGIN PRIVATE KEY-----\nxx\n-----END PRIVATE KEY-----"])
def test_a_broken_key_stops_the_sender(dkim_key: str) -> None:
    with pytest.raises(MisconfiguredError):
        sealed(b"From: a@b.test\r\n\r\nx\r\n", dkim_key, "b.test")


# the server


class Server:
    """A mail server of our own; `at` says what it answers to each command, by the recipient's name."""

    def __init__(self) -> None:
        self.mails: list[Envelope] = []
        self.connections = 0
        self.at_rcpt: dict[str, str] = {}
        self.at_data: dict[str, str] = {}
        self.at_mail = ""
        self.port = 0
        self.held = asyncio.Event()

    async def handle_EHLO(  # noqa: N802
        self, _server: SMTP, session: Session, _envelope: Envelope, hostname: str, answers: list[str]
    ) -> list[str]:
        session.host_name = hostname
        self.connections += 1
        return answers

    async def handle_MAIL(  # noqa: N802
        self, _server: SMTP, _session: object, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        envelope.mail_from = address
        return self.at_mail or "250 OK"

    async def handle_RCPT(  # noqa: N802
        self, _server: SMTP, _session: object, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        envelope.rcpt_tos.append(address)
        return self.at_rcpt.get(address.partition("@")[0], "250 OK")

    async def handle_DATA(self, server: SMTP, _session: object, envelope: Envelope) -> str:  # noqa: N802
        answer = self.at_data.get(envelope.rcpt_tos[0].partition("@")[0], "250 taken")
        if answer == "hang up":
            server.transport.abort()
        if answer == "silence":
            await self.held.wait()
        self.mails.append(envelope)
        return answer


@asynccontextmanager
async def listening(peer: Server, talk: Callable[[], SMTP], *, host: str = "127.0.0.1") -> AsyncIterator[None]:
    """Answer calls; at the end every conversation is over, so that nothing outlives its test."""
    talks: list[SMTP] = []

    def answer() -> SMTP:
        talks.append(talk())
        return talks[-1]

    listener = await asyncio.get_running_loop().create_server(answer, host, 0)
    peer.port = listener.sockets[0].getsockname()[1]
    yield
    listener.close()
    for one in talks:
        if one.transport is not None:
            with suppress(AttributeError):  # Python 3.11.2 trips over a TLS conversation that was closed twice
                one.transport.abort()
    await asyncio.sleep(0)


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    peer = Server()
    async with listening(peer, lambda: SMTP(peer, loop=asyncio.get_running_loop())):
        yield peer
        peer.held.set()


@pytest.fixture
async def email(server: Server) -> AsyncIterator[SmtpEmail]:
    channel = SmtpEmail(a_setting(server))
    yield channel
    await channel.close()


def a_setting(server: Server, **more: object) -> Settings:
    return Settings.model_validate(
        {
            "smtp_host": "127.0.0.1",
            "smtp_port": server.port,
            "mail_domain": "ecole.test",
            "public_url": "https://hub.example",
            "send_deadline": 5,
        }
        | more
    )


async def test_a_mail_leaves_with_its_own_return_path(server: Server, email: SmtpEmail) -> None:
    assert await email.send(a_message()) == Sent("n.7@ecole.test")
    assert [(one.mail_from, one.rcpt_tos) for one in server.mails] == [
        ("rebond+b.7.abc@ecole.test", ["amina@familles.example"])
    ]
    content = server.mails[0].content
    assert isinstance(content, bytes)
    assert message_from_bytes(content)["Message-ID"] == "<n.7@ecole.test>"


async def test_connections_are_kept_between_mails(server: Server, email: SmtpEmail) -> None:
    for _ in range(5):
        await email.send(a_message())
    assert (len(server.mails), server.connections) == (5, 1)


async def test_forty_mails_at_once_share_eight_connections(server: Server, email: SmtpEmail) -> None:
    await asyncio.gather(*(email.send(a_message(f"famille{n}@familles.example")) for n in range(40)))
    assert len({one.rcpt_tos[0] for one in server.mails}) == 40
    assert server.connections <= 8


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        ("550 5.1.1 no such mailbox", DeadAddressError),
        ("550 5.2.1 closed", DeadAddressError),
        ("550 User unknown", DeadAddressError),
        ("550 Utilisateur inconnu", DeadAddressError),
        ("550 go away", RejectedError),
        ("550 5.1.8 bad sender", MisconfiguredError),
        ("552 5.2.2 mailbox full", RejectedError),
        ("554 5.7.1 policy", RejectedError),
        ("450 4.2.1 later", TemporaryError),
        ("451 greylisted", TemporaryError),
        ("530 5.7.0 login first", MisconfiguredError),
    ],
)
async def test_refused_addresses_are_told_apart(
    server: Server, email: SmtpEmail, answer: str, kind: type[ChannelError]
) -> None:
    server.at_rcpt["amina"] = answer
    with pytest.raises(ChannelError) as refusal:
        await email.send(a_message())
    assert type(refusal.value) is kind
    assert refusal.value.code == answer[:3]
    assert (await email.send(a_message("awa@familles.example"))).provider_id == "n.7@ecole.test"
    assert server.connections == 1


@pytest.mark.parametrize(
    ("answer", "kind"),
    [("554 5.7.1 spam", RejectedError), ("451 4.7.1 greylisted", TemporaryError), ("552 5.3.4 big", RejectedError)],
)
async def test_a_refused_letter_is_no_dead_address(
    server: Server, email: SmtpEmail, answer: str, kind: type[ChannelError]
) -> None:
    server.at_data["amina"] = answer
    with pytest.raises(kind):
        await email.send(a_message())


async def test_a_refused_sender_is_our_own_fault(server: Server, email: SmtpEmail) -> None:
    server.at_mail = "553 5.7.1 not your mailbox"
    with pytest.raises(MisconfiguredError):
        await email.send(a_message())


async def test_a_server_that_closes_is_called_again(server: Server, email: SmtpEmail) -> None:
    server.at_rcpt["amina"] = "421 4.3.2 closing"
    with pytest.raises(TemporaryError):
        await email.send(a_message())
    await email.send(a_message("awa@familles.example"))
    assert server.connections == 2


async def test_a_line_cut_within_the_letter_leaves_us_in_doubt(server: Server, email: SmtpEmail) -> None:
    server.at_data["amina"] = "hang up"
    with pytest.raises(UnknownOutcomeError):
        await email.send(a_message())
    assert await email.send(a_message("awa@familles.example")) == Sent("n.7@ecole.test")


async def test_silence_after_the_letter_leaves_us_in_doubt(server: Server) -> None:
    email = SmtpEmail(a_setting(server, send_deadline=0.3))
    server.at_data["amina"] = "silence"
    with pytest.raises(UnknownOutcomeError):
        await email.send(a_message())
    await email.close()


async def test_silence_before_the_letter_surely_took_nothing() -> None:
    gone = asyncio.Event()

    class Silent(asyncio.Protocol):
        def connection_lost(self, error: Exception | None) -> None:  # noqa: ARG002  # the protocol's signature
            gone.set()

    listener = await asyncio.get_running_loop().create_server(Silent, "127.0.0.1", 0)
    port = listener.sockets[0].getsockname()[1]
    email = SmtpEmail(Settings(smtp_host="127.0.0.1", smtp_port=port, send_deadline=0.2))
    with pytest.raises(TemporaryError):
        await email.send(a_message())
    await email.close()
    await gone.wait()
    listener.close()


async def test_nobody_at_home_surely_took_nothing(unused_tcp_port: int) -> None:
    email = SmtpEmail(Settings(smtp_host="127.0.0.1", smtp_port=unused_tcp_port))
    with pytest.raises(TemporaryError):
        await email.send(a_message())
    await email.close()


async def test_a_mailbox_outside_ascii_is_refused_and_its_domain_translated(server: Server, email: SmtpEmail) -> None:
    await email.send(a_message("amina@école.example"))
    assert server.mails[0].rcpt_tos == ["amina@xn--cole-9oa.example"]
    with pytest.raises(RejectedError):
        await email.send(a_message("émilie@familles.example"))


@pytest.mark.parametrize("domain", ["b.example＞＜c", "b.example，evil＠x.example", "x¨y.example"])
async def test_wide_letters_that_unfold_into_signs_are_refused(server: Server, email: SmtpEmail, domain: str) -> None:
    with pytest.raises(RejectedError):
        await email.send(a_message(f"amina@{domain}"))
    assert server.connections == 0


async def test_waiting_for_the_seal_is_under_the_deadline_too(server: Server) -> None:
    email, busy = SmtpEmail(a_setting(server, send_deadline=0.2)), Event()
    for _ in range(2):
        email._sealers.submit(busy.wait)
    message = a_message()
    sealed_by = replace(message.account, dkim_key=f"s1:{pem_of(ed25519.Ed25519PrivateKey.generate())}")
    async with asyncio.timeout(5):
        with pytest.raises(TemporaryError):
            await email.send(message._replace(account=sealed_by))
    busy.set()
    await email.close()
    assert server.mails == []


async def test_a_mail_is_never_looked_for(email: SmtpEmail) -> None:
    assert email.proof is Proof.ACCEPTED
    assert await email.find(a_message(), since=None, known=frozenset()) is None  # type: ignore[arg-type]  # unread


@pytest.fixture
async def guarded() -> AsyncIterator[tuple[Server, ssl.SSLContext]]:
    """A server that wants TLS and a password."""
    authority = trustme.CA()
    theirs, ours = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context()
    authority.issue_cert("localhost").configure_cert(theirs)
    authority.configure_trust(ours)
    peer = Server()

    def who(*given: object) -> AuthResult:
        return AuthResult(success=given[-1].password == b"pw", handled=False)  # type: ignore[attr-defined]  # LoginPassword

    def talk() -> SMTP:
        return SMTP(
            peer,
            loop=asyncio.get_running_loop(),
            tls_context=theirs,
            require_starttls=True,
            authenticator=who,
            auth_required=True,
        )

    async with listening(peer, talk, host="localhost"):
        yield peer, ours


@pytest.mark.filterwarnings("ignore::DeprecationWarning:aiosmtpd")
async def test_a_guarded_server_gets_tls_and_the_password(guarded: tuple[Server, ssl.SSLContext]) -> None:
    server, trusted = guarded
    email = SmtpEmail(a_setting(server, smtp_host="localhost", smtp_tls=True), tls=trusted)
    known = replace(SCHOOL, login="hub", secret="pw")
    assert (await email.send(a_message(account=known))).provider_id == "n.7@ecole.test"
    with pytest.raises(MisconfiguredError):
        await email.send(a_message(account=replace(known, secret="wrong")))
    await email.close()


async def test_a_stranger_s_certificate_is_not_trusted(guarded: tuple[Server, ssl.SSLContext]) -> None:
    server, _ = guarded
    email = SmtpEmail(a_setting(server, smtp_host="localhost", smtp_tls=True))
    with pytest.raises(MisconfiguredError):
        await email.send(a_message())
    await email.close()


async def test_a_password_never_travels_in_clear() -> None:
    email = SmtpEmail(Settings(smtp_host="mail.ecole.test"))
    with pytest.raises(MisconfiguredError):
        await email.send(a_message(account=replace(SCHOOL, login="hub", secret="pw")))
    await email.close()
