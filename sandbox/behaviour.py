"""How badly the outside world may behave today, as data: for one phone or mailbox, or for all."""

import random
from collections import Counter
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import ClassVar

from pydantic import ConfigDict


class Receipts(StrEnum):
    """How the provider reports what became of a text."""

    PROMPT = "prompt"
    NONE = "none"
    LATE = "late"
    """After `receipt_delay` seconds."""
    EARLY = "early"
    """Before the answer to the POST itself."""
    DOUBLED = "doubled"
    REORDERED = "reordered"
    """The last one first."""
    FORGED = "forged"
    """Signed by somebody else."""


@dataclass(frozen=True, slots=True)
class Behaviour:
    """What meets a message. The plain one takes it, delivers it at once and says so.

    `latency` seconds pass before the answer; what was taken is already taken.
    `hang_up`: taken, then the line is cut without an answer.
    `answer`: an HTTP status in place of 201 (429, 500, 503 …), or for mail an SMTP code after DATA;
    nothing is taken, unless `takes_first`.
    `refuse`: a Twilio code answered at once (21211, 21610, 21614 …).
    `undelivered`: a Twilio code (30003, 30005 …) that comes later, with the receipts.
    `rcpt`: an SMTP code for RCPT TO (550 no such mailbox, 552 full, 451 later).
    `bounce`: an RFC 3463 status ("5.1.1") reported `receipt_delay` seconds after a mail was taken; mail's receipts.
    `off`: taken, and kept until the phone is switched on.
    `failing`: share of requests (0–1) answered 503 with nothing taken; the box's seed chooses which.
    `times`: holds for so many messages, then the plain behaviour is back.
    """

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    latency: float = 0.0
    hang_up: bool = False
    answer: int | None = None
    takes_first: bool = False
    retry_after: int | None = None
    refuse: int | None = None
    undelivered: int | None = None
    rcpt: int | None = None
    bounce: str | None = None
    receipts: Receipts = Receipts.PROMPT
    receipt_delay: float = 0.0
    off: bool = False
    failing: float = 0.0
    times: int | None = None


PLAIN = Behaviour()


class Behaviours:
    """Who behaves how: a default, and exceptions by address."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._default = PLAIN
        self._by_address: dict[str, Behaviour] = {}
        self._seen: Counter[str] = Counter()

    def set(self, behaviour: Behaviour, address: str | None = None) -> None:
        """Let `address`, or everybody without one of their own, behave so from now on."""
        if address is None:
            self._default = behaviour
        else:
            self._by_address[plain_address(address)] = behaviour

    def of(self, address: str) -> Behaviour:
        """Look, without using up any of its `times`."""
        return self._by_address.get(plain_address(address), self._default)

    def take(self, address: str) -> Behaviour:
        """Meet one message: counts down `times` and draws the lot of `failing`.

        The lot depends on the seed, the address and how many came before to it, never on what runs beside it.
        """
        address = plain_address(address)
        met = self.of(address)
        self._count_down(address, met)
        self._seen[address] += 1
        lot = random.Random(f"{self._seed}/{address}/{self._seen[address]}").random()  # noqa: S311 - a dice, no secret
        return replace(met, answer=503, takes_first=False) if lot < met.failing else met

    def clear(self) -> None:
        """Everybody is well again."""
        self._default = PLAIN
        self._by_address.clear()
        self._seen.clear()

    def _count_down(self, address: str, met: Behaviour) -> None:
        if met.times is None:
            return
        left = replace(met, times=met.times - 1) if met.times > 1 else PLAIN
        self.set(left, address if address in self._by_address else None)


def plain_address(address: str) -> str:
    """One spelling for each phone and mailbox."""
    return address.replace(" ", "").lower()
