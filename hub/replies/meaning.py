"""What a few words from a family mean, in every language of the house; the same by SMS, mail and chat.

Only what is clear is understood: a whole message that is one of these words. Everything else is read by a person.
"""

import unicodedata
from dataclasses import dataclass
from enum import StrEnum

from hub.models.answers import AnswerKind
from hub.people.names import name_key


class Sense(StrEnum):
    """What kind of thing was said."""

    DIGIT = "digit"
    ACKNOWLEDGED = "acknowledged"
    STOP = "stop"
    WRONG_NUMBER = "wrong_number"
    WORDS = "words"


@dataclass(frozen=True, slots=True)
class Meaning:
    """What was said; `reason` is the answer that a digit stands for under an absence alert."""

    sense: Sense
    reason: AnswerKind | None = None


REASONS = {"1": AnswerKind.ILL, "2": AnswerKind.OTHER_REASON, "3": AnswerKind.SHOULD_BE_HERE}
"""The three answers of an absence alert, the same digits in every language."""

_DIGITS_IN_WORDS: dict[str, tuple[str, ...]] = {
    "1": (
        *("malade", "ill", "sick", "hasta", "مريض", "مريضة", "مرض"),
        *("doente", "doença", "enfermedad", "enfermo", "enferma", "хворіє", "хворий", "хвора"),
    ),
    "2": (
        *("autre", "autre raison", "other", "other reason"),
        *("baska", "baska neden", "baska sebep", "baska bir neden", "سبب آخر"),
        *("outro", "outro motivo", "otro", "otro motivo", "інше", "інша причина"),
    ),
    "3": (
        "devrait être à l'école",
        "devrait se trouver à l'école",
        "devrait y être",
        "should be at school",
        "okulda olmalı",
        "okulda olmalıydı",
        "يجب أن يكون في المدرسة",
        "يجب أن تكون في المدرسة",
        "يفترض الوجود في المدرسة",
        "devia estar na escola",
        "devia estar na aula",
        "debe estar en la escuela",
        "debería estar en la escuela",
        "debía ir a clase",
        "має бути в школі",
    ),
}
"""What families add after a digit: the words of the question itself."""

# no « oui »: under an invitation it is an answer, not a receipt, and a person should read it
_ACKNOWLEDGED = (
    *("ok", "okay", "d'accord", "daccord", "lu", "bien lu", "vu", "reçu", "bien reçu", "j'ai lu", "merci"),
    *("ok merci", "bien reçu merci", "c'est noté", "noté", "compris"),
    *("read", "received", "thanks", "thank you", "ok thanks", "noted", "got it", "understood"),
    *("tamam", "okudum", "aldım", "anladım", "teşekkürler", "teşekkür ederim", "tamam teşekkürler"),
    *("تم", "تمام", "حسنا", "شكرا", "قرأت", "وصل", "وصلت", "فهمت", "موافق"),
    *("lido", "já li", "recebido", "entendido", "obrigado", "obrigada", "muito obrigado", "muito obrigada"),
    *("ok obrigado", "ok obrigada", "leído", "lo he leído", "visto", "recibido", "enterado", "enterada"),
    *("gracias", "muchas gracias", "ok gracias"),
    *("ок", "добре", "прочитано", "прочитав", "прочитала", "отримано", "отримав", "отримала", "зрозуміло"),
    *("дякую", "дякуємо", "ок дякую", "добре дякую"),
)
# no « baja » alone: a Spanish parent may mean sick leave
_STOP = (
    *("stop", "stop sms", "stopall", "arret", "arrêt", "arrêter", "arrêtez", "désabonner", "désinscrire"),
    *("unsubscribe", "cancel", "end", "quit"),
    *("dur", "durdur", "iptal", "abonelikten çık"),
    *("توقف", "أوقف", "إيقاف", "قف", "إلغاء"),
    *("parar", "cancelar subscrição", "darse de baja"),
    *("стоп", "зупинити", "зупиніть", "відписатися"),
)
_WRONG_NUMBER = (
    *("mauvais numéro", "faux numéro", "erreur de numéro", "vous vous trompez de numéro"),
    *("vous avez le mauvais numéro", "numéro incorrect"),
    *("wrong number", "wrong person", "you have the wrong number"),
    *("yanlış numara", "yanlış kişi", "yanlış numarayı aradınız"),
    *("رقم خاطئ", "الرقم خاطئ", "رقم غلط", "الرقم غلط", "رقم خطأ"),
    *("número errado", "tem o número errado", "pessoa errada"),
    *("número equivocado", "se equivoca de número", "se ha equivocado de número", "persona equivocada"),
    *("неправильний номер", "не той номер", "ви помилилися номером"),
)
_NODS = frozenset("👍👌✅✔☑🆗")


def meaning_of(words: str) -> Meaning:
    """Read a whole message. Capitals, accents, full stops, and the digits of another script do not matter."""
    said = _plain(words)
    if not said:
        signs = {sign for sign in words if not sign.isspace() and unicodedata.category(sign) not in _UNSEEN}
        return Meaning(Sense.ACKNOWLEDGED if signs and signs <= _NODS else Sense.WORDS)
    known = _KNOWN.get(said)
    if known is not None:
        return known
    digit, _, rest = said.partition(" ")
    if digit in REASONS and rest in _AFTER[digit]:
        return Meaning(Sense.DIGIT, REASONS[digit])
    return Meaning(Sense.WORDS)


def first_line(words: str) -> str:
    """Give the first line that says something: what a mail answers stands there."""
    return next((line for line in words.splitlines() if line.strip()), "")


_UNSEEN = frozenset({"Cf", "Mn", "Me", "Sk"})
"""Joiners, variation selectors and skin tones around a sign."""


def _plain(words: str) -> str:
    """Give the key of a message, its digits in ours (١ is 1)."""
    return "".join(str(unicodedata.digit(sign, sign)) for sign in name_key(words))


_AFTER = {digit: frozenset(map(_plain, words)) for digit, words in _DIGITS_IN_WORDS.items()}
_KNOWN: dict[str, Meaning] = {
    **{_plain(word): Meaning(Sense.ACKNOWLEDGED) for word in _ACKNOWLEDGED},
    **{_plain(word): Meaning(Sense.STOP) for word in _STOP},
    **{_plain(word): Meaning(Sense.WRONG_NUMBER) for word in _WRONG_NUMBER},
    **{digit: Meaning(Sense.DIGIT, reason) for digit, reason in REASONS.items()},
}
