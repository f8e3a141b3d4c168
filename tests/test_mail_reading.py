"""Reading the mail that comes back."""

from email.message import EmailMessage
from time import perf_counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.letters.new_words import new_words
from hub.letters.reading import Bounce, Mailbox, read_mail

OURS = "reponse+r.4217.mfzwizltoqxq2@ecole.test"


def a_mail(text: str = "Oui", *, to: str = OURS, subtype: str = "plain", **headers: str) -> bytes:
    mail = EmailMessage()
    mail["From"] = "Amina Exemple <amina@familles.example>"
    mail["To"] = to
    mail["Message-ID"] = "<1@familles.example>"
    for name, value in headers.items():
        mail[name.replace("_", "-")] = value
    mail.set_content(text, subtype=subtype)
    return mail.as_bytes()


POSTFIX_BOUNCE = b"""\
Return-Path: <>
From: MAILER-DAEMON@mx.ecole.test (Mail Delivery System)
To: rebond+b.5000.mfzwizltoqxq2@ecole.test
Subject: Undelivered Mail Returned to Sender
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="cut"

--cut
Content-Type: text/plain; charset=us-ascii

I'm sorry to have to inform you that your message could not be delivered.

--cut
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.ecole.test
Arrival-Date: Sat, 21 Nov 2026 10:00:00 +0100 (CET)

Final-Recipient: rfc822; amina@familles.example
Original-Recipient: rfc822;amina@familles.example
Action: %(action)s
Status: %(status)s
Diagnostic-Code: smtp; 550 %(status)s no such mailbox

--cut
Content-Type: text/rfc822-headers

From: info@ecole.test
Message-ID: <n.5000@ecole.test>

--cut--
"""

QMAIL_BOUNCE = b"""\
Return-Path: <>
From: MAILER-DAEMON@mx.familles.example
To: rebond+b.5000.mfzwizltoqxq2@ecole.test
Subject: failure notice

Hi. This is the qmail-send program at mx.familles.example.
I'm afraid I wasn't able to deliver your message to the following addresses.
This is a permanent error; I've given up. Sorry it didn't work out.

<amina@familles.example>:
192.0.2.1 does not like recipient.
Remote host said: 550 5.1.1 User unknown

--- Below this line is a copy of the message.

Return-Path: <info@ecole.test>
"""

REPLIES = {
    "gmail in French": (
        "OUI, nous serons 3.\n\nLe mar. 1 sept. 2026 à 18:02, École <info@ecole.test> a écrit :\n\n> Bonjour,\n> x\n",
        "OUI, nous serons 3.",
    ),
    "wrapped attribution": (
        f"Oui merci\n\nLe mar. 1 sept. 2026 à 18:02, École de Villeneuve\n<{OURS}> a écrit :\n\n> Bonjour\n",
        "Oui merci",
    ),
    "outlook": (
        "Non, absent.\n\nDe : École <info@ecole.test>\nEnvoyé : mardi 1 septembre\nÀ : Amina\nObjet : R\n\nBonjour,\n",
        "Non, absent.",
    ),
    "outlook without an address": (
        "Non.\n\nDe : École Jean-Exemple\nEnvoyé : mardi 1 septembre 2026 18:02\nÀ : Amina\nObjet : R\n\nBonjour,\n",
        "Non.",
    ),
    "iphone": ("D'accord\n\nEnvoyé de mon iPhone\n\n> Le 1 sept. <info@ecole.test> :\n> \n> B\n", "D'accord"),
    "arabic": (
        "نعم سنحضر\n\nفي الثلاثاء، كتب \u202aÉcole\u202c\u200f <\u202ainfo@ecole.test\u202c\u200f>:\n\n> مرحبا\n",
        "نعم سنحضر",
    ),
    "turkish": ("Evet\n\nÉcole <info@ecole.test>, 1 Eyl 2026 Sal, 18:02 tarihinde yazdı:\n\n> Merhaba\n", "Evet"),
    "russian": ("Да\n\nвт, 1 сент. 2026 г. в 18:02, École <info@ecole.test>:\n\n> Здравствуйте\n", "Да"),
    "chinese": ("好的\n\nÉcole <info@ecole.test> 于2026年9月1日周二 18:02写道：\n\n> 您好\n", "好的"),
    "signature": ("Oui\n\n-- \nAmina E.\n06 39 98 00 00\n", "Oui"),
    "answers between the lines": ("> Viendrez-vous ?\nOui\n> Combien ?\n3\n", "Oui\n3"),
    "our marker": ("Oui pour les 2\n\n## Répondez au-dessus de cette ligne ##\nBonjour", "Oui pour les 2"),
    "only a quotation": ("> Bonjour\n", "> Bonjour"),
}


