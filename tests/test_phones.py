"""Numbers and mailboxes as families write them."""

from contextlib import suppress

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from hub.errors import InvalidError
from hub.people.mailboxes import mailbox_key, read_mailbox
from hub.people.phones import Phone, PhoneKind, inspect, masked, read_phone, read_phones, shown

PAPA = "+33639981000"


@pytest.mark.parametrize(
    "written",
    [
        "06 39 98 10 00",
        "0639981000",
        "06.39.98.10.00",
        "06-39-98-10-00",
        "06/39/98/10/00",
        "06\u00a039\u202f98\u00a010 00",
        "0033639981000",
        "00 33 6 39 98 10 00",
        "+33 (0)6 39 98 10 00",
        "0033 (0) 6 39 98 10 00",
        "+33 06 39 98 10 00",
        "33639981000",
        "639981000",
        "639981000.0",
        "'0639981000",
        "(06) 39 98 10 00",
        "06 39 98 10 00 (papa)",
        "06 39 98 10 00 (le soir, 2e étage)",
        "06 39 98 10 00 papa",
        "Papa : 06 39 98 10 00",
        "tél. 06 39 98 10 00",
        "tel:+33639981000",
        "06 39 98 10 00;",
        "０６３９９８１０００",
        "٠٦٣٩٩٨١٠٠٠",
        "۰۶۳۹۹۸۱۰۰۰",
        "\u202a06 39 98 10 00\u202c",
    ],
)
def test_one_number_is_read_however_it_is_written(written: str) -> None:
    assert read_phone(written) == Phone("+33639981000", PhoneKind.MOBILE)


@pytest.mark.parametrize(
    ("written", "e164", "kind"),
    [
        ("06 12 34 56 78", "+33612345678", "mobile"),
        ("02 61 91 00 00", "+33261910000", "landline"),
        ("01 99 00 12 34 poste 12", "+33199001234", "landline"),
        ("09 37 00 00 00", "+33937000000", "voip"),
        ("0800 12 34 56", "+33800123456", "toll_free"),
        ("+262 692 12 34 56", "+262692123456", "mobile"),
        ("0692 12 34 56", "+262692123456", "mobile"),
        ("+33 692 12 34 56", "+262692123456", "mobile"),
        ("0696 12 34 56", "+596696123456", "mobile"),
        ("+49 1511 2345678", "+4915112345678", "mobile"),
        ("+1 202 555 0123", "+12025550123", "mobile"),
    ],
)
def test_a_number_tells_what_answers_there(written: str, e164: str, kind: str) -> None:
    assert inspect(written) == {"e164": e164, "kind": kind}


def test_in_reunion_and_in_france_the_same_ten_digits_mean_the_same_phone() -> None:
    assert read_phone("06 12 34 56 78", "RE").e164 == "+33612345678"
    assert read_phone("0692 12 34 56", "re").e164 == "+262692123456"


def test_only_a_mobile_takes_texts() -> None:
    assert read_phone("06 39 98 10 00").takes_texts
    assert not read_phone("02 61 91 00 00").takes_texts
    assert not read_phone("09 37 00 00 00").takes_texts


@pytest.mark.parametrize(
    ("written", "sentence"),
    [
        ("", "Le numéro est vide."),
        (" \u00a0 ", "Le numéro est vide."),
        ("à demander", "Il y a des lettres dans ce numéro."),
        ("O6 39 98 10 00", "Il y a des lettres dans ce numéro."),
        ("06 39 98 1O 00", "Il y a des lettres dans ce numéro."),
        ("06 39 98 AB 00", "Il y a des lettres dans ce numéro."),
        ("6,39981E+08", "Un tableur a abîmé ce numéro : il faut le saisir à nouveau."),
        ("06 39 98 10", "Ce numéro est trop court."),
        ("06 39 98 10 000", "Ce numéro est trop long."),
        ("0" * 200, "Ce numéro est trop long."),
        (
            "3646",
            "Ce numéro est trop court : les numéros courts et les services ne sont pas ceux d'une famille.",
        ),
        ("112", "Ce numéro est trop court : les numéros courts et les services ne sont pas ceux d'une famille."),
        ("08 92 12 34 56", "Ce numéro est surtaxé : l'école ne l'appelle pas."),
        ("08 10 12 34 56", "Ce numéro est surtaxé : l'école ne l'appelle pas."),
        ("07 00 00 00 01", "Ce numéro n'existe pas."),
        ("+999 12345678", "L'indicatif de pays de ce numéro n'existe pas."),
        ("+881 612345678", "Ce numéro n'est dans aucun pays : l'école ne l'appelle pas."),
        ("+", "Ce n'est pas un numéro de téléphone."),
        ("06 39 98 10 00 / 06 39 98 10 01", "Il y a plusieurs numéros dans la même case."),
    ],
)
def test_what_cannot_be_called_is_refused_in_one_sentence(written: str, sentence: str) -> None:
    assert inspect(written) == {"error": sentence}


