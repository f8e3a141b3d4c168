"""What a family has written, told from what its mail program quoted: every program and language that we know of."""

import base64
import textwrap
from email.message import EmailMessage
from time import process_time

import pytest
from mail_samples import html, quotations, rarer, replies

from hub.letters.new_words import new_words
from hub.letters.reading import read_mail

OWN = ["@ecole.test"]
ANSWER = "Oui, nous serons trois.\nMerci"
QUOTED = "> Bonjour,\n> Merci de répondre OUI\n"
HEADERS = b"From: amina@familles.example\nTo: reponse+r.4217.abcdefgh@ecole.test\nMIME-Version: 1.0\n"


def said_in(raw: bytes) -> str | None:
    return read_mail(HEADERS + raw).reply


@pytest.mark.parametrize("who", quotations.SAYING_WHO.values(), ids=quotations.SAYING_WHO.keys())
def test_the_line_that_says_who_is_quoted_goes_with_the_quotation(who: str) -> None:
    assert new_words(f"{ANSWER}\n\n{who}\n\n{QUOTED}", OWN) == ANSWER
    assert new_words(f"{ANSWER}\n{who}\n{QUOTED}", OWN) == ANSWER
    assert new_words(f"{who}\n{QUOTED}\nOui", OWN) == "Oui"
    assert new_words(f"{who}\n> Viendrez-vous ?\nOui\n> Combien ?\n3", OWN) == "Oui\n3"
    assert new_words(f"Oui\n\n> {who}\n>\n> Bonjour\n", OWN) == "Oui"
    for width in (50, 66, 76):
        wrapped = "\n".join(textwrap.wrap(who, width, break_long_words=False, break_on_hyphens=False))
        assert new_words(f"{ANSWER}\n\n{wrapped}\n\n{QUOTED}", OWN) == ANSWER


@pytest.mark.parametrize("who", [who for who in quotations.SAYING_WHO.values() if "<info@" in who or "(<info@" in who])
def test_our_address_in_that_line_shows_an_unmarked_quotation_too(who: str) -> None:
    assert new_words(f"{ANSWER}\n\n{who}\n\nBonjour,\nMerci de répondre OUI\n", OWN) == ANSWER


@pytest.mark.parametrize("block", quotations.LABELLED.values(), ids=quotations.LABELLED.keys())
def test_a_block_of_headers_begins_the_old_mail(block: str) -> None:
    for over in ("\n", "", "\n________________________________\n"):
        assert new_words(f"{ANSWER}\n{over}{block}\n\nBonjour,\n", OWN) == ANSWER
    spaced = block.replace("\n", "\n\n")
    assert new_words(f"{ANSWER}\n\n{spaced}\n\nBonjour\n", OWN) == ANSWER


@pytest.mark.parametrize("divider", quotations.DIVIDERS)
def test_a_divider_goes_with_what_it_divides(divider: str) -> None:
    assert new_words(f"{ANSWER}\n\n{divider}\n{quotations.LABELLED['fr']}\n\nBonjour", OWN) == ANSWER
    if "message" in divider.lower():
        assert new_words(f"{ANSWER}\n\n{divider}\n\nBonjour", OWN) == ANSWER


@pytest.mark.parametrize("signed", quotations.SIGNED + rarer.SIGNED)
def test_what_a_telephone_or_a_server_signs_is_not_the_family_s(signed: str) -> None:
    assert new_words(f"{ANSWER}\n\n{signed}", OWN) == ANSWER
    assert new_words(f"{ANSWER}\n\n{signed}\n\n{quotations.SAYING_WHO['gmail fr']}\n> x", OWN) == ANSWER


@pytest.mark.parametrize("text", replies.KEPT_WHOLE + rarer.KEPT_WHOLE)
def test_what_looks_like_a_quotation_and_is_the_family_s_is_kept(text: str) -> None:
    assert new_words(text, OWN) == text


