"""The words that families use: what each means, in the languages of the house. Capitals and accents do not matter.

A line a language, phrases parted by bars. Whoever reads one of them in a mother tongue, please mend it.
"""

from collections.abc import Mapping
from typing import Final

from hub.models.answers import AnswerKind


def _all(*lines: str) -> tuple[str, ...]:
    return tuple(phrase.strip() for line in lines for phrase in line.split("|"))


ACKNOWLEDGED: Final = _all(
    "ok|okay|d'accord|daccord|lu|bien lu|vu|reçu|bien reçu|j'ai lu|merci|ok merci|bien reçu merci|c'est noté|noté",
    "compris",
    "merci beaucoup|très bien|très bien merci|entendu|parfait|ça marche",
    "read|received|thanks|thank you|ok thanks|noted|got it|understood|thank you very much",
    "tamam|okudum|aldım|anladım|teşekkürler|teşekkür ederim|tamam teşekkürler|çok teşekkürler|sağ olun",
    "تم|تمام|حسنا|شكرا|قرأت|وصل|وصلت|فهمت|موافق|شكرا جزيلا|اوكي",
    "lido|já li|recebido|entendido|obrigado|obrigada|muito obrigado|muito obrigada|ok obrigado|ok obrigada",
    "leído|lo he leído|visto|recibido|enterado|enterada|gracias|muchas gracias|ok gracias|vale|de acuerdo",
    "ок|добре|прочитано|прочитав|прочитала|отримано|отримав|отримала|зрозуміло|дякую|дякуємо|ок дякую|добре дякую",
)
YES: Final = _all(
    "oui|ouais|oui merci|oui bien sûr|bien sûr|je viens|je viendrai|nous viendrons|on vient|on sera là",
    "nous serons là",
    "oui je viens|oui je viendrai|oui nous viendrons|oui nous serons là|je serai là|je serai présent",
    "je serai présente",
    "oui je serai là|oui je serai présente|oui je serai présent|nous serons présents|oui d'accord|je participe",
    "yes|yep|yeah|yes please|yes thanks|i will come|we will come|we will be there|i will be there|yes i will come",
    "evet|evet geleceğim|evet geleceğiz|geleceğim|geleceğiz|geliyorum|geliyoruz|evet geliyoruz|evet geliyorum",
    "نعم|اجل|سأحضر|سنحضر|نعم سأحضر|نعم سنحضر|ايوه",
    "sim|sim obrigado|sim obrigada|vou|vamos|irei|iremos|sim vou|sim vamos|estarei presente",
    "sí|sí gracias|iré|iremos|sí iré|sí iremos|asistiré|asistiremos|allí estaré|claro que sí",
    "так|так дякую|прийду|прийдемо|так прийду|так прийдемо|будемо|буду",
)
NO: Final = _all(
    "non|non merci|je ne viens pas|je ne viendrai pas|nous ne viendrons pas|on ne vient pas|je ne peux pas venir",
    "non désolé|non désolée|je ne peux pas|nous ne pouvons pas venir|je ne serai pas là|nous ne serons pas là",
    "non pas possible",
    "no|nope|no thanks|no thank you|i cannot come|i can't come|we cannot come|we can't come|i will not come|no sorry",
    "hayır|hayır teşekkürler|gelemem|gelemeyeceğim|gelemeyiz|gelemeyeceğiz|gelmiyorum|hayır gelemem",
    "لا|لا شكرا|لن أحضر|لن نحضر|لا أستطيع الحضور|لا استطيع",
    "não|não obrigado|não obrigada|não vou|não vamos|não posso|não posso ir|não iremos",
    "no gracias|no iré|no iremos|no puedo|no puedo ir|no podemos ir|no voy",
    "ні|ні дякую|не прийду|не прийдемо|не можу|не зможу|не зможемо",
)
HOW_MANY: Final = _all(
    "#|oui #|# personnes|# personne|nous serons #|on sera #|nous serons # personnes|on sera # personnes|on vient à #",
    "oui nous serons #|oui on sera #|oui # personnes|nous viendrons à #|# adultes|# adulte|nous sommes #|on est #",
    "à #",
    "yes #|# people|# persons|# person|# of us|we will be #|there will be # of us|# adults|# adult|we are #",
    "yes # people",
    "evet #|# kişi|# kişiyiz|# kişi geleceğiz|evet # kişi|# yetişkin",
    "نعم #|# أشخاص|# اشخاص|# شخص|سنكون #|نحن #|نعم # أشخاص|عددنا #",
    "sim #|# pessoas|# pessoa|seremos #|somos #|vamos #|sim # pessoas|sim seremos #|# adultos|# adulto",
    "sí #|# personas|# persona|seremos #|somos #|iremos #|sí # personas|sí seremos #",
    "так #|# осіб|# особи|# особа|нас буде #|буде #|нас #|# людей|# людини|так # осіб|# дорослих",
)
"""How many, with a number where # stands."""
NUMBERS: Final[Mapping[str, int]] = {
    phrase: number
    for number, line in {
        2: "deux|two|iki|اثنان|اثنين|dois|duas|dos|два|двоє",
        3: "trois|three|üç|ثلاثة|três|tres|три|троє",
        4: "quatre|four|dört|أربعة|quatro|cuatro|чотири|четверо",
        5: "cinq|five|beş|خمسة|cinco|п'ять|п'ятеро",
        6: "six|altı|ستة|seis|шість|шестеро",
    }.items()
    for phrase in line.split("|")
}
"""Numbers that one writes in letters."""
REASONS: Final[Mapping[AnswerKind, tuple[str, ...]]] = {
    AnswerKind.ILL: _all(
        "malade|souffrant|souffrante|maladie|fièvre|de la fièvre|grippe|gastro|il est malade|elle est malade",
        "mon fils est malade|ma fille est malade|mon enfant est malade|ils sont malades|elles sont malades|malades",
        "il a de la fièvre|elle a de la fièvre|chez le médecin|il est chez le médecin|elle est chez le médecin",
        "ill|sick|fever|he is ill|she is ill|he is sick|she is sick|he's sick|she's sick|my son is sick",
        "my daughter is sick",
        "my child is ill|my child is sick|he has a fever|she has a fever|at the doctor's",
        "hasta|hastalandı|oğlum hasta|kızım hasta|çocuğum hasta|ateşi var|hastayız|doktorda",
        "مريض|مريضة|مرض|ابني مريض|ابنتي مريضة|بنتي مريضة|هو مريض|هي مريضة|حمى|عنده حمى|عندها حمى|طفلي مريض",
        "doente|doença|está doente|o meu filho está doente|a minha filha está doente|febre|tem febre|está com febre",
        "enfermo|enferma|enfermedad|está enfermo|está enferma|mi hijo está enfermo|mi hija está enferma|fiebre",
        "tiene fiebre",
        "хворіє|хворий|хвора|він хворіє|вона хворіє|він хворий|вона хвора|син хворіє|дочка хворіє|температура",
        "захворів|захворіла",
    ),
    AnswerKind.CONTAGION: _all(
        "maladie contagieuse|maladie contagieuse dans la famille|contagieux|contagieuse|contagion",
        "contagious illness|contagious disease|contagious|contagious illness in the family",
        "bulaşıcı hastalık|ailede bulaşıcı hastalık",
        "مرض معد|مرض معدي|مرض معد في العائلة|مرض معدي في العائلة",
        "doença contagiosa|doença contagiosa na família",
        "enfermedad contagiosa|enfermedad contagiosa en la familia",
        "заразна хвороба|інфекційна хвороба|заразна хвороба в родині",
    ),
    AnswerKind.FAMILY_GATHERING: _all(
        "mariage|enterrement|obsèques|décès|deuil|baptême|réunion de famille|réunion solennelle de famille",
        "fête religieuse",
        "décès dans la famille|un décès dans la famille|enterrement dans la famille",
        "wedding|funeral|burial|death in the family|baptism|bereavement|family gathering",
        "düğün|cenaze|vefat|ailede vefat|taziye",
        "زفاف|عرس|جنازة|وفاة|عزاء|وفاة في العائلة",
        "casamento|funeral|enterro|falecimento|batizado|falecimento na família|luto",
        "boda|entierro|fallecimiento|bautizo|fallecimiento en la familia|luto",
        "весілля|похорон|смерть у родині|хрестини",
    ),
    AnswerKind.TRANSPORT: _all(
        "panne|panne de voiture|voiture en panne|pas de bus|bus en panne|bus en retard|car en panne|pas de car",
        "grève des transports",
        "problème de transport|accident de voiture|train en retard|pas de train|routes verglacées|neige",
        "route bloquée",
        "car broke down|car broken down|no bus|bus is late|transport problem|train strike|bus strike|snow",
        "road blocked",
        "araba bozuldu|otobüs yok|ulaşım sorunu|otobüs gelmedi|yol kapalı",
        "تعطلت السيارة|السيارة معطلة|لا توجد حافلة|مشكلة في النقل|الطريق مقطوع",
        "carro avariado|avaria do carro|não há autocarro|problema de transporte|greve dos transportes",
        "coche averiado|avería del coche|no hay autobús|problema de transporte|huelga de transportes",
        "зламалася машина|немає автобуса|проблема з транспортом|автобус не приїхав",
    ),
    AnswerKind.WITH_GUARDIANS: _all(
        "en voyage avec nous|il est avec nous|elle est avec nous|en déplacement avec ses parents",
        "parti avec ses parents",
        "partie avec ses parents|parents en déplacement|il nous accompagne|elle nous accompagne",
        "travelling with us|he is with us|she is with us|away with parents|he is travelling with us",
        "she is travelling with us",
        "bizimle seyahatte|bizimle birlikte|ailesiyle seyahatte",
        "مسافر معنا|مسافرة معنا|هو معنا|هي معنا|مع والديه|مع والديها",
        "em viagem connosco|está connosco|a viajar com os pais",
        "de viaje con nosotros|está con nosotros|de viaje con sus padres",
        "у поїздці з нами|він з нами|вона з нами|подорожує з батьками",
    ),
    AnswerKind.OTHER_REASON: _all(
        "autre|autre raison|rendez-vous|un rendez-vous|rdv|other|other reason|appointment",
        "başka|başka neden|başka sebep|başka bir neden|randevu|سبب آخر|موعد",
        "outro|outro motivo|consulta|otro|otro motivo|cita|інше|інша причина",
    ),
}
"""Why a child is not at school; the first five are the reasons of the code de l'éducation (art. L131-8)."""
SHOULD_BE_HERE: Final = _all(
    "parti à l'école|partie à l'école|partis à l'école|parties à l'école|parti en classe|partie en classe",
    "il est parti ce matin|parti comme d'habitude",
    "partie comme d'habitude|parti tôt|partie tôt|comment ça absent|comment ça absente|comment ça elle est absente",
    "comment ça il est absent|comment ça pas là|pourquoi absent|pourquoi absente|absent comment ça|c'est impossible",
    "ce n'est pas possible|il y a erreur|c'est une erreur|vous êtes sûr|vous êtes sûre|vous êtes sûrs|êtes-vous sûr",
    "elle est partie ce matin|parti de la maison|partie de la maison|quitté la maison|parti à l'heure",
    "partie à l'heure",
    "devrait être|devraient être|devrait se trouver|devrait y être|devait être en classe|devait être à l'école",
    "doit être à l'école",
    "doit être en classe|il est à l'école|elle est à l'école|est bien à l'école|est en classe|ils sont à l'école",
    "il est bien parti",
    "elle est bien partie|déposé à l'école|déposée à l'école|déposé ce matin|déposée ce matin|je l'ai déposé",
    "je l'ai laissé",
    "amené à l'école|amenée à l'école|emmené à l'école|emmenée à l'école|accompagné à l'école|accompagnée à l'école",
    "laissé à l'école|laissée à l'école|laissé devant|déposé devant|déposée devant|pris le bus|pris le car",
    "monté dans le bus",
    "montée dans le bus|où est-il|où est-elle|où est mon|où est ma|où il est|où elle est|pas à la maison",
    "pas chez nous|pas chez moi",
    "normalement il est|normalement elle est|il est avec vous|elle est avec vous|il est chez vous|elle est chez vous",
    "left for school|went to school|gone to school|should be at school|should be in school|should be in class",
    "should be there",
    "supposed to be at school|supposed to be in class|is at school|is in school|is in class|dropped him|dropped her",
    "dropped off",
    "dropped them|took the bus|left home|left the house|left this morning|where is he|where is she|where is my",
    "not at home",
    "what do you mean absent|what do you mean he|what do you mean she|are you sure",
    "that's impossible|that is impossible|there must be a mistake|must be a mistake|that's a mistake",
    "took him to school|took her to school|must be at school|should have arrived|should be with you",
    "okula gitti|okula gittiler|okula bıraktım|okula bıraktık|okulda olmalı|okulda olması|sınıfta olmalı",
    "okulda olmalıydı",
    "evden çıktı|servise bindi|otobüse bindi|okula yolladım|okula gönderdim|nerede|evde değil|okulda değil mi",
    "okula götürdüm|nasıl yok|nasıl yani yok|nasıl gelmedi|neden yok|emin misiniz|imkansız|bir yanlışlık var",
    "sabah çıktı|erken çıktı|sabah gitti",
    "خرج إلى المدرسة|خرجت إلى المدرسة|ذهب إلى المدرسة|ذهبت إلى المدرسة|ذهب الى المدرسه|في المدرسة|في القسم|في الصف",
    "أوصلته|أوصلتها|أخذته إلى المدرسة|أخذتها إلى المدرسة|خرج من البيت|خرجت من البيت|ركب الحافلة|ركبت الحافلة",
    "أين ابني|أين ابنتي|اين هو|اين هي|أين ولدي|أين بنتي|ليس في البيت|ليست في البيت|يفترض الوجود في المدرسة",
    "راح للمدرسة|مشى للمدرسة|كيف غائب|كيف غائبة|هل أنتم متأكدون|هل انتم متاكدون|مستحيل|هناك خطأ|خرج في الصباح",
    "خرجت في الصباح|خرج هذا الصباح|خرجت هذا الصباح",
    "foi para a escola|foi à escola|saiu para a escola|saiu de casa|devia estar|deveria estar|está na escola",
    "está na aula",
    "deixei-o na escola|deixei-a na escola|levei-o à escola|levei-a à escola|apanhou o autocarro|onde está",
    "não está em casa|como assim faltou|como assim ausente|como assim não está|tem a certeza|têm a certeza",
    "é impossível|deve haver um engano|é um engano|saiu de manhã|saiu esta manhã",
    "fue a la escuela|fue al colegio|salió para la escuela|salió para el colegio|salió de casa|debería estar",
    "debe estar|debía estar",
    "debía ir a clase|está en la escuela|está en el colegio|está en clase|lo dejé en|la dejé en|lo llevé a",
    "la llevé a|tomó el autobús",
    "dónde está|no está en casa|cómo que ausente|cómo que no está|cómo que no ha|cómo que falta|están seguros",
    "están seguras|está seguro|está segura|es imposible|debe ser un error|es un error|hay un error",
    "salió esta mañana|salió por la mañana",
    "пішов до школи|пішла до школи|пішов у школу|пішла в школу|пішов в школу|пішла у школу|має бути в школі",
    "мав бути в школі",
    "мала бути в школі|повинен бути в школі|повинна бути в школі|повинен бути у школі|він у школі|вона у школі",
    "він в школі|вона в школі",
    "відвів до школи|відвела до школи|відвіз до школи|відвезла до школи|вийшов з дому|вийшла з дому|сів в автобус",
    "сіла в автобус",
    "як це відсутній|як це відсутня|як це немає|ви впевнені|це неможливо|це помилка|якась помилка",
    "пішов зранку|пішла зранку|вийшов зранку|вийшла зранку",
    "де він|де вона|де мій син|де моя дочка|де моя донька|немає вдома|нема вдома",
)
"""The family believes that the child is at school: said anywhere in a message. A false alarm costs a look."""
LEFT_AT: Final = (
    "(?:parti|partie|partis|parties) (?:a|vers)|left (?:home )?at|salio a las|saiu (?:as|a)"
    "|(?:виишов|виишла|пішов|пішла) о"
)
"""A pattern over plain words (`meaning.plain`): with an hour after it, when the child left for school."""
NOT_LEFT: Final = _all(
    "pas parti|pas partie|pas allé à l'école|pas allée à l'école|n'ira pas|ne devrait pas être|pas pris le bus",
    "pas pris le car",
    "pas à l'école|pas en classe|pas emmené|pas emmenée|pas amené|pas amenée|pas déposé|pas déposée|pas accompagné",
    "ne sera pas à l'école|n'est pas à l'école|didn't leave|did not leave|not left|not gone to school|didn't go",
    "did not go to school",
    "not at school|not in school|not in class|won't be at school|isn't at school|shouldn't be at school",
    "should not be at school",
    "okula gitmedi|okulda değil|ليس في المدرسة|ليست في المدرسة|لم يذهب إلى المدرسة|لم تذهب إلى المدرسة",
    "لن يكون في المدرسة",
    "não foi para a escola|não foi à escola|não está na escola|no fue a la escuela|no fue al colegio",
    "no está en la escuela",
    "no está en el colegio|no está en clase|не пішов до школи|не пішла до школи|не в школі|не у школі|не пішов",
    "не пішла",
)
"""Words that look like those above and say the contrary."""
ABSENT: Final = _all(
    "absent|absente|est absent|est absente|sera absent|sera absente|ne vient pas|ne viendra pas|ne sera pas là",
    "pas d'école",
    "absent today|will be absent|is absent|not coming|will not come|won't come|yok|gelmeyecek|gelemeyecek|غائب",
    "غائبة|لن يأتي|لن تأتي",
    "ausente|não vai|não vem|falta|no va|no viene|no irá|no vendrá|відсутній|відсутня|не прийде|не буде",
)
"""Said of a child by name, without a reason."""
TODAY: Final = _all(
    "aujourd'hui|ce matin|ce jour|today|this morning|bugün|bu sabah|اليوم|هذا الصباح|hoje|esta manhã|hoy|esta mañana",
    "сьогодні|сьогодні вранці",
)
IS: Final = _all("est|sera|a été|reste|is|will be|está|é|estará|هو|هي")
"""Stands between a child's name and what is said of it."""
