"""When two lines speak of the same adult, and when only the office can tell."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

from hub.people.names import name_key
from hub.people.onde import ChildRef, GuardianRow, PupilRow

Id = TypeVar("Id")


class Evidence(StrEnum):
    """What two records of one name have in common: a child, an address, or nothing but the name."""

    CHILD = "child"
    ADDRESS = "address"
    NAME_ONLY = "name_only"


class Likeness(StrEnum):
    """How an adult of a file stands to those the school knows."""

    SAME = "same"
    NEW = "new"
    AMBIGUOUS = "ambiguous"


@dataclass(frozen=True, slots=True)
class AdultTrace:
    """By what an adult is recognised: `guardian_key`, the keys of the children, the keys of the addresses."""

    name: str
    children: frozenset[str]
    addresses: frozenset[str]

    def __repr__(self) -> str:
        return f"AdultTrace({len(self.children)} children, {len(self.addresses)} addresses)"


@dataclass(frozen=True, slots=True)
class Recognition(Generic[Id]):
    """The verdict; `who` is set for SAME alone, `candidates` are what the office must choose from."""

    likeness: Likeness
    who: Id | None = None
    candidates: tuple[Id, ...] = ()


def guardian_key(row: GuardianRow) -> str:
    """Give the first half of an adult's key: family name and first name, normalised; a service has one name.

    ONDE numbers no adult, and two adults may share a name (father and son, two neighbours). So the name alone
    recognises nobody: it must come with one child or one address in common, see `recognise`. The name of usage
    is left out: a marriage or a separation changes it.
    """
    return f"{name_key(row.family_name)}|{name_key(row.first_name)}"


def child_key(child: ChildRef | PupilRow) -> str:
    """Give the key of a pupil's names, the same from both files; homonyms are told apart by class."""
    return f"{name_key(child.family_name or child.usage_name)}|{name_key(child.first_name)}"


def same_adult_evidence(one: AdultTrace, other: AdultTrace) -> Evidence | None:
    """Say what speaks for one person behind both traces; None when the names differ."""
    if one.name != other.name:
        return None
    if one.children & other.children:
        return Evidence.CHILD
    return Evidence.ADDRESS if one.addresses & other.addresses else Evidence.NAME_ONLY


def recognise(found: AdultTrace, known: Mapping[Id, AdultTrace]) -> Recognition[Id]:
    """Find the adult of a file among those the school knows, or say that a human must.

    Exactly one of the same name who shares a child or an address: the same. Nobody of that name: new. A name
    alone, or two who fit: ambiguous. Never merged by guess: a wrong merge tells one family about another's child.
    """
    evidence = {who: same_adult_evidence(found, other) for who, other in known.items()}
    sure = [who for who, what in evidence.items() if what in {Evidence.CHILD, Evidence.ADDRESS}]
    alike = tuple(who for who, what in evidence.items() if what is not None)
    if len(sure) == 1:
        return Recognition(Likeness.SAME, sure[0])
    return Recognition(Likeness.AMBIGUOUS, candidates=tuple(sure) or alike) if alike else Recognition(Likeness.NEW)