@pytest.mark.parametrize(
    ("cell", "numbers"),
    [
        ("06 39 98 10 00 / 06 39 98 10 01", [PAPA, "+33639981001"]),
        ("06 39 98 10 00 ou 06 39 98 10 01", [PAPA, "+33639981001"]),
        ("06 39 98 10 00\n02 61 91 00 00", [PAPA, "+33261910000"]),
        ("06 39 98 10 00 (papa) - 02 61 91 00 00 (maison)", [PAPA, "+33261910000"]),
        ("06 39 98 10 00, 0639981000", [PAPA]),
        ("06/39/98/10/00", [PAPA]),
        ("  ", []),
    ],
)
def test_a_cell_may_hold_several_numbers(cell: str, numbers: list[str]) -> None:
    assert [phone.e164 for phone in read_phones(cell)] == numbers


def test_half_a_cell_is_not_an_answer() -> None:
    with pytest.raises(InvalidError):
        read_phones("06 39 98 10 00 / 08 92 12 34 56")


def test_a_number_is_shown_as_one_reads_it_aloud() -> None:
    assert shown("+33639981000") == "06 39 98 10 00"
    assert shown("+262692123456") == "0692 12 34 56"
    assert shown("+4915112345678") == "+49 1511 2345678"
    assert masked("+33639981002") == "06 39 98 •• 02"


def test_the_repr_of_a_phone_shows_no_number() -> None:
    assert repr(read_phone("06 39 98 10 00")) == "Phone(mobile)"


@settings(deadline=None)
@given(st.text(max_size=130), st.sampled_from(["FR", "RE", "DE", "XX", ""]))
@example("²³", "FR")
@example("+33 (0)", "FR")
@example("\ud800", "FR")
def test_whatever_stands_in_the_cell_it_is_a_number_or_one_sentence(raw: str, region: str) -> None:
    assert set(inspect(raw, region)) in ({"e164", "kind"}, {"error"})
    with suppress(InvalidError):
        read_phones(raw, region)


@settings(deadline=None)
@given(st.text(alphabet="0123456789+ ()-./;ouetEabc٠۱\u00a0\n'", max_size=40))
def test_what_was_read_once_reads_the_same_again(raw: str) -> None:
    found = inspect(raw)
    if "e164" in found:
        assert inspect(found["e164"]) == found
        assert inspect(shown(found["e164"])) == found


@pytest.mark.parametrize(
    ("raw", "mailbox"),
    [
        ("Lea.Exemple@Familles.TEST", "Lea.Exemple@familles.test"),
        ("  lea@familles.test\u00a0", "lea@familles.test"),
        ("lea+ecole@familles.test", "lea+ecole@familles.test"),
        ("lea@école.example", "lea@xn--cole-9oa.example"),
        ("o'exemple@familles.test", "o'exemple@familles.test"),
        ("lea@gmial.example", "lea@gmial.example"),
    ],
)
def test_a_mailbox_is_kept_as_given_but_for_its_domain(raw: str, mailbox: str) -> None:
    assert read_mailbox(raw) == mailbox


def test_capitals_do_not_make_another_mailbox() -> None:
    assert mailbox_key("Lea.Exemple@familles.test") == "lea.exemple@familles.test"


@pytest.mark.parametrize(
    ("raw", "sentence"),
    [
        ("", "L'adresse est vide."),
        ("lea.familles.test", "Il manque le @ dans l'adresse."),
        ("@familles.test", "Il manque ce qui est avant le @."),
        ("lea@", "Il manque ce qui est après le @."),
        ("lea@familles", "Il manque la fin de l'adresse (.fr, .com…)."),
        ("lea@familles..test", "Ce qui est après le @ n'est pas possible."),
        ("lea@-familles.test", "Ce qui est après le @ n'est pas possible."),
        ("lea@[127.0.0.1]", "Ce qui est après le @ n'est pas possible."),
        ("lea..exemple@familles.test", "Ce qui est avant le @ n'est pas possible."),
        ("léa@familles.test", "Il y a un accent ou un signe rare avant le @."),
        ("lea exemple@familles.test", "Il y a une espace dans l'adresse."),
        ("Léa <lea@familles.test>", "Il faut l'adresse seule, sans nom ni signes autour."),
        ("lea@familles.test;leo@familles.test", "Il y a plusieurs adresses, ou plusieurs @."),
        ("lea@familles.test\r\nBcc: leo@x.test", "L'adresse contient un retour à la ligne ou un caractère invisible."),
        ("lea@familles.test\n", "L'adresse contient un retour à la ligne ou un caractère invisible."),
        ("l\u200bea@familles.test", "L'adresse contient un retour à la ligne ou un caractère invisible."),
        ("a" * 250 + "@familles.test", "L'adresse est trop longue."),
        ("a" * 65 + "@familles.test", "Ce qui est avant le @ n'est pas possible."),
    ],
)
def test_what_is_no_mailbox_is_refused_in_one_sentence(raw: str, sentence: str) -> None:
    with pytest.raises(InvalidError) as refusal:
        read_mailbox(raw)
    assert str(refusal.value) == sentence


@settings(deadline=None)
@given(st.one_of(st.text(max_size=60), st.builds("{}@{}".format, st.text(max_size=20), st.text(max_size=40))))
def test_a_mailbox_that_was_taken_fits_into_a_letters_head(raw: str) -> None:
    try:
        mailbox = read_mailbox(raw)
    except InvalidError:
        return
    assert mailbox.isascii()
    assert mailbox.isprintable()
    assert read_mailbox(mailbox) == mailbox
