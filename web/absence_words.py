"""How staff read an absence: through what it was told, for which reason, and whether it counts."""

from collections.abc import Mapping

from hub.models.answers import AnswerKind

THROUGH: Mapping[str, str] = {
    "phone": "par téléphone",
    "gate": "au portail",
    "note": "par un mot",
    "voicemail": "sur le répondeur",
    "sms": "par SMS",
    "email": "par e-mail",
    "chat": "par Telegram",
    "push": "par la notification",
    "page": "sur la page",
    "home": "sur sa page",
    "call": "au téléphone",
    "voice": "par l’appel automatique",
    "letter": "par le carré de sa lettre",
    "coupon": "par un coupon",
}
REASONS: Mapping[AnswerKind, str] = {
    AnswerKind.OTHER_REASON: "autre raison, ou pas dite",
    AnswerKind.ILL: "malade",
    AnswerKind.CONTAGION: "maladie contagieuse à la maison",
    AnswerKind.FAMILY_GATHERING: "réunion de famille solennelle",
    AnswerKind.TRANSPORT: "transports empêchés",
    AnswerKind.WITH_GUARDIANS: "suit ses responsables",
}
"""The five reasons of the law (code de l'éducation, L131-8) and what is none of them, first: it needs no choice."""
VERDICTS: Mapping[str, str] = {"pending": "en attente", "justified": "justifiée", "to_judge": "à apprécier"}
NO_REASON = "sans explication"
