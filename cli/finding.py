"""What the school doctor finds: one thing that was looked at, how grave it is, and one sentence about it."""

from dataclasses import asdict, dataclass
from enum import StrEnum

PATIENCE = 5.0
"""Seconds that one answer is waited for."""


class State(StrEnum):
    """How grave a finding is: a warning costs the families something, an error keeps the hub from working."""

    OK = "ok"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at: `what` names it for programs, `called` for people."""

    what: str
    state: State
    sentence: str

    @property
    def called(self) -> str:
        """What it is called in French."""
        return _CALLED[self.what]

    def as_dict(self) -> dict[str, str]:
        """For `--json`."""
        return asdict(self)


_CALLED = {
    "settings": "réglages",
    "database": "base",
    "walls": "murs entre écoles",
    "master keys": "clés maîtresses",
    "sealed keys": "clés scellées",
    "public address": "adresse publique",
    "without links": "perdu : liens",
    "without buttons": "perdu : notifications",
    "without calls": "perdu : appels manqués",
    "without haste": "perdu : vitesse",
    "mail listener": "écoute du courrier",
    "mailbox": "boîte relevée",
    "sms provider": "opérateur SMS",
    "sms list": "liste de l'opérateur SMS",
    "mail server": "serveur de courrier",
    "bell": "sonnette",
    "letters": "lettres",
    "schools": "écoles",
    "sms senders": "lignes SMS",
    "email senders": "lignes e-mail",
    "chat senders": "lignes Telegram",
    "push senders": "lignes de notifications",
    "telegram bot": "bot Telegram",
}