@pytest.mark.parametrize(("text", "new"), (replies.CUT | rarer.CUT).values(), ids=(replies.CUT | rarer.CUT).keys())
def test_each_shape_of_answer_gives_what_is_new_in_it(text: str, new: str) -> None:
    assert new_words(text, OWN) == new


@pytest.mark.parametrize(("page", "new"), html.WRITTEN.values(), ids=html.WRITTEN.keys())
def test_html_alone_is_read_without_its_quotation(page: str, new: str) -> None:
    mail = EmailMessage()
    mail["To"] = "reponse+r.4217.abcdefgh@ecole.test"
    mail.set_content(page, subtype="html")
    assert read_mail(mail.as_bytes()).reply == new


def test_html_shows_what_the_plain_text_quotes_without_a_mark() -> None:
    mail = EmailMessage()
    mail["To"] = "reponse+r.4217.abcdefgh@ecole.test"
    mail.set_content("Oui\n\nEkole ye sɛbɛn\n\nBonjour\nViendrez-vous ?\n")
    mail.add_alternative(
        "<div>Oui</div><blockquote>Ekole ye sɛbɛn<br>Bonjour<br>Viendrez-vous ?</blockquote>", subtype="html"
    )
    assert read_mail(mail.as_bytes()).reply == "Oui"


def test_html_never_takes_away_words_that_stand_below_the_quotation() -> None:
    mail = EmailMessage()
    mail["To"] = "reponse+r.4217.abcdefgh@ecole.test"
    mail.set_content("Bonjour\n\nViendrez-vous ?\n\nOui\n")
    mail.add_alternative("<div>Bonjour</div><blockquote>Viendrez-vous ?</blockquote><div>Oui</div>", subtype="html")
    assert "Oui" in (read_mail(mail.as_bytes()).reply or "")


def test_our_own_mark_of_where_the_old_mail_begins_is_shown_to_nobody() -> None:
    page = (
        '<div id="appendonsend"></div><p><b>De :</b> École<br><b>Envoyé :</b> 1 septembre 2026 18:02</p><p>Bonjour</p>'
    )
    said = said_in(b"Content-Type: text/html; charset=utf-8\n\n" + page.encode()) or ""
    assert said.startswith("De :")
    assert "\ue000" not in said


def test_an_empty_plain_text_gives_way_to_the_html() -> None:
    for plain in (" \n", "This message is in HTML format, please use another program.\n"):
        mail = EmailMessage()
        mail.set_content(plain)
        mail.add_alternative("<p>Oui&nbsp;!</p>", subtype="html")
        assert read_mail(mail.as_bytes()).reply == "Oui !"


def test_text_on_both_sides_of_a_picture_is_all_read() -> None:
    raw = (
        b"Content-Type: multipart/mixed; boundary=cut\n\n--cut\nContent-Type: text/plain\n\nAvant\n--cut\n"
        b"Content-Type: image/png; name=a.png\nContent-Transfer-Encoding: base64\n\nAAAA\n--cut\n"
        b"Content-Type: text/plain\n\nApres\n--cut--\n"
    )
    assert said_in(raw) == "Avant\nApres"


def test_a_server_s_footer_does_not_hide_an_answer_in_html() -> None:
    raw = (
        b"Content-Type: multipart/mixed; boundary=cut\n\n--cut\nContent-Type: text/html\n\n<p>Oui</p>\n--cut\n"
        b"Content-Type: text/plain\n\nSans virus.\n--cut--\n"
    )
    assert (said_in(raw) or "").startswith("Oui")


def test_wrapped_lines_are_joined_where_the_program_says_so() -> None:
    raw = b"Content-Type: text/plain; format=flowed\n\nLina est malade depuis \nhier.\n\nMerci\n-- \nAmina\n"
    assert said_in(raw) == "Lina est malade depuis hier.\n\nMerci"
    glued = b"Content-Type: text/plain; format=flowed; delsp=yes\n\nLina est ma \nlade\n"
    assert said_in(glued) == "Lina est malade"


