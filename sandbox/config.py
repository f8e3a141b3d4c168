"""How the box is set up: which doors of the hub it may knock at, and whether it may open at all."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit, urlunsplit

from hub.errors import SettingsError

ACCOUNT = "AC" + "0" * 32
"""The account that a box has when none is named."""

BOT = "4242:the-bot-of-the-box-opens-nothing"
"""The token of the bot that a box has when none is named; it opens nothing but the box."""

SECRET = "the-box-has-no-secret"  # noqa: S105 - opens nothing but the box
"""The auth token of that account; it opens nothing but the box."""

LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


class Label(NamedTuple):
    """Who holds a phone or a mailbox, for the wall: a name and a language code."""

    name: str
    language: str


@dataclass(frozen=True, slots=True)
class SandboxConfig:
    """One box.

    `allow` comes from the settings: only a demo or test installation may open a box.
    A port of 0 takes any free one. Times in seconds.

    `accounts`: account sid → auth token. `number` is what a family sees when only a messaging service was named.
    `bots`: token of a bot → its name.
    `inbound_url`, or `inbound_urls` by number, is where an answered text is posted.
    `mail_back` is host:port of the hub's mail listener, for bounces and answers (`mail_back_lmtp`: it speaks LMTP).
    `routes`: a public address → where it is really served; signatures stay over the public one.
    `reachable`: hosts the box may call. Nothing else leaves it.
    """

    allow: bool
    host: str = "127.0.0.1"
    port: int = 0
    smtp_port: int = 0
    accounts: Mapping[str, str] = field(default_factory=lambda: {ACCOUNT: SECRET}, repr=False)
    bots: Mapping[str, str] = field(default_factory=lambda: {BOT: "trois_ponts_bot"}, repr=False)
    number: str = "+33937000100"
    inbound_url: str | None = None
    inbound_urls: Mapping[str, str] = field(default_factory=dict)
    fetched: bool = False
    """The hub has no public address: it asks the list for what families answer, instead of being told."""
    mail_back: str | None = None
    mail_back_lmtp: bool = True
    smtp_login: tuple[str, str] | None = field(default=None, repr=False)
    """User and password that a login must match; None takes any. Mail without a login is taken too."""
    routes: Mapping[str, str] = field(default_factory=dict)
    reachable: frozenset[str] = LOOPBACK
    seed: int = 7
    tries: int = 4
    """How often a callback, a bounce or an answer is brought to a hub that is away."""
    pause: float = 0.5
    """Before the second try; twice as long before each further one."""
    look: Path = Path(__file__).resolve().parent.parent / "web" / "static"
    """Where the house's style sheets and icons lie."""
    directory: Mapping[str, Label] = field(default_factory=dict)
    """Address → who holds it, for the wall."""

    def check(self) -> None:
        """Refuse to open beside real families. Raises SettingsError."""
        if not self.allow:
            raise SettingsError("La boîte ne s'ouvre que pour une démonstration ou un essai : PASSERELLE_DEMO=1.")

    def inbound_for(self, number: str) -> str | None:
        """Where a text that a family sends to `number` is posted."""
        return self.inbound_urls.get(number, self.inbound_url)

    def route(self, url: str) -> str | None:
        """Say where `url` is really served; None when that lies outside the box."""
        for public, real in self.routes.items():
            if url == public or url.startswith((public.rstrip("/") + "/", public.rstrip("/") + "?")):
                url = real.rstrip("/") + url[len(public.rstrip("/")) :]
                break
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or parts.hostname not in self.reachable:
            return None
        return urlunsplit(parts)
