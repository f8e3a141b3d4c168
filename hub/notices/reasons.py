"""Why an adult must be called: what stands on file, what was tried last and how that ended; a sentence for each."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from hub.models.notices import AttemptState, ErrorKind
from hub.models.people import AddressState, LastRung, Means
from hub.ports import ChannelName
from i18n.slots import N_


class Reason(StrEnum):
    """Why no message is enough."""

    SHOULD_BE_HERE = "should_be_here"
    NOTHING_ON_FILE = "nothing_on_file"
    LANDLINE_ONLY = "landline_only"
    NO_SENDER = "no_sender"
    NOT_SENT = "not_sent"
    NO_ANSWER = "no_answer"
    NO_RECEIPT = "no_receipt"
    UNSURE = "unsure"
    UNREACHABLE = "unreachable"
    DEAD = "dead"
    STOPPED = "stopped"
    WRONG = "wrong"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Why:
    """A reason, the way out it speaks of (None: of none), and when that way was last tried (None: never)."""

    reason: Reason
    way: ChannelName | None = None
    tried_at: datetime | None = None

    @property
    def sentence(self) -> str:
        """The reason in one French sentence, which the catalogues translate."""
        return _SAID.get((self.reason, self.way)) or _SAID[self.reason, None]


def last_tries(rows: Iterable[Any]) -> dict[int, Why]:
    """Read the tries of some deliveries, in their order: for each, the last that left, else the last there was."""
    found: dict[int, Why] = {}
    for row in rows:
        before = found.get(row.delivery_id)
        if before is None or before.tried_at is None or row.sending_at is not None:
            found[row.delivery_id] = Why(_ended(row), ChannelName(row.channel), row.sending_at)
    return found


def on_file(points: Iterable[Any]) -> Why:
    """Say why nothing was tried at all, from what is on file of one adult, the first that counts before the others."""
    rings_only = False
    for row in points:
        way = ChannelName(row.channel)
        if way in _WRITTEN:
            return Why(_unusable(row) or (Reason.NOT_SENT if row.sends else Reason.NO_SENDER), way)
        rings_only = True
    return Why(Reason.LANDLINE_ONLY if rings_only else Reason.NOTHING_ON_FILE)


def wish(means: Means, last_rung: LastRung) -> str | None:
    """Say in one French sentence how this adult wishes to be reached, where a caller must know."""
    if means is Means.WRITE_ONLY:
        return _RUNGS[LastRung.WRITE_ONLY]
    return _MEANS.get(means) or _RUNGS.get(last_rung)


def _ended(row: Any) -> Reason:  # noqa: ANN401 (a row)
    if row.address_state == AddressState.WRONG:
        return Reason.WRONG
    match row.state:
        case AttemptState.FAILED:
            return _FAILED.get(row.error_kind, Reason.UNSURE)
        case AttemptState.ACCEPTED | AttemptState.DELIVERED:
            return Reason.NO_RECEIPT
        case AttemptState.SENDING | AttemptState.UNKNOWN:
            return Reason.UNSURE
    return _unusable(row) or Reason.NOT_SENT


def _unusable(row: Any) -> Reason | None:  # noqa: ANN401 (a row)
    if row.address_state == AddressState.WRONG:
        return Reason.WRONG
    if row.address_state == AddressState.DEAD:
        return Reason.DEAD
    return Reason.STOPPED if row.stopped or row.address_state == AddressState.STOPPED else None


_WRITTEN = frozenset({ChannelName.SMS, ChannelName.EMAIL, ChannelName.PUSH, ChannelName.CHAT})
"""Ways that carry words by themselves; what only rings needs somebody to speak."""

_FAILED: Mapping[ErrorKind | None, Reason] = {
    ErrorKind.TEMPORARY: Reason.UNREACHABLE,
    ErrorKind.DEAD_ADDRESS: Reason.DEAD,
    ErrorKind.STOPPED: Reason.STOPPED,
    ErrorKind.REJECTED: Reason.REFUSED,
    ErrorKind.MISCONFIGURED: Reason.NO_SENDER,
    ErrorKind.UNKNOWN: Reason.UNSURE,
}

_SAID: Mapping[tuple[Reason, ChannelName | None], str] = {
    (Reason.SHOULD_BE_HERE, None): N_("Répond que l'enfant devrait être à l'école."),
    (Reason.NOTHING_ON_FILE, None): N_("Ni numéro ni e-mail au dossier."),
    (Reason.LANDLINE_ONLY, None): N_("Seulement un fixe au dossier : il ne reçoit pas de SMS."),
    (Reason.NO_SENDER, None): N_("L'école ne peut rien envoyer par cette voie en ce moment."),
    (Reason.NO_SENDER, ChannelName.SMS): N_("L'école ne peut pas envoyer de SMS en ce moment."),
    (Reason.NO_SENDER, ChannelName.EMAIL): N_("L'école ne peut pas envoyer d'e-mails en ce moment."),
    (Reason.NOT_SENT, None): N_("Le message n'a pas pu partir."),
    (Reason.NO_ANSWER, None): N_("Prévenu, mais n'a pas répondu."),
    (Reason.NO_RECEIPT, None): N_("Message envoyé, mais rien ne dit qu'il est arrivé."),
    (Reason.NO_RECEIPT, ChannelName.SMS): N_("SMS envoyé, mais rien ne dit qu'il est arrivé."),
    (Reason.NO_RECEIPT, ChannelName.EMAIL): N_("E-mail envoyé, mais rien ne dit qu'il est lu."),
    (Reason.UNSURE, None): N_("Peut-être envoyé : l'opérateur ne répond pas."),
    (Reason.UNREACHABLE, None): N_("Injoignable pour l'instant."),
    (Reason.UNREACHABLE, ChannelName.SMS): N_("Téléphone éteint ou hors réseau."),
    (Reason.UNREACHABLE, ChannelName.EMAIL): N_("Boîte pleine ou injoignable."),
    (Reason.UNREACHABLE, ChannelName.VOICE): N_("Appelé par l'automate : personne n'a écouté le message."),
    (Reason.DEAD, None): N_("Adresse hors service."),
    (Reason.DEAD, ChannelName.SMS): N_("Numéro hors service."),
    (Reason.DEAD, ChannelName.EMAIL): N_("Cette boîte n'existe pas."),
    (Reason.STOPPED, None): N_("A demandé de ne plus recevoir de messages."),
    (Reason.STOPPED, ChannelName.SMS): N_("A demandé de ne plus recevoir de SMS."),
    (Reason.STOPPED, ChannelName.EMAIL): N_("A demandé de ne plus recevoir d'e-mails."),
    (Reason.WRONG, None): N_("Fausse adresse : quelqu'un d'autre y répond."),
    (Reason.WRONG, ChannelName.SMS): N_("Faux numéro : quelqu'un d'autre y répond."),
    (Reason.REFUSED, None): N_("Message refusé par l'opérateur."),
    (Reason.REFUSED, ChannelName.SMS): N_("SMS refusé par l'opérateur."),
    (Reason.REFUSED, ChannelName.EMAIL): N_("E-mail refusé par sa messagerie."),
}

_MEANS: Mapping[Means, str] = {
    Means.CALL_FIRST: N_("Souhaite d'abord un appel."),
    Means.SIGN_LANGUAGE: N_("Langue des signes : écrire, ne pas appeler."),
}
_RUNGS: Mapping[LastRung, str] = {
    LastRung.WRITE_ONLY: N_("Ne veut pas d'appel : un mot écrit."),
    LastRung.LETTER: N_("À prévenir par lettre."),
    LastRung.RELAY: N_("À prévenir par une personne relais."),
}