@pytest.mark.parametrize(
    ("said", "really"),
    [
        ("utf-8", "cp1252"),
        ("us-ascii", "utf-8"),
        ("us-ascii", "cp1252"),
        ("iso-8859-1", "utf-8"),
        ("iso-8859-1", "cp1252"),
        ("x-inconnu", "utf-8"),
        ("utf-7", "utf-7"),
        ("utf-16", "utf-16"),
        ("utf8mb4", "utf-8"),
        ('"utf-8"', "utf-8"),
    ],
)
def test_an_answer_is_read_whatever_its_signs_are_called(said: str, really: str) -> None:
    body = base64.encodebytes("Été à l’école : d’accord".encode(really))
    raw = f"Content-Type: text/plain; charset={said}\nContent-Transfer-Encoding: base64\n\n".encode() + body
    assert said_in(raw) == "Été à l’école : d’accord"


@pytest.mark.parametrize(
    ("charset", "words"),
    [
        ("windows-1256", "الولد مريض"),
        ("iso-8859-6", "الولد مريض"),
        ("koi8-r", "Ребёнок болеет"),
        ("windows-1251", "Ребёнок болеет"),
        ("gb2312", "孩子發烧請假"),
        ("big5", "孩子發燒"),
        ("gb18030", "孩子发烧"),
        ("iso-2022-jp", "今日は休みます"),
        ("shift_jis", "今日は休みます"),
        ("euc-kr", "오늘 결석합니다"),
        ("iso-8859-9", "Çocuk hasta, teşekkürler ığ"),
        ("iso-8859-2", "Dziecko jest chore, dziękuję"),
        ("windows-1253", "Το παιδί είναι άρρωστο"),
        ("windows-1255", "הילד חולה"),
        ("tis-620", "ลูกป่วย"),
        ("windows-1258", "con toi"),
    ],
)
def test_every_alphabet_comes_through_its_own_encoding(charset: str, words: str) -> None:
    encoded = words.encode({"gb2312": "gbk", "iso-8859-9": "cp1254", "tis-620": "cp874"}.get(charset, charset))
    assert said_in(f"Content-Type: text/plain; charset={charset}\n\n".encode() + encoded) == words


@pytest.mark.parametrize("charset", ["utf-8", "us-ascii"])
def test_a_broken_sign_does_not_spoil_the_others(charset: str) -> None:
    words = "Ребёнок болеет".encode()
    assert said_in(f"Content-Type: text/plain; charset={charset}\n\n".encode() + words[:-1]) == "Ребёнок более\ufffd"


def test_a_mail_of_an_old_macintosh_is_read_as_any_other() -> None:
    mail = EmailMessage()
    said = "Oui, nous viendrons à trois, et nous apportons le gâteau que Lina a fait hier."
    mail.set_content(f"<p>{said}</p><blockquote type=cite>Viendrez-vous ?</blockquote>", subtype="html")
    assert read_mail(mail.as_bytes().replace(b"\n", b"\r")).reply == said


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b"Content-Transfer-Encoding: base64\n\nT3VpIG1lcmNp!!!", "Oui merci"),
        (b"Content-Transfer-Encoding: quoted-printable\n\nOui=20merci =ZZ=", "Oui merci =ZZ"),
        (b"Content-Transfer-Encoding: inconnu\n\nOui", "Oui"),
        (b"Content-Type: \n\nOui", "Oui"),
        (b"Content-Type: multipart/mixed\n\n--cut\nContent-Type: text/plain\n\nOui\n--cut--\n", "Oui"),
        (b"Content-Type: multipart/mixed\n\nOui", "Oui"),
        (
            (
                b"Content-Type: multipart/mixed; boundary=cut\n\nA multi-part message.\nOui\n"
                b"--cut\nContent-Type: image/png\n\nx\n--cut--\n"
            ),
            "Oui",
        ),
        (b"Content-Type: multipart/mixed; boundary=cut\n\n--cut\nContent-Type: text/plain\n\nOui", "Oui"),
        (b"Content-Type: text/plain; name=texte.txt\n\nOui", "Oui"),
        (b"Content-Type: text/plain\n\n<html><body><p>Oui</p></body></html>", "Oui"),
        (b"Content-Type: text/html\n\nOui", "Oui"),
        (b"\nOui\x00\x00 merci\n", "Oui merci"),
        (b"", ""),
    ],
)
def test_what_is_broken_is_read_as_far_as_it_goes(raw: bytes, said: str) -> None:
    assert said_in(raw) == said


