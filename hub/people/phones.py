"""The telephone numbers that families give, as they write them: read once, kept in one form."""

import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberFormat, PhoneNumberType, ValidationResult

from hub.errors import InvalidError


class PhoneKind(StrEnum):
    """What answers at a number. PREMIUM and shared-cost numbers are recognised only to be refused."""

    MOBILE = "mobile"
    LANDLINE = "landline"
    VOIP = "voip"
    TOLL_FREE = "toll_free"
    PREMIUM = "premium"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Phone:
    """One number in international form (`+33…`, E.164); its repr shows no number."""

    e164: str
    kind: PhoneKind

    def __repr__(self) -> str:
        return f"Phone({self.kind})"

    @property
    def takes_texts(self) -> bool:
        """Whether a text can arrive; a landline or a box number only rings."""
        return self.kind is PhoneKind.MOBILE


_CELL_MAX = 120
"""Characters; a longer cell is no telephone number, and reading it would only cost time."""

_FRENCH_PLAN = frozenset({"FR", "RE", "YT", "GP", "BL", "MF", "MQ", "GF"})
"""Regions that share one national plan of ten digits: from any of them, 06… and 0692… mean the same."""

_OVERSEAS = {
    "262": ("262", "263", "269", "639", "692", "693"),
    "590": ("590", "690", "691"),
    "594": ("594", "694"),
    "596": ("596", "696", "697"),
}
"""Country code by the first digits of the national number, for what is written nationally but lives overseas."""

_FICTION = re.compile(r"\+3363998\d{4}$")
"""06 39 98 xx xx is kept for fiction (ARCEP, decision 2018-0881): it is nobody's, so a demo may write to it.

`phonenumbers` calls it invalid; it passes here as a mobile, so that demo and tests take the same door as families.
"""

_KINDS = {
    PhoneNumberType.MOBILE: PhoneKind.MOBILE,
    PhoneNumberType.FIXED_LINE_OR_MOBILE: PhoneKind.MOBILE,
    PhoneNumberType.FIXED_LINE: PhoneKind.LANDLINE,
    PhoneNumberType.VOIP: PhoneKind.VOIP,
    PhoneNumberType.TOLL_FREE: PhoneKind.TOLL_FREE,
    PhoneNumberType.PREMIUM_RATE: PhoneKind.PREMIUM,
    PhoneNumberType.SHARED_COST: PhoneKind.PREMIUM,
}

_MAINLAND = re.compile(r"\+33[1-7]\d{8}")
"""Numbers written in five pairs (plan national de numérotation); 08 and 09 are left to the library."""

_NOTE = re.compile(r"\([^()\d]*[^\W\d_][^()]*\)|\[[^\[\]]*\]")
"""A remark in brackets: (papa), (le soir), [bureau 2]."""
_START = re.compile(r"[\d+(]")
_REMARK_AFTER = re.compile(r"[\s,:;-]+[^\W\d_]")
_SPREADSHEET = re.compile(r"\d[.,]\d+E\+?\d+", re.IGNORECASE)
_SEVERAL = re.compile(r"[/;,|\r\n]|\bou\b|\bet\b|\s-\s", re.IGNORECASE)
_NO_TRUNK = re.compile(r"^(?:\+|00)33\s*\(?0\)?|\(0\)")
_COUNTRY_WITHOUT_PLUS = re.compile(r"(?:33|262|590|594|596)[1-9]\d{8}")
_PUNCTUATION = re.compile(r"[\s().,\-_/'’`\u2010-\u2015\u2212·•]+")


