"""What families attach to their mails, and the ids by which a mail says what it answers."""

from email.message import EmailMessage

import pytest

from hub.letters.attachments import ATTACHED_BYTES_MOST, ATTACHMENTS_MOST, safe_name
from hub.letters.reading import Attachment, read_mail


def a_mail() -> EmailMessage:
    mail = EmailMessage()
    mail["To"] = "reponse+r.1.abc@ecole.test"
    mail.set_content("Voici le certificat")
    return mail


def test_what_is_attached_comes_with_its_name_and_its_bytes() -> None:
    mail = a_mail()
    mail.add_attachment(b"%PDF-1.7", maintype="application", subtype="pdf", filename="Certificat médical é.pdf")
    mail.add_attachment("note", filename="note.txt")
    read = read_mail(mail.as_bytes())
    assert read.reply == "Voici le certificat"
    assert read.attachments == (
        Attachment("Certificat médical é.pdf", "application/pdf", b"%PDF-1.7"),
        Attachment("note.txt", "text/plain", b"note\n"),
    )


def test_a_logo_is_no_attachment_and_a_photograph_is() -> None:
    mail = a_mail()
    for name, size in (("logo.png", 3000), ("photo.png", 30_000)):
        mail.add_attachment(b"x" * size, maintype="image", subtype="png", filename=name, disposition="inline")
    assert [one.name for one in read_mail(mail.as_bytes()).attachments] == ["photo.png"]


def test_a_signature_made_by_a_program_is_no_attachment() -> None:
    mail = a_mail()
    mail.add_attachment(b"x", maintype="application", subtype="pkcs7-signature", filename="smime.p7s")
    mail.add_attachment(b"x", maintype="application", subtype="pgp-signature", filename="signature.asc")
    assert read_mail(mail.as_bytes()).attachments == ()


def test_ten_are_taken_and_no_more_than_ten_megabytes() -> None:
    mail = a_mail()
    for number in range(ATTACHMENTS_MOST + 3):
        mail.add_attachment(b"x", maintype="application", subtype="pdf", filename=f"{number}.pdf")
    assert len(read_mail(mail.as_bytes()).attachments) == ATTACHMENTS_MOST
    large = a_mail()
    large.add_attachment(b"x" * (ATTACHED_BYTES_MOST + 1), maintype="application", subtype="zip", filename="a.zip")
    large.add_attachment(b"x", maintype="application", subtype="pdf", filename="b.pdf")
    assert [one.name for one in read_mail(large.as_bytes()).attachments] == ["b.pdf"]


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\Windows\\x.exe", "x.exe"),
        (".htaccess", "htaccess"),
        ("a\x00b\n\u202ec.pdf", "abc.pdf"),
        ('a"<b>|c?.pdf', "a__b__c_.pdf"),
        ("", "piece-jointe-1.pdf"),
        ("..", "piece-jointe-1.pdf"),
        ("x" * 300 + ".pdf", "x" * 96 + ".pdf"),
    ],
)
def test_a_file_s_name_can_do_no_harm(name: str, safe: str) -> None:
    assert safe_name(name, "application/pdf", 1) == safe


@pytest.mark.parametrize(
    "field",
    [
        b"filename*=UTF-8''Certificat%20%C3%A9.pdf",
        b"filename*0*=UTF-8''Certificat%20; filename*1*=%C3%A9.pdf",
        b'filename="=?utf-8?Q?Certificat_=C3=A9=2Epdf?="',
        b'filename="=?iso-8859-1?Q?Certificat_=E9.pdf?="',
    ],
)
def test_a_name_is_read_however_it_was_encoded(field: bytes) -> None:
    raw = (
        b"To: reponse+r.1.x@ecole.test\nContent-Type: multipart/mixed; boundary=cut\n\n--cut\n\nOui\n"
        b"--cut\nContent-Type: application/pdf\nContent-Disposition: attachment; " + field + b"\n\n%PDF\n--cut--\n"
    )
    assert [one.name for one in read_mail(raw).attachments] == ["Certificat é.pdf"]


def test_a_mail_says_what_it_answers() -> None:
    mail = a_mail()
    mail["Message-ID"] = "<3@familles.example>"
    mail["In-Reply-To"] = "<2@ecole.test>"
    mail["References"] = "<1@ecole.test>\n <2@ecole.test>".replace("\n", "")
    mail["Subject"] = "Re: Réunion de rentrée"
    read = read_mail(mail.as_bytes())
    assert (read.message_id, read.in_reply_to, read.references) == (
        "3@familles.example",
        "2@ecole.test",
        ("1@ecole.test", "2@ecole.test"),
    )
    assert read.subject == "Re: Réunion de rentrée"


def test_a_mail_that_says_nothing_of_itself_is_read_all_the_same() -> None:
    read = read_mail(b"To: reponse+r.1.x@ecole.test\n\nOui")
    assert (read.subject, read.message_id, read.in_reply_to, read.references) == (None, None, None, ())


def test_an_attachment_does_not_show_what_it_holds() -> None:
    assert "secret" not in repr(Attachment("a.pdf", "application/pdf", b"secret"))