UNQUOTED = [
    "Bonjour, Lina est malade.\nElle revient lundi.\n\nMme Exemple",
    "Le maître a écrit : « sortie annulée ». Vrai ?",
    "J'ai écrit à info@ecole.test hier.\nSans réponse.",
]


@pytest.mark.parametrize("text", UNQUOTED)
def test_what_quotes_nothing_is_kept_whole(text: str) -> None:
    assert new_words(text, ["@ecole.test"]) == text


@pytest.mark.parametrize(("text", "new"), REPLIES.values(), ids=REPLIES.keys())
def test_only_what_the_family_has_just_written_is_kept(text: str, new: str) -> None:
    assert new_words(text, ["@ecole.test"]) == new


def test_the_token_is_read_from_our_address() -> None:
    read = read_mail(a_mail("Oui, nous viendrons."))
    assert (read.mailbox, read.token, read.reply) == (
        Mailbox.REPLY,
        "r.4217.mfzwizltoqxq2",
        "Oui, nous viendrons.",
    )
    assert (read.sender, read.message_id) == ("amina@familles.example", "1@familles.example")
    assert not read.auto_reply
    assert read.bounce is None


def test_the_envelope_is_believed_before_the_headers() -> None:
    read = read_mail(a_mail(), recipient="desabo+u.1.abc@ecole.test")
    assert (read.mailbox, read.token) == (Mailbox.STOP, "u.1.abc")


def test_a_token_at_another_domain_is_none_of_ours() -> None:
    assert read_mail(a_mail(to="reponse+r.1.x@ailleurs.example"), "ecole.test").token is None


@pytest.mark.parametrize(
    "headers",
    [
        {"Auto_Submitted": "auto-replied (vacation)"},
        {"Auto_Submitted": "auto-generated; owner"},
        {"Precedence": "bulk"},
        {"Precedence": "auto_reply"},
        {"X_Autoreply": "yes"},
        {"Return_Path": "<>"},
    ],
)
def test_a_machine_is_told_from_a_person(headers: dict[str, str]) -> None:
    assert read_mail(a_mail("Je suis absente.", **headers)).auto_reply


@pytest.mark.parametrize(
    "headers",
    [{"Auto_Submitted": "no"}, {"X_Auto_Response_Suppress": "All"}, {"Return_Path": "<amina@familles.example>"}],
)
def test_a_person_is_not_taken_for_a_machine(headers: dict[str, str]) -> None:
    assert not read_mail(a_mail(**headers)).auto_reply


def test_an_empty_envelope_sender_is_a_machine() -> None:
    assert read_mail(a_mail(), envelope_sender="").auto_reply


@pytest.mark.parametrize(
    ("action", "status", "permanent"),
    [("failed", "5.1.1", True), ("failed", "4.4.7", False), ("delayed", "4.2.2", False)],
)
def test_a_standard_bounce_says_who_and_whether_for_good(action: str, status: str, permanent: bool) -> None:  # noqa: FBT001  # a table
    read = read_mail(POSTFIX_BOUNCE % {b"action": action.encode(), b"status": status.encode()})
    assert read.bounce == Bounce("amina@familles.example", permanent, status, f"smtp; 550 {status} no such mailbox")
    assert (read.mailbox, read.token) == (Mailbox.BOUNCE, "b.5000.mfzwizltoqxq2")
    assert read.auto_reply
    assert read.reply is None


def test_a_receipt_for_what_arrived_is_no_bounce() -> None:
    read = read_mail(POSTFIX_BOUNCE % {b"action": b"delivered", b"status": b"2.0.0"})
    assert read.bounce is None


def test_an_older_bounce_is_read_too() -> None:
    read = read_mail(QMAIL_BOUNCE)
    assert read.bounce == Bounce("amina@familles.example", permanent=True, status="5.1.1")
    assert read.auto_reply


def test_a_family_that_quotes_a_bounce_has_not_bounced() -> None:
    quoted = QMAIL_BOUNCE.partition(b"\n\n")[2].decode()
    assert read_mail(a_mail("J'ai reçu ceci, pourquoi ?\n\n" + quoted)).bounce is None


