"""How staff read a conversation: what a reply was understood as, why its author is in doubt, how far our word got."""

from collections.abc import Mapping

from hub.inbox.listing import Pick
from hub.inbox.reading import Said, Wrote
from hub.inbox.tray import Item
from hub.models.answers import AnswerKind
from hub.models.notices import DeliveryState
from hub.models.people import Matter
from hub.replies.letters import BORROWED, OTHER_FROM
from hub.replies.meaning import Sense
from web.pages import amid
from web.staff_words import WAYS

PICKS: Mapping[str, tuple[Pick, str]] = {
    "": (Pick.ALL, "Toutes"),
    "nouveaux": (Pick.NEW, "Non lues"),
    "a-moi": (Pick.MINE, "À moi"),
    "sans-reponse": (Pick.LATE, "Sans réponse"),
    "en-attente": (Pick.WAITING, "En attente"),
    "clos": (Pick.CLOSED, "Closes"),
}
"""The ways to look at the list, as addresses and as words."""

SENSES: Mapping[str, str] = {
    Sense.ACKNOWLEDGED: "a confirmé",
    Sense.YES: "oui",
    Sense.NO: "non",
    Sense.COUNT: "dit combien",
    Sense.REASON: "a donné une raison",
    Sense.TOLD_BEFORE: "prévient d’une absence",
    Sense.SHOULD_BE_HERE: "devrait être à l’école",
    Sense.STOP: "ne veut plus de messages ici",
    Sense.START: "veut de nouveau des messages",
    Sense.HELP: "demande de l’aide",
    Sense.LANGUAGE: "change de langue",
    Sense.WRONG_NUMBER: "mauvais numéro",
    Sense.MISSED_CALL: "a appelé : rappelez",
    Sense.CHOICE: "a choisi de quoi il s’agit",
    Sense.PICTURE: "une image, que l’école ne reçoit pas",
}
"""What a reply was understood as; words for a person to read have no name here."""

ANSWERS: Mapping[AnswerKind, str] = {
    AnswerKind.ACKNOWLEDGED: "a confirmé",
    AnswerKind.YES: "oui",
    AnswerKind.NO: "non",
    AnswerKind.COUNT: "combien",
    AnswerKind.ILL: "malade",
    AnswerKind.CONTAGION: "maladie contagieuse d’un proche",
    AnswerKind.FAMILY_GATHERING: "réunion de famille",
    AnswerKind.TRANSPORT: "transport",
    AnswerKind.WITH_GUARDIANS: "avec ses responsables",
    AnswerKind.OTHER_REASON: "autre raison",
    AnswerKind.SHOULD_BE_HERE: "devrait être à l’école",
}

_DOUBTS: Mapping[str, str] = {
    OTHER_FROM: "Ce courriel ne vient pas de l’adresse connue.",
    BORROWED: "Rien ne prouve que ce courriel vient de son adresse.",
}
_IN_DOUBT = "Rien ne prouve qui a écrit ceci."

REACHED: Mapping[DeliveryState, str] = {
    DeliveryState.HELD: "pas encore parti",
    DeliveryState.ON_THE_WAY: "en route",
    DeliveryState.TOLD: "reçu",
    DeliveryState.ACKNOWLEDGED: "lu",
    DeliveryState.TO_CALL: "pas arrivé : à appeler",
    DeliveryState.CANCELLED: "retiré",
    DeliveryState.EXPIRED: "trop tard, pas parti",
}

MATTERS: Mapping[Matter, tuple[str, str]] = {
    Matter.UNMATCHED_REPLY: ("Un message n’a pas trouvé sa famille.", "Pas pour nous"),
    Matter.WRONG_NUMBER: (
        "Quelqu’un d’autre répond à cette adresse : plus rien n’y part. Demandez la bonne à la famille.",
        "C’est réglé",
    ),
    Matter.AMBIGUOUS_ADULT: (
        "Un adulte du fichier ressemble à une personne connue : rien n’a été changé. Voyez avec la famille.",
        "C’est réglé",
    ),
    Matter.ADULT_OF_BARRED_PUPIL: (
        "Un nouvel adulte est apparu pour un enfant dont un lien est interdit : voyez avec qui a l’enfant.",
        "Ne pas le prévenir",
    ),
    Matter.LEFT: (
        "Cet élève n’est plus dans le fichier complet : est-il parti ? S’il l’est, dites-le au prochain import.",
        "C’est vu",
    ),
    Matter.NO_RECEIPT: ("Un message est parti, mais rien ne dit qu’il est arrivé : vérifiez de vive voix.", "C’est vu"),
    Matter.UNSURE_SENT: ("Un message est peut-être arrivé, peut-être pas : dites-le de vive voix.", "C’est vu"),
    Matter.SENDER_STOPPED: (
        "L’école ne peut plus écrire par une de ses voies : compte ou mot de passe refusé. Dites-le à qui l’installe.",
        "C’est réparé",
    ),
}
"""What waits in the office tray: one sentence, and the act that ends it."""
_LEAVES = "Un courriel demande de ne plus écrire ici : seul, il ne change rien.", "C’était autre chose"
_TO_READ = "Un message demande qu’une personne le lise.", "C’est vu"


def said_of(item: Item) -> tuple[str, str]:
    """Say what a matter of the tray is, and the act that ends it."""
    if item.leaves:
        return _LEAVES
    if item.matter is Matter.UNMATCHED_REPLY and not item.stranger:
        return _TO_READ
    return MATTERS[item.matter]


def sense_of(said: Said) -> str:
    """Say what a reply was understood as, with what it stands as in the register; empty for words to be read."""
    if said.answer is not None and said.sense in (
        Sense.DIGIT,
        Sense.REASON,
        Sense.TOLD_BEFORE,
        Sense.COUNT,
        Sense.CHOICE,
    ):
        how_many = f" : {said.number}" if said.number is not None else ""
        return f"{ANSWERS[said.answer]}{how_many}"
    return SENSES.get(said.sense, "")


def doubt_of(doubt: str) -> str:
    """Say why nothing vouches for the author; empty when somebody does."""
    return _DOUBTS.get(doubt, _IN_DOUBT) if doubt else ""


def reached(wrote: Wrote) -> str:
    """Say how far our word got: « par SMS, reçu »."""
    way = f"par {amid(WAYS[wrote.channel][1])}, " if wrote.channel else ""
    states = list(dict.fromkeys(REACHED[state] for state in wrote.reached))
    return f"{way}{' ; '.join(states)}" if states else "parti à personne"
