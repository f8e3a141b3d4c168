"""The mailboxes that families give: read once, kept in one form, and safe to put into a letter's head."""

import re
import unicodedata

from hub.errors import InvalidError

_LOCAL = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_LONGEST = 254
"""Characters of a whole mailbox (RFC 5321 §4.5.3.1.3, less the angle brackets); 64 before the @."""


def read_mailbox(raw: str) -> str:
    """Read one mailbox: no spaces around, domain in lower case and in ASCII (IDNA), what stands before @ as given.

    A typing error (gmial.com) is not corrected: we do not guess where a family reads. Raises InvalidError with
    one sentence for the office, without the address. Line breaks are refused even at the end: they would open
    a second line in a letter's head.
    """
    _refuse_hidden(raw)
    text = raw.strip()
    if not text:
        raise _invalid("L'adresse est vide.")
    if len(text) > _LONGEST:
        raise _invalid("L'adresse est trop longue.")
    _refuse_company(text)
    local, _, domain = text.partition("@")
    mailbox = f"{_local(local)}@{_domain(domain)}"
    if len(mailbox) > _LONGEST:
        raise _invalid("L'adresse est trop longue.")
    return mailbox


def mailbox_key(mailbox: str) -> str:
    """Say by what two spellings are the same mailbox: no provider of families tells Lea@ from lea@."""
    return mailbox.lower()


def _invalid(sentence: str) -> InvalidError:
    return InvalidError(sentence, field="mailbox")


def _refuse_hidden(raw: str) -> None:
    if any(unicodedata.category(c) in {"Cc", "Cf", "Cs", "Zl", "Zp"} for c in raw):
        raise _invalid("L'adresse contient un retour à la ligne ou un caractère invisible.")


def _refuse_company(text: str) -> None:
    """Refuse what is more or less than one bare address."""
    at = text.count("@")
    if at == 0:
        raise _invalid("Il manque le @ dans l'adresse.")
    if any(c in text for c in '<>"()'):
        raise _invalid("Il faut l'adresse seule, sans nom ni signes autour.")
    if at > 1:
        raise _invalid("Il y a plusieurs adresses, ou plusieurs @.")
    if any(c.isspace() for c in text):
        raise _invalid("Il y a une espace dans l'adresse.")


def _local(local: str) -> str:
    if not local:
        raise _invalid("Il manque ce qui est avant le @.")
    if not local.isascii():
        raise _invalid("Il y a un accent ou un signe rare avant le @.")
    if len(local) > 64 or not _LOCAL.fullmatch(local):
        raise _invalid("Ce qui est avant le @ n'est pas possible.")
    return local


def _domain(domain: str) -> str:
    if not domain:
        raise _invalid("Il manque ce qui est après le @.")
    try:
        ascii_domain = domain.encode("idna").decode("ascii").lower()
    except UnicodeError as error:
        raise _invalid("Ce qui est après le @ n'est pas possible.") from error
    labels = ascii_domain.split(".")
    if len(labels) < 2:
        raise _invalid("Il manque la fin de l'adresse (.fr, .com…).")
    if not all(_LABEL.fullmatch(label) for label in labels) or labels[-1].isdigit():
        raise _invalid("Ce qui est après le @ n'est pas possible.")
    return ascii_domain
