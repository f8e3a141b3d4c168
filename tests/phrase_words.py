"""What ready phrases say, word for word, in the seven languages."""

PLACE = "Gymnase, rue de la Mairie"
"""25 characters, as the places of most schools."""

SAID = {
    "closed": {
        "fr": f"L'école est fermée jeudi 26 novembre après-midi. Accueil des enfants : {PLACE}.",
        "en": f"The school is closed on Thursday 26 November (afternoon). Children will be looked after here: {PLACE}.",
        "ar": f"المدرسة مغلقة يوم الخميس 26 نوفمبر بعد الظهر. استقبال الأطفال: {PLACE}.",
        "tr": f"Okul 26 Kasım Perşembe öğleden sonra kapalı. Çocukların kabul yeri: {PLACE}.",
        "pt": f"Escola fechada a 26 de novembro (quinta-feira) à tarde. Acolhimento: {PLACE}",
        "es": f"Escuela cerrada el jueves 26 de noviembre por la tarde. Acogida: {PLACE}.",
        "uk": f"Школа зачинена 26 листопада (четвер) після обіду. Догляд: {PLACE}.",
    },
    "sheltered": {
        "fr": (
            "Les enfants sont à l'abri à l'école avec leurs enseignants. "
            "Ne venez pas, n'appelez pas. "
            "Nous vous écrirons."
        ),
        "en": (
            "The children are sheltering safely inside the school with their teachers. "
            "Do not come, do not call. "
            "We will write to you."
        ),
        "ar": "الأطفال في مأمن داخل المدرسة مع معلميهم. لا تأتوا ولا تتصلوا. سنكتب إليكم.",
        "tr": "Çocuklar okulda öğretmenleriyle birlikte güvende. Gelmeyin, aramayın. Size yazacağız.",
        "pt": "As crianças estão em segurança na escola com os professores. Não venha, não ligue. Escreveremos.",
        "es": "Los niños se encuentran a salvo en la escuela con sus docentes. No venga, no llame. Le escribiremos.",
        "uk": "Діти в безпеці у школі разом з учителями. Не приходьте, не телефонуйте. Ми Вам напишемо.",
    },
    "over": {
        "fr": (
            "L'alerte est finie. "
            "Venez chercher votre enfant à partir de 16 h 30. "
            f"Venez chercher votre enfant ici : {PLACE}."
        ),
        "en": (
            f"The alert is over. Please collect your child from 16:30 onwards. Please collect your child here: {PLACE}."
        ),
        "ar": f"انتهى الإنذار. احضروا لأخذ طفلكم ابتداءً من الساعة 16:30. خذوا طفلكم من هنا: {PLACE}.",
        "tr": f"Alarm bitti. Çocuğunuzu saat 16:30 itibarıyla alın. Çocuğunuzu buradan alın: {PLACE}.",
        "pt": (
            "O alerta terminou. "
            "Venha buscar o seu educando a partir das 16:30. "
            f"Venha buscar o seu educando aqui: {PLACE}."
        ),
        "es": (
            "La alerta ha terminado. "
            "Venga a buscar a su hijo o hija a partir de las 16:30. "
            f"Venga a buscar a su hijo o hija a este lugar: {PLACE}."
        ),
        "uk": f"Відбій тривоги. Приходьте по дитину з 16:30. Приходьте по дитину сюди: {PLACE}.",
    },
    "disregard": {
        "fr": "Notre message d'avant ne vaut plus : n'en tenez pas compte.",
        "en": "Our earlier message no longer applies: please disregard it.",
        "ar": "رسالتنا السابقة لم تعد صالحة: يُرجى تجاهلها.",
        "tr": "Önceki mesajımız artık geçerli değil: lütfen dikkate almayın.",
        "pt": "A nossa mensagem anterior fica sem efeito: ignore-a, por favor.",
        "es": "Nuestro mensaje anterior queda anulado: no lo tenga en cuenta.",
        "uk": "Наше попереднє повідомлення вже не чинне: не зважайте на нього.",
    },
}
"""Phrases with every blank filled in, as an SMS says them after the school's name."""

