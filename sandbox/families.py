"""A fictional school and its families, always the same from one seed: for the demo, the tests and the benches."""

from dataclasses import dataclass

from sandbox.households import MOBILES, settle
from sandbox.onde_files import FileEncoding, guardians_file, pupils_file
from sandbox.townsfolk import BEHAVIOURS, FictionalAdult, FictionalPupil, Trouble

__all__ = [
    "BEHAVIOURS",
    "MOBILES",
    "FictionalAdult",
    "FictionalPupil",
    "FictionalSchool",
    "FileEncoding",
    "Trouble",
    "make_school",
]


@dataclass(frozen=True, slots=True)
class FictionalSchool:
    """A school as ONDE exports it, and beside the two files all that ONDE does not hold."""

    pupils: tuple[FictionalPupil, ...]
    adults: tuple[FictionalAdult, ...]
    pupils_csv: bytes
    guardians_csv: bytes


def make_school(
    seed: int = 2026,
    pupils: int = 300,
    *,
    encoding: FileEncoding = FileEncoding.CP1252,
    older_titles: bool = False,
    bad_lines: bool = False,
) -> FictionalSchool:
    """Make a school of 10 to 20,000 `pupils` in classes of about 25, CP to CM2, with about 1.4 adults a pupil.

    Every school holds, whatever its size: an adult barred from one of two pupils, parents apart, two adults on
    one phone, a foster home with three phones, an adult whom nothing reaches, a landline alone, a premium number,
    words in place of a number, a dead number, a phone that is off, one that refuses. From about 30 pupils on,
    families of ten languages. Mobiles are never given twice but to the two on one phone: after `MOBILES` of them
    (some 8,000 pupils) adults have a mailbox only. Raises ValueError outside these bounds.
    """
    if not 10 <= pupils <= 20_000:
        raise ValueError("a fictional school has 10 to 20,000 pupils")
    children, adults = settle(seed, pupils)
    return FictionalSchool(
        pupils=children,
        adults=adults,
        pupils_csv=pupils_file(children, encoding=encoding, older=older_titles, bad_lines=bad_lines),
        guardians_csv=guardians_file(adults, encoding=encoding, older=older_titles, bad_lines=bad_lines),
    )
