"""Machines that answer, and mail systems that say that nothing arrived; and people who might be taken for them."""

from email.message import EmailMessage

import pytest
from mail_samples import bounces, machines, rarer

from hub.letters.reading import Bounce, read_mail


def a_mail(text: str = "Oui", *, subject: str = "Re: Réunion", header: tuple[str, str] | None = None) -> bytes:
    mail = EmailMessage()
    fields = {"From": "Amina <amina@familles.example>", "To": "reponse+r.1.abc@ecole.test", "Subject": subject}
    for name, value in (fields | dict([header] if header else [])).items():
        mail[name] = value
    mail.set_content(text)
    return mail.as_bytes()


@pytest.mark.parametrize("subject", machines.MACHINE_SUBJECTS)
def test_a_machine_is_known_by_its_subject(subject: str) -> None:
    assert read_mail(a_mail(subject=subject)).auto_reply


@pytest.mark.parametrize("subject", machines.PEOPLE_SUBJECTS)
def test_a_person_may_write_of_absence_in_the_subject(subject: str) -> None:
    read = read_mail(a_mail(subject=subject))
    assert (read.auto_reply, read.bounce, read.reply) == (False, None, "Oui")


@pytest.mark.parametrize("header", machines.MACHINE_HEADERS, ids=": ".join)
def test_a_machine_is_known_by_a_header(header: tuple[str, str]) -> None:
    assert read_mail(a_mail(header=header)).auto_reply


@pytest.mark.parametrize("header", machines.PEOPLE_HEADERS, ids=": ".join)
def test_a_header_that_people_s_programs_write_too_shows_no_machine(header: tuple[str, str]) -> None:
    assert not read_mail(a_mail(header=header)).auto_reply


@pytest.mark.parametrize("words", machines.MACHINE_WORDS)
def test_a_machine_is_known_when_it_says_so_at_once(words: str) -> None:
    assert read_mail(a_mail(words)).auto_reply


@pytest.mark.parametrize("words", machines.PEOPLE_WORDS)
def test_a_person_may_speak_of_machines(words: str) -> None:
    assert not read_mail(a_mail(words)).auto_reply


@pytest.mark.parametrize("to", [bounces.TO, "info@ecole.test"])
@pytest.mark.parametrize(
    ("text", "permanent"), (bounces.BOUNCED | rarer.BOUNCED).values(), ids=(bounces.BOUNCED | rarer.BOUNCED).keys()
)
def test_a_bounce_says_whose_and_whether_for_good(text: str, permanent: bool, to: str) -> None:  # noqa: FBT001  # a table
    read = read_mail(text.replace(bounces.TO, to).encode())
    assert read.bounce is not None
    assert (read.bounce.address, read.bounce.permanent) == (bounces.LINA, permanent)
    assert (read.auto_reply, read.reply, read.attachments) == (True, None, ())


@pytest.mark.parametrize("text", bounces.NOT_BOUNCED.values(), ids=bounces.NOT_BOUNCED.keys())
def test_a_machine_that_tells_of_no_failure_is_no_bounce(text: str) -> None:
    read = read_mail(text.encode())
    assert (read.bounce, read.auto_reply) == (None, True)


@pytest.mark.parametrize("text", bounces.PEOPLE + rarer.PEOPLE)
def test_a_family_that_writes_of_mail_has_not_bounced(text: str) -> None:
    read = read_mail(text.encode())
    assert (read.bounce, read.auto_reply) == (None, False)
    assert read.reply


@pytest.mark.parametrize("to", [bounces.TO, "info@ecole.test"])
@pytest.mark.parametrize("text", rarer.AWAY)
def test_whom_a_machine_names_while_somebody_is_away_has_not_bounced(text: str, to: str) -> None:
    read = read_mail(text.replace(bounces.TO, to).encode())
    assert (read.bounce, read.auto_reply) == (None, True)
    assert "jeanne" in (read.reply or "")


def test_a_domain_that_cannot_be_is_a_failed_address_too() -> None:
    read = read_mail(bounces.report(final="rfc822; lina@#familles.example").encode())
    assert read.bounce is not None
    assert read.bounce.address == "lina@#familles.example"


def test_the_number_of_a_program_s_version_is_no_status() -> None:
    text = f"Your message about 2.0.12 did not reach:\n\n{bounces.LINA}\n\nUnknown recipient\n"
    read = read_mail(bounces.in_words(text, subject="Undeliverable: R").encode())
    assert read.bounce == Bounce(bounces.LINA, permanent=True)


def test_the_first_address_that_failed_is_taken_and_its_status_kept() -> None:
    read = read_mail(bounces.report("5.2.2", diagnostic="smtp; 552 5.2.2 full").encode())
    assert read.bounce == Bounce(bounces.LINA, permanent=True, status="5.2.2", diagnostic="smtp; 552 5.2.2 full")


@pytest.mark.parametrize("at", range(0, 700, 50))
def test_a_bounce_cut_off_anywhere_breaks_nothing(at: int) -> None:
    for text, _ in bounces.BOUNCED.values():
        read_mail(text.encode()[:at])