def test_a_mail_in_html_only_is_read_without_its_quotation() -> None:
    html = "<head><style>p{}</style></head><body><p>Oui &amp; merci</p><blockquote>Bonjour</blockquote></body>"
    assert read_mail(a_mail(html, subtype="html")).reply == "Oui & merci"


@pytest.mark.parametrize(
    "line",
    ["*" * 990 + "x", "-" * 990 + "x", "- " * 490 + "x", "#" * 990 + "x", "x" + "[" * 990, "[" * 200_000 + "\n[img]"],
)
def test_a_line_that_looks_like_a_rule_and_is_none_holds_nobody_up(line: str) -> None:
    before = perf_counter()

    assert read_mail(a_mail(f"Oui\n{line}")).reply
    assert perf_counter() - before < 2


@pytest.mark.parametrize("charset", ["idna", "unicode_escape", "raw_unicode_escape", "punycode", "undefined", "utf-7"])
def test_a_charset_that_no_mail_has_loses_no_answer_and_gives_only_whole_signs(charset: str) -> None:
    raw = f"To: reponse+r.1.x@ecole.test\nMessage-ID: <a\0@b>\nContent-Type: text/plain; charset={charset}\n\n".encode()

    read = read_mail(raw + b"Oui \xe0 18 h \\ud800\n")

    assert read.reply is not None
    assert "18 h" in read.reply.encode().decode()
    assert read.message_id == "a@b"


def test_an_unknown_charset_loses_no_answer() -> None:
    raw = b"To: reponse+r.1.x@ecole.test\nContent-Type: text/plain; charset=x-inconnu\n\nOui \xe0 18 h\n"
    assert read_mail(raw).reply == "Oui à 18 h"


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=400))
def test_no_bytes_break_the_reading(junk: bytes) -> None:
    read_mail(junk)
    read_mail(b"From: mailer-daemon@x.test\nTo: " + junk)


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=120), st.integers(0, 1200), st.integers(0, 60))
def test_no_damaged_bounce_breaks_the_reading(junk: bytes, place: int, length: int) -> None:
    for mail in (POSTFIX_BOUNCE % {b"action": b"failed", b"status": b"5.1.1"}, QMAIL_BOUNCE):
        read_mail(mail[:place] + junk + mail[place + length :])


def test_a_deeply_nested_mail_breaks_nothing() -> None:
    opening = b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (depth, depth) for depth in range(3000)
    )
    read_mail(b"To: reponse+r.1.x@ecole.test\n" + opening + b"\nOui\n")


@pytest.mark.parametrize(
    ("said", "address"),
    [
        ("Odile Exemple <Odile@familles.test>", "odile@familles.test"),
        ("odile@familles.test (maman (de Lina))", "odile@familles.test"),
        ("Exemple, Odile <odile@familles.test>", "odile@familles.test"),
        ("odile@familles.test <odile@familles.test>", "odile@familles.test"),
        ("=?utf-8?q?L=C3=A9a?= <lea@familles.test>", "lea@familles.test"),
        ("Léa <lea@familles.test>", "lea@familles.test"),
        ("=?utf-8?q?L=C3=A9a?=\r\n <lea@familles.test>", "lea@familles.test"),
        ('"jean d"@familles.test', '"jean d"@familles.test'),
        ("odile@familles.test <other@ailleurs.test>", "other@ailleurs.test"),
        ('"<odile@familles.test>" <other@ailleurs.test>', "other@ailleurs.test"),
        ("=?utf-8?q?odile=40familles.test?= <other@ailleurs.test>", "other@ailleurs.test"),
        ("=?utf-8?q?=3Codile=40familles.test=3E?= <other@ailleurs.test>", "other@ailleurs.test"),
        ("(<odile@familles.test>) other@ailleurs.test", "other@ailleurs.test"),
        ("MAILER-DAEMON (Mail Delivery System)", "mailer-daemon"),
        ("odile@familles.test, other@ailleurs.test", None),
        ("<odile@familles.test>, <other@ailleurs.test>", None),
        ("odile@familles.test\r\nFrom: other@ailleurs.test", None),
        ("", None),
    ],
)
def test_a_mail_is_from_its_address_and_from_no_name_that_looks_like_one(said: str, address: str | None) -> None:
    raw = f"From: {said}\r\nTo: ecole@ecole.test\r\n\r\nOui\r\n".encode()

    assert read_mail(raw).sender == address