@pytest.mark.parametrize(
    "raw",
    [
        b"From amina@familles.example Tue Sep  1 18:02:11 2026\nTo: reponse+r.1.x@ecole.test\n\nOui",
        b"\xef\xbb\xbfTo: reponse+r.1.x@ecole.test\n\nOui",
        b"\r\nTo: reponse+r.1.x@ecole.test\r\n\r\nOui",
        b"To: reponse+r.1.x@ecole.test\r\rOui",
        b"To: =?utf-8?Q?=C3=89cole?=\n <reponse+r.1.x@ecole.test>\n\nOui",
        b'To: "\xc3\x89cole" <Reponse+r.1.x@ECOLE.test>\n\nOui',
        b"To: amina@familles.example\nCc: reponse+r.1.x@ecole.test\n\nOui",
        b"To: undisclosed-recipients:;\nDelivered-To: reponse+r.1.x@ecole.test\n\nOui",
        b"X-Original-To: reponse+r.1.x@ecole.test\n\nOui",
    ],
)
def test_the_token_is_found_however_the_mail_is_addressed(raw: bytes) -> None:
    read = read_mail(raw)
    assert (read.token, read.reply) == ("r.1.x", "Oui")


def test_a_text_without_any_header_is_all_the_family_s() -> None:
    assert read_mail(b"Bonjour : oui\n\nMerci").reply == "Bonjour : oui\n\nMerci"


@pytest.mark.parametrize(
    "body",
    [
        b"\n" + b"bonjour tout le monde\n" * 100_000,
        b"\n" + b"a:\n" * 500_000,
        b"\n" + b">\n" * 500_000,
        b"\n" + b"\n" * 1_000_000,
        b"\n" + b"Sent from my iPhone\n" * 100_000,
        b"\n" + b"-" * 2_000_000,
        b"Content-Type: text/html\n\n" + b"<" * 1_000_000,
        b"Content-Type: text/html\n\n" + b"<a " * 300_000,
        b"Content-Type: text/html\n\n" + b"<!--" * 300_000,
        b"Content-Type: text/html\n\n" + b"<style>" * 100_000,
        b"Content-Type: text/html\n\n" + b"<div>" * 200_000,
        b"Subject: " + b"=?utf-8?Q?a?= " * 100_000 + b"\n\nOui",
        b"References: " + b"<a@b.example> " * 100_000 + b"\n\nOui",
        b"X-A: b\n" * 200_000 + b"\nOui",
        b"Content-Type: message/rfc822\n\n" * 5000 + b"Oui",
    ],
    ids=range(15),
)
def test_a_mail_made_to_hold_us_up_is_read_all_the_same(body: bytes) -> None:
    assert read_mail(HEADERS + body).reply is not None


@pytest.mark.parametrize(
    "line", ["—" * 75, "－" * 300, "amina@familles.example －" * 20, "1:00 <a@b.example> " * 40 + ":"]
)
def test_a_thousand_lines_that_might_say_who_is_quoted_hold_nobody_up(line: str) -> None:
    before = process_time()

    assert new_words("Oui\n" + f"{line}\n" * 1200, OWN).startswith("Oui")
    assert process_time() - before < 1.2
