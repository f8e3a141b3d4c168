"""Answers as a whole, and what of each the family wrote."""
# ruff: noqa: E501 (a line of a mail is as long as it is)

KEPT_WHOLE = [
    "Oui",
    "3",
    "👍",
    "Bonjour, Lina est malade.\nElle revient lundi.\n\nMme Exemple",
    "Le maître a écrit : « sortie annulée ». Vrai ?",
    "Le maître a écrit le 3 septembre :\nsortie annulée\nEst-ce vrai ?",
    "Bonjour,\n\nLe maître a écrit dans le cahier :\n\nsortie annulée demain\n\nEst-ce vrai ?",
    "> 38 °C de fièvre",
    "Lina a\n> 38 °C de fièvre\nelle reste au lit",
    "Lina sera absente.\nDe : mon mari\nqui écrit depuis son travail",
    "On Monday he wrote:\nI am ill\nSo he stays home.",
    "J'ai écrit à info@ecole.test hier.\nSans réponse.",
    "Bonjour,\n\nJ'ai écrit à info@ecole.test hier sans réponse.\n\nPouvez-vous me rappeler ?",
    "Bonjour,\n\nVous pouvez écrire à mon mari :\npaul@familles.example\n\nMerci",
    "Bonjour,\n\nRendez-vous le 3 septembre 2026 à 18:02 :\nje viendrai avec Lina.\n\nMerci",
    "Voici nos réponses :\n1. Oui\n2. Non\n3. Peut-être",
    "Nom : Exemple\nPrénom : Lina\nClasse : CM1\nMotif : fièvre",
    "Date : lundi\nHeure : 9 h\nMotif : dentiste",
    "Envoyé par mon mari hier soir, avez-vous reçu le papier ?",
    "Bonjour\nEnvoyé le dossier par la poste hier\nMerci",
    "Oui.\n\nSent the form yesterday, did you get it?",
    "J'ai deux questions :\n- l'heure ?\n- le lieu ?",
    "Oui -- mais tard.",
    "Bonjour,\n-----\nLina est malade\n-----\nMerci",
    "__________\nLina",
    "Lina sera absente lundi\n\n***\n\nTom sera absent mardi",
    "La maîtresse Mme Diallo m'a écrit :\n« votre enfant est tombé »\nQue s'est-il passé ?",
    "Message important :\nLina ne viendra pas",
    "Merci pour votre mail du 1 septembre 2026 à 18:02.\nNous serons là.",
    "Je n'ai pas eu de message original de votre part.\nPouvez-vous renvoyer ?",
    "C'est confidentiel :\nLina a été opérée.\nMerci de ne pas en parler.",
    "Ce message est confidentiel : nous nous séparons, et seul le destinataire doit le savoir.",
    "Le 3 septembre 2026 à 9:30\nLina a rendez-vous chez le médecin",
    "Le père de Lina (paul@familles.example) a changé de numéro",
    "الولد مريض اليوم\nشكرا",
    "Ребёнок болеет, температура 38.5\nСпасибо",
    "孩子今天发烧，请假一天。\n谢谢老师",
    "From my phone: Lina is sick",
    "Subject to change: 3pm or 4pm\nTo be confirmed: the bus",
    "Oui | non | peut-être : laquelle ?",
    "<3 merci <3",
    "Bonjour,\nJ'ai reçu ce mail de info@ecole.test le 3/09/2026 à 08:14 :\nest-ce vrai ?\nPaul",
    "Objet : absence\nDe : Paul Exemple\nPour : Lina, 5e B\n\nLina est malade",
    ">_< désolée, j'ai oublié",
]
"""Nothing here is quoted: it is all the family's."""

