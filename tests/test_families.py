"""The fictional school: large enough, hard enough, and always the same."""

import re
from collections import Counter

import pytest

from hub.people.mailboxes import read_mailbox
from hub.people.onde import read_guardians, read_pupils
from hub.people.phones import read_phones
from sandbox.families import FictionalSchool, FileEncoding, Trouble, make_school


@pytest.fixture(scope="module")
def school() -> FictionalSchool:
    return make_school()


def test_a_school_has_twelve_classes_and_some_four_hundred_adults(school: FictionalSchool) -> None:
    classes = Counter(pupil.class_label for pupil in school.pupils)

    assert len(school.pupils) == 300
    assert len(classes) == 12
    assert set(classes.values()) == {25}
    assert 400 <= len(school.adults) <= 440


def test_one_seed_makes_one_school_and_another_seed_another(school: FictionalSchool) -> None:
    assert make_school(2026) == school
    assert make_school(2027).guardians_csv != school.guardians_csv


def test_nobody_shares_a_name_and_only_two_share_a_phone(school: FictionalSchool) -> None:
    pupils = Counter((pupil.family_name, pupil.first_name) for pupil in school.pupils)
    adults = Counter((adult.name, adult.first_name) for adult in school.adults)
    phones = Counter(adult.mobile for adult in school.adults if adult.mobile)

    assert max(pupils.values()) == 1
    assert max(adults.values()) == 1
    assert sorted(phones.values())[-2:] == [1, 2]


def test_every_address_is_kept_for_fiction(school: FictionalSchool) -> None:
    numbers = [number for a in school.adults for number in (a.mobile, a.landline, a.work) if number]
    mailboxes = [adult.mailbox for adult in school.adults if adult.mailbox]

    assert all(re.fullmatch(r"\+33(63998|26191)\d{4}", number) for number in numbers)
    assert all(mailbox.endswith((".test", ".example")) and read_mailbox(mailbox) == mailbox for mailbox in mailboxes)
    assert len(set(mailboxes)) == len(mailboxes)


@pytest.mark.parametrize("size", [10, 300])
def test_the_hard_cases_are_in_every_school(size: int) -> None:
    adults = make_school(pupils=size).adults

    assert sum(len(adult.barred_from) == 1 and len(adult.children) == 2 for adult in adults) == 1
    assert [adult.name for adult in adults if adult.is_service] == ["FOYER DES EXEMPLES"]
    assert sum(adult.work is not None for adult in adults) == 1
    assert any(a.landline and not a.mobile and not a.mailbox for a in adults)
    assert any(not (a.landline or a.mobile or a.mailbox or a.odd_number) for a in adults)
    assert {a.odd_number for a in adults if a.odd_number} == {"08 92 00 00 00", "à demander"}
    assert {Trouble.DEAD, Trouble.OFF, Trouble.REFUSES} <= {adult.trouble for adult in adults}
    assert len({adult.street for adult in adults}) > 5


def test_families_speak_ten_languages(school: FictionalSchool) -> None:
    assert len({adult.language for adult in school.adults}) == 10
    assert len({adult.language for adult in make_school(pupils=40).adults}) == 10


@pytest.mark.parametrize(
    ("encoding", "older"),
    [(FileEncoding.CP1252, False), (FileEncoding.UTF8_BOM, False), (FileEncoding.CP1252, True)],
)
def test_what_is_written_is_read_back_whole(encoding: FileEncoding, older: bool) -> None:  # noqa: FBT001 - a case
    school = make_school(encoding=encoding, older_titles=older)
    pupils, guardians = read_pupils(school.pupils_csv), read_guardians(school.guardians_csv)

    assert (pupils.bad, pupils.doubts, guardians.bad, guardians.doubts) == ((), (), (), ())
    assert pupils.encoding == guardians.encoding == encoding.value
    assert [(row.family_name, row.first_name, row.born_on, row.class_label) for row in pupils.rows] == [
        (pupil.family_name, pupil.first_name, pupil.born_on, pupil.class_label) for pupil in school.pupils
    ]
    for adult, row in zip(school.adults, guardians.rows, strict=True):
        assert (row.family_name, row.first_name, row.mailbox_raw) == (adult.name, adult.first_name, adult.mailbox or "")
        assert [child.first_name for child in row.children] == [child.first_name for child in adult.children]
        assert [phone.e164 for phone in read_phones(row.home_raw)] == [adult.landline] * bool(adult.landline)
        if adult.odd_number is None:
            assert [phone.e164 for phone in read_phones(row.mobile_raw)] == [adult.mobile] * bool(adult.mobile)


@pytest.mark.parametrize("older", [False, True])
def test_bad_lines_stand_at_the_end_and_are_all_refused(older: bool) -> None:  # noqa: FBT001 - a case
    school = make_school(pupils=10, bad_lines=True, older_titles=older)
    pupils, guardians = read_pupils(school.pupils_csv), read_guardians(school.guardians_csv)

    assert len(pupils.rows) == 10
    assert [bad.number for bad in pupils.bad] == [12, 13, 14, 15, 16]
    assert len(guardians.rows) == len(school.adults)
    assert len(guardians.bad) == 3


def test_a_huge_school_runs_out_of_phones_and_goes_on_with_mailboxes() -> None:
    school = make_school(pupils=9_000)
    mobiles = {number for adult in school.adults for number in (adult.mobile, adult.work) if number}

    assert len(school.pupils) == 9_000
    assert len(mobiles) == 10_000
    assert len({(pupil.family_name, pupil.first_name) for pupil in school.pupils}) == 9_000


@pytest.mark.parametrize("size", [9, 20_001])
def test_a_school_has_its_bounds(size: int) -> None:
    with pytest.raises(ValueError, match="10 to 20,000"):
        make_school(pupils=size)