IN_FRENCH = {
    "closed": "L'école est fermée jeudi 26 novembre après-midi.",
    "heating": "L'école reste ouverte : habillez chaudement votre enfant.",
    "strike": "Grève : il n'y a pas classe jeudi 26 novembre après-midi.",
    "transport": "Le car scolaire ne circule pas jeudi 26 novembre après-midi.",
    "late_return": "Le retour de la sortie a du retard. Arrivée prévue : 16 h 30.",
    "snow": "Neige ou verglas jeudi 26 novembre après-midi.",
    "water": "Pas d'eau à l'école jeudi 26 novembre après-midi.",
    "power": "Pas d'électricité à l'école jeudi 26 novembre après-midi.",
    "canteen": "Pas de cantine jeudi 26 novembre après-midi.",
    "illness": "Une maladie contagieuse circule à l'école.",
    "gas": f"Les enfants sont ici : {PLACE}.",
    "collect": "Venez chercher votre enfant à partir de 16 h 30.",
    "call_us": "Appelez l'école : c'est important.",
    "open_again": "L'école ouvre de nouveau jeudi 26 novembre après-midi.",
    "disregard": "Notre message d'avant ne vaut plus : n'en tenez pas compte.",
    "found": "Tout va bien : nous savons où est votre enfant.",
    "explained": "L'absence jeudi 26 novembre après-midi est expliquée.",
    "appointments": "Quelle heure pour votre rendez-vous à l'école ? Réponse jusqu'au jeudi 26 novembre.",
    "time_free": "Une heure s'est libérée pour un rendez-vous, jeudi 26 novembre à 16 h 30.",
    "appointment_cancelled": "L'école doit annuler votre rendez-vous, jeudi 26 novembre à 16 h 30.",
    "appointments_off": "L'école annule les rendez-vous où vous attendiez une heure.",
    "appointment_near": "Rappel de votre rendez-vous, jeudi 26 novembre à 16 h 30.",
    "appointment_online": "En ligne : lien sur votre page.",
    "evening_wishes": "Rencontre à l'école : quand pouvez-vous venir ?",
    "evening_hours": "On vous attend à l'école : jeudi 26 novembre à 16 h 30 (Mme Exemple, Salle 2) et 16 h 50",
    "evening_some": "On vous attend à l'école : jeudi 26 novembre à 16 h 30 (Mme Exemple, Salle 2) et 16 h 50",
    "evening_cancelled": "La rencontre à l'école du jeudi 26 novembre n'a pas lieu. Ne venez pas.",
    "evening_none": "Il ne reste aucune heure de rendez-vous à l'école quand vous pouvez venir.",
    "sheltered": "Les enfants sont à l'abri à l'école avec leurs enseignants.",
    "still_sheltered": "Les enfants sont toujours à l'abri avec leurs enseignants.",
    "evacuated": "Ne venez pas encore, n'appelez pas. Nous vous écrirons.",
    "over": "L'alerte est finie.",
    "place_found": "Réunion, jeudi 26 novembre à 16 h 30 : des places se sont libérées, on vous attend.",
    "joined_chat": "Les messages de l'école arrivent maintenant aussi par Telegram.",
    "joined_push": "Si ce n'est pas votre choix, appelez l'école.",
    "ways_changed": "Vous avez changé où l'école vous écrit.",
    "page_opened": "Votre page de l'école a été ouverte sur un autre appareil.",
}
"""Of each phrase, a sentence as French says it on Thursday 26 November in the afternoon, at half past four."""

DRILLS = {
    "fr": "EXERCICE : ce n'est pas une vraie alerte.",
    "en": "DRILL: this is not a real alert.",
    "ar": "تمرين: ليس إنذاراً حقيقياً.",
    "tr": "TATBİKAT: gerçek bir alarm değil.",
    "pt": "SIMULACRO: é apenas um teste.",
    "es": "SIMULACRO: no es una alerta real.",
    "uk": "НАВЧАЛЬНА ТРИВОГА, не справжня.",
}
"""What opens and closes every message of a drill."""

REMINDERS = {
    "fr": "Rappel : merci de nous dire que vous avez lu.",
    "en": "Reminder: please let us know that you have read this.",
    "ar": "تذكير: يُرجى إخبارنا بأنكم قرأتم.",
    "tr": "Hatırlatma: lütfen okuduğunuzu bize bildirin.",
    "pt": "Lembrete: agradecemos que confirme a leitura.",
    "es": "Recordatorio: le agradecemos que confirme la lectura.",
    "uk": "Нагадування: повідомте, будь ласка, що Ви прочитали.",
}
"""What opens a notice said again to those who have not answered."""

AGAIN = {language: f"{words.partition(':')[0].rstrip()}." for language, words in REMINDERS.items()}
"""What opens an invitation said again: on its eve also to those who come."""

CORRECTIONS = {
    "fr": "Ce message corrige et remplace le précédent.",
    "en": "This message corrects and replaces the previous one.",
    "ar": "هذه الرسالة تصحح السابقة وتحل محلها.",
    "tr": "Bu mesaj öncekini düzeltir ve onun yerine geçer.",
    "pt": "Esta mensagem corrige e substitui a anterior.",
    "es": "Este mensaje corrige y sustituye al anterior.",
    "uk": "Це повідомлення виправляє й замінює попереднє.",
}
"""What opens a notice that puts another right."""