CUT = {
    "marker alone": ("Oui pour les 2\n\n## Répondez au-dessus de cette ligne ##\nBonjour", "Oui pour les 2"),
    "marker under « wrote »": ("Oui\n\nÉcole a écrit\n## Répondez au-dessus de cette ligne ##\nBonjour", "Oui"),
    "marker, quoted": (
        "Oui\n\nLe 1 sept. 2026 à 18:02, École <info@ecole.test> a écrit :\n> ## Répondez au-dessus de cette ligne ##\n> x\n",
        "Oui",
    ),
    "our address on a line of its own": (
        "Oui merci\n\nLe mar. 1 sept. 2026 à 18:02,\nÉcole élémentaire\n<reponse+r.1.abcdefgh@ecole.test>\na écrit :\n\n> B\n",
        "Oui merci",
    ),
    "address broken after its bracket": (
        'Thanks\n On Mar 8, 2026 9:59 AM, "School" <\nreponse+r.1.abcdefgh@ecole.test> wrote:\n\n> Blah\n',
        "Thanks",
    ),
    "glued to the answer": (
        "Oui merci Le mar. 1 sept. 2026 à 18:02, École <info@ecole.test> a écrit :\n> x\n",
        "Oui merci",
    ),
    "glued, English": ("reply On Wed, Apr 4, 2026 at 3:59 PM, info@ecole.test wrote:\n> Hi", "reply"),
    "under a greeting": (
        "Bonjour,\nOui.\nMerci,\nLe 1 sept. 2026 à 18:02, École <info@ecole.test> a écrit :\n> x",
        "Bonjour,\nOui.\nMerci,",
    ),
    "inline": ("> Viendrez-vous ?\nOui\n> Combien ?\n3\n", "Oui\n3"),
    "inline after « wrote »": (
        "Bonjour,\n\nLe 1 sept. 2026 à 18:02, École <info@ecole.test> a écrit :\n> Viendrez-vous ?\n\nOui\n\n> Combien ?\n\n3\n",
        "Bonjour,\n\nOui\n\n3",
    ),
    "below": ("Le 01/09/2026 à 18:02, École a écrit :\n> Bonjour\n> Viendrez-vous ?\n\nOui\n", "Oui"),
    "above and below": (
        "Voir plus bas\n\nOn 04/19/2026 07:10 AM, School wrote:\n\n>\n> Test\n\nRegards, Amina",
        "Voir plus bas\n\nRegards, Amina",
    ),
    "two quotations deep": (
        "Oui\n\nLe 1 sept. 2026 à 18:02, École <info@ecole.test> a écrit :\n> Non\n>> Le 2 août, Amina a écrit :\n>> x\n",
        "Oui",
    ),
    "two mails below": (
        (
            "Oui\n\nDe : École <info@ecole.test>\nEnvoyé : mardi 1 septembre 2026 18:02\nÀ : Amina\nObjet : R\n\nBonjour\n\n"
            "De : Amina\nEnvoyé : lundi 31 août 2026 18:02\nÀ : École\nObjet : R\n\nx"
        ),
        "Oui",
    ),
    "bars": (
        "Oui\n\nLe 1 sept. 2026 à 18:02, École <info@ecole.test> a écrit :\n\n| Bonjour\n| Viendrez-vous ?\n",
        "Oui",
    ),
    "one space before each sign": (
        "Oui\n\nLe 1 sept. 2026 à 18:02, École <info@ecole.test> a écrit :\n > Bonjour\n > x\n",
        "Oui",
    ),
    "escaped signs": (
        "Oui\n\nOn Tue, Sep 1, 2026 at 6:02 PM School <info@ecole.test> wrote:\n\n&gt; Hello\n&gt; x\n",
        "Oui",
    ),
    "only a quotation": ("Le 1 sept. 2026 à 18:02, École <info@ecole.test> a écrit :\n\n> Bonjour\n> x\n", ""),
    "only a telephone's line and a quotation": (
        "\n\nEnvoyé de mon iPhone\n\n> Le 1 sept. 2026 à 18:02, École <info@ecole.test> a écrit :\n> \n> B\n",
        "",
    ),
    "only a telephone's line": ("Envoyé de mon iPhone", ""),
    "quotation within an iphone's": (
        "D'accord\n\nEnvoyé de mon iPhone\n\n> Le 1 sept. 2026 à 18:02, École <info@ecole.test> a écrit :\n> \n> B\n",
        "D'accord",
    ),
    "outlook with blank lines between": (
        "Oui\n\nDe : École <info@ecole.test>\n\nEnvoyé : mardi 1 septembre 2026 18:02\n\nÀ : Amina\n\nObjet : R\n\nx",
        "Oui",
    ),
    "outlook right below": (
        "Oui\nDe : École <info@ecole.test>\nEnvoyé : mardi 1 septembre 2026 18:02\nÀ : Amina\nObjet : R\n\nx",
        "Oui",
    ),
    "lotus notes": (
        "Oui\n\n\nÉcole <info@ecole.test>\n01/09/2026 18:02\n\nA\namina@familles.example\ncc\n\nObjet\nRéunion\n\n\nBonjour",
        "Oui",
    ),
    "lotus notes, labels": (
        (
            "Oui\n\n\n\nDe :        École <info@ecole.test>\nA :        amina@familles.example\nDate :        01/09/2026 18:02\n"
            "Objet :        R\n________________________________\n\n\n\nBonjour"
        ),
        "Oui",
    ),
    "apple forward": (
        (
            "Pour information\n\nDébut du message réexpédié :\n\nDe: École <info@ecole.test>\nObjet: R\n"
            "Date: 1 septembre 2026 à 18:02:11 UTC+2\nÀ: Amina\n\nBonjour"
        ),
        "Pour information",
    ),
    "answers in red, unmarked": (
        (
            "Mes réponses en rouge ci-dessous\n\nDe : École <info@ecole.test>\nEnvoyé : mardi 1 septembre 2026 18:02\n"
            "À : Amina\nObjet : R\n\nViendrez-vous ? OUI\n"
        ),
        (
            "Mes réponses en rouge ci-dessous\n\nDe : École <info@ecole.test>\nEnvoyé : mardi 1 septembre 2026 18:02\n"
            "À : Amina\nObjet : R\n\nViendrez-vous ? OUI"
        ),
    ),
    "forwarded with nothing above": (
        (
            "---------- Forwarded message ---------\nDe : Docteur <d@cabinet.example>\nDate: mar. 1 sept. 2026 à 18:02\n"
            "Subject: Certificat\nTo: <amina@familles.example>\n\nLina est malade"
        ),
        (
            "---------- Forwarded message ---------\nDe : Docteur <d@cabinet.example>\nDate: mar. 1 sept. 2026 à 18:02\n"
            "Subject: Certificat\nTo: <amina@familles.example>\n\nLina est malade"
        ),
    ),
    "below, without a sign": (
        "Le 1 sept. 2026 à 18:02, École <info@ecole.test> a écrit :\n\nViendrez-vous ?\n\nOui",
        "Le 1 sept. 2026 à 18:02, École <info@ecole.test> a écrit :\n\nViendrez-vous ?\n\nOui",
    ),
    "signed, then quoted": ("Oui\n-- \nAmina\n\nLe 01/09/2026 à 18:02, École a écrit :\n> x\n> y", "Oui"),
    "signed twice": (
        "Oui\n\nCordialement\nAmina\n\nEnvoyé de mon iPhone\n\nObtenir Outlook pour iOS",
        "Oui\n\nCordialement\nAmina",
    ),
    "pgp": (
        (
            "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\nOui\n- -- \nAmina\n-----BEGIN PGP SIGNATURE-----\n\nabc=\n"
            "-----END PGP SIGNATURE-----\n"
        ),
        "Oui",
    ),
    "nul bytes and marks": (
        "\ufeffOui\x00 merci\u200b\r\n\r\nLe 01/09/2026 à 18:02, École a écrit :\r\n> x\r\n",
        "Oui merci",
    ),
    "old macintosh lines": ("Oui\r\rLe 01/09/2026 à 18:02, École a écrit :\r> x\r", "Oui"),
    "a line that an mbox has escaped": (
        "Lina est malade\n>From Monday on she is back\nMerci",
        "Lina est malade\n>From Monday on she is back\nMerci",
    ),
    "a question quoted by hand": (
        "Je réponds à votre question :\n> Viendrez-vous ?\nOui",
        "Je réponds à votre question :\nOui",
    ),
    "orange": (
        (
            'Oui\n\n\n\n> Message du 01/09/26 18:02\n> De : "École" <info@ecole.test>\n> A : amina@familles.example\n> Copie à : \n'
            "> Objet : Réunion\n> \n> Bonjour,\n> x\n"
        ),
        "Oui",
    ),
    "rtl": (
        "נשמח להגיע\n\n\u200fבתאריך יום ג׳, 1 בספט׳ 2026 ב-18:02 מאת \u202aÉcole\u202c\u200f <\u202ainfo@ecole.test\u202c\u200f>:\n\n> x",
        "נשמח להגיע",
    ),
    "rule over an unmarked block": (
        "Oui\n________________________________\nDe : École <info@ecole.test>\nEnvoyé : mardi 1 septembre 2026 18:02\nÀ : A\nObjet : R\n\nB",
        "Oui",
    ),
    "reference to the old mail in words": (
        "Je réponds au mail de l'école du 1 septembre 2026 :\nnous viendrons à trois.",
        "Je réponds au mail de l'école du 1 septembre 2026 :\nnous viendrons à trois.",
    ),
}
"""A text and what of it is new."""
