"""The words that a family says to the school itself, whatever was written to it: stop, start, help, a language."""

from collections.abc import Mapping
from typing import Final

from i18n.languages import LANGUAGES, SPOKEN


def _all(*lines: str) -> tuple[str, ...]:
    return tuple(phrase.strip() for line in lines for phrase in line.split("|"))


# no « baja » alone: a Spanish parent may mean sick leave
STOP: Final = _all(
    "stop|stop sms|stopall|arret|arrêt|arrêter|arrêtez|désabonner|désinscrire|unsubscribe|cancel|end|quit",
    "dur|durdur|iptal|abonelikten çık|توقف|أوقف|إيقاف|قف|إلغاء|parar|cancelar subscrição|darse de baja",
    "стоп|зупинити|зупиніть|відписатися",
)
START: Final = _all(
    "start|unstop|reprendre|reprenez|reprise|recommencer|recommencez|réabonner|resume|subscribe",
    "başla|başlat|devam|ابدأ|استئناف|استمر|retomar|recomeçar|reanudar|reactivar|старт|почати|відновити|продовжити",
)
HELP: Final = _all(
    "aide|aide sms|aidez-moi|help|info|infos|help me|qui êtes-vous|c'est qui|qui est-ce|who are you|who is this",
    "yardım|kimsiniz|مساعدة|من أنتم|من معي|ajuda|quem é|ayuda|quién es|quiénes son|допомога|хто це|хто ви",
)
WRONG_NUMBER: Final = _all(
    "mauvais numéro|faux numéro|erreur de numéro|vous vous trompez de numéro|vous avez le mauvais numéro",
    "numéro incorrect",
    "ce n'est pas le bon numéro|vous vous êtes trompé de numéro|wrong number|wrong person|you have the wrong number",
    "yanlış numara|yanlış kişi|yanlış numarayı aradınız|رقم خاطئ|الرقم خاطئ|رقم غلط|الرقم غلط|رقم خطأ",
    "número errado|tem o número errado|pessoa errada|número equivocado|se equivoca de número",
    "se ha equivocado de número",
    "persona equivocada|неправильний номер|не той номер|ви помилилися номером",
)
POLITE: Final = _all(
    "bonjour|bonsoir|salut|madame|monsieur|maîtresse|maître|merci|merci beaucoup|cordialement|bien cordialement|svp",
    "s'il vous plaît",
    "bonne journée|bonne soirée|désolé|désolée|hello|hi|good morning|good evening|sir|madam|miss|thanks|thank you",
    "please|regards|sorry",
    "merhaba|günaydın|iyi akşamlar|iyi günler|hocam|öğretmenim|teşekkürler|teşekkür ederim|lütfen|saygılar",
    "السلام عليكم|سلام|مرحبا|صباح الخير|مساء الخير|سيدتي|سيدي|شكرا|من فضلك|عذرا",
    "bom dia|boa tarde|boa noite|olá|obrigado|obrigada|por favor|cumprimentos|buenos días|buenas tardes",
    "buenas noches|hola",
    "gracias|un saludo|saludos|добрий день|добрий вечір|доброго ранку|вітаю|дякую|будь ласка|вибачте",
)
"""Said before or after what is meant."""

_ALSO: Final[Mapping[str, str]] = {
    "fr": "français|french|fransızca|الفرنسية|فرنسي|francês|francés|французька",
    "en": "anglais|english|ingilizce|الإنجليزية|inglês|inglés|англійська",
    "ar": "arabe|arabic|arapça|العربية|عربي|عربية|árabe|арабська",
    "tr": "turc|turkish|türkçe|التركية|turco|турецька",
    "pt": "portugais|portuguese|portekizce|البرتغالية|português|portugués|португальська",
    "es": "espagnol|spanish|ispanyolca|الإسبانية|espanhol|español|castellano|іспанська",
    "uk": "ukrainien|ukrainian|ukraynaca|الأوكرانية|ucraniano|українська|українською",
}
_LANGUAGE: Final = _all("langue", "language", "dil", "لغة", "língua", "idioma", "lengua", "мова")
LANGUAGE: Final[Mapping[str, str]] = {
    phrase: code
    for code in SPOKEN
    for name in (LANGUAGES[code].own_name, *_ALSO[code].split("|"))
    for phrase in (name, *(f"{word} {end}" for word in _LANGUAGE for end in (name, code)))
}
"""A language, asked for by its name, or as « LANGUE AR »."""