def read_phone(raw: str, region: str = "FR") -> Phone:
    """Read one number as a family or a file wrote it; `region` (ISO 3166, two letters) is the school's.

    Takes what really stands in files: dots, dashes, 0033, (0), a leading zero lost by a spreadsheet, a remark
    behind the number, digits of other scripts. Raises InvalidError with one sentence for the office, without
    the number; never anything else, whatever the text.
    """
    text = _plain(raw)
    if _digits(text) > 15 and len(_parts(text)) > 1:
        raise _invalid("Il y a plusieurs numéros dans la même case.")
    dialled = _dialled(_without_remarks(text), region)
    number = _parsed(dialled, region)
    e164 = phonenumbers.format_number(number, PhoneNumberFormat.E164)
    if _FICTION.match(e164):
        return Phone(e164, PhoneKind.MOBILE)
    _must_exist(number)
    kind = _KINDS.get(phonenumbers.number_type(number), PhoneKind.OTHER)
    if kind is PhoneKind.PREMIUM:
        raise _invalid("Ce numéro est surtaxé : l'école ne l'appelle pas.")
    return Phone(e164, kind)


def read_phones(cell: str, region: str = "FR") -> tuple[Phone, ...]:
    """Read every number of one cell ("06… / 07…"), in order and without repeats; an empty cell gives none.

    Raises InvalidError as `read_phone` does when any of them cannot be read: half a cell is not an answer.
    """
    text = _plain(cell)
    if not text:
        return ()
    return tuple(dict.fromkeys(read_phone(part, region) for part in _parts(text)))


def inspect(raw: str, region: str = "FR") -> dict[str, str]:
    """Say what a number is, for the command line: {"e164", "kind"}, or {"error"} with the sentence."""
    try:
        phone = read_phone(raw, region)
    except InvalidError as error:
        return {"error": str(error)}
    return {"e164": phone.e164, "kind": phone.kind.value}


def shown(e164: str) -> str:
    """Write a number as people here read it aloud: 06 39 98 10 00, abroad +49 1511 2345678."""
    if _MAINLAND.fullmatch(e164):  # a list of calls writes a hundred of them; the library takes a tenth of a ms each
        return f"0{e164[3]} {e164[4:6]} {e164[6:8]} {e164[8:10]} {e164[10:]}"
    try:
        number = phonenumbers.parse(e164)
    except NumberParseException:
        return e164
    ours = str(number.country_code) in {"33", *_OVERSEAS}
    return phonenumbers.format_number(number, PhoneNumberFormat.NATIONAL if ours else PhoneNumberFormat.INTERNATIONAL)


def masked(e164: str) -> str:
    """Write a number so that its owner knows it and a stranger cannot dial it: 06 39 98 •• 02."""
    text = shown(e164)
    if _MAINLAND.fullmatch(e164):
        return f"{text[:-5]}••{text[-3:]}"
    places = [place for place, character in enumerate(text) if character.isdigit()]
    hidden = set(places[-4:-2])
    return "".join("•" if place in hidden else character for place, character in enumerate(text))


def _invalid(sentence: str) -> InvalidError:
    return InvalidError(sentence, field="phone")


def _digits(text: str) -> int:
    return sum(c.isdigit() for c in text)


def _plain(raw: str) -> str:
    """Bring digits of every script, wide characters and invisible marks down to plain ones."""
    if len(raw) > _CELL_MAX:
        raise _invalid("Ce numéro est trop long.")
    text = unicodedata.normalize("NFKC", raw)
    kept = (c for c in text if unicodedata.category(c) != "Cf")
    plain = (str(unicodedata.decimal(c)) if unicodedata.category(c) == "Nd" else c for c in kept)
    return "".join(plain).strip().lstrip("'’\"`").strip()


def _parts(text: str) -> list[str]:
    """Cut a cell at its separators, unless the pieces are only the pairs of one number (06/39/98/10/00)."""
    pieces = [piece for piece in _SEVERAL.split(text) if _digits(piece) >= 4]
    enough = all(_digits(piece) >= 8 for piece in pieces)
    return [piece.strip() for piece in pieces] if len(pieces) > 1 and enough else [text]


def _without_remarks(text: str) -> str:
    if not text:
        raise _invalid("Le numéro est vide.")
    if _SPREADSHEET.fullmatch(text):
        raise _invalid("Un tableur a abîmé ce numéro : il faut le saisir à nouveau.")
    text = _behind_the_number(_before_the_number(_NOTE.sub(" ", text).strip()))
    if any(c.isalpha() for c in text):
        raise _invalid("Il y a des lettres dans ce numéro.")
    return text.strip(" \t\r\n,;:/-")


def _before_the_number(text: str) -> str:
    """Drop "Papa : " and "tél. " but not the letter O typed for a zero."""
    start = _START.search(text)
    if start is None or not start.start() or text[start.start() - 1].isalpha():
        return text
    return text[start.start() :]


def _behind_the_number(text: str) -> str:
    """Drop " le soir" or " poste 12" behind a whole number; four digits or more would be another number."""
    remark = _REMARK_AFTER.search(text)
    if remark is None:
        return text
    number, rest = text[: remark.start()], text[remark.start() :]
    return number if _digits(number) >= 9 and _digits(rest) < 4 else text


def _dialled(text: str, region: str) -> str:
    """Keep a plus and digits; +33 (0)6 and 33 6 are both +336."""
    text = _NO_TRUNK.sub(lambda found: "" if found[0] == "(0)" else "+33", text)
    text = re.sub(r"(?<=\d{9})\.0$", "", text)
    digits = _PUNCTUATION.sub("", text)
    if digits.startswith("00"):
        digits = "+" + digits[2:]
    if not re.fullmatch(r"\+?\d+", digits):
        raise _invalid("Ce n'est pas un numéro de téléphone.")
    if region.upper() in _FRENCH_PLAN and _COUNTRY_WITHOUT_PLUS.fullmatch(digits):
        digits = "+" + digits
    return digits


def _parsed(dialled: str, region: str) -> phonenumbers.PhoneNumber:
    home = region.upper()
    home = "FR" if home in _FRENCH_PLAN else home
    count = len(dialled.lstrip("+"))
    if count <= 6 and not dialled.startswith("+"):
        raise _invalid("Ce numéro est trop court : les numéros courts et les services ne sont pas ceux d'une famille.")
    try:
        number = phonenumbers.parse(dialled, home)
    except NumberParseException as error:
        raise _invalid(_PARSE_SENTENCES.get(error.error_type, "Ce n'est pas un numéro de téléphone.")) from error
    return _overseas(number)


_PARSE_SENTENCES = {
    NumberParseException.INVALID_COUNTRY_CODE: "L'indicatif de pays de ce numéro n'existe pas.",
    NumberParseException.TOO_LONG: "Ce numéro est trop long.",
    NumberParseException.TOO_SHORT_NSN: "Ce numéro est trop court.",
    NumberParseException.TOO_SHORT_AFTER_IDD: "Ce numéro est trop court.",
}


def _overseas(number: phonenumbers.PhoneNumber) -> phonenumbers.PhoneNumber:
    """Give 0692… its own country code: in the French plan it is dialled like 06…, abroad it is +262."""
    national = str(number.national_number)
    if number.country_code != 33 or len(national) != 9 or national.startswith("63998"):
        return number
    for code, beginnings in _OVERSEAS.items():
        if national.startswith(beginnings):
            return phonenumbers.PhoneNumber(country_code=int(code), national_number=number.national_number)
    return number


def _must_exist(number: phonenumbers.PhoneNumber) -> None:
    reason = phonenumbers.is_possible_number_with_reason(number)
    if reason == ValidationResult.TOO_LONG:
        raise _invalid("Ce numéro est trop long.")
    if reason in {ValidationResult.TOO_SHORT, ValidationResult.IS_POSSIBLE_LOCAL_ONLY}:
        raise _invalid("Ce numéro est trop court.")
    if not phonenumbers.is_valid_number(number):
        raise _invalid("Ce numéro n'existe pas.")
    if phonenumbers.region_code_for_number(number) == "001":
        raise _invalid("Ce numéro n'est dans aucun pays : l'école ne l'appelle pas.")
