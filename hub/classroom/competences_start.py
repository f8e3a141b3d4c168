"""What pupils learn from CP to CM2, in a few words each: the list that a school begins with, and then makes its own.

The domains are those of the livret scolaire unique (arrêté of 31 December 2015); the wordings are ours.
"""

from collections.abc import Mapping

CYCLES_2_AND_3: Mapping[str, tuple[str, ...]] = {
    "Français": (
        "Dire un texte à voix haute",
        "Prendre part à un échange",
        "Lire des mots et des phrases sans peine",
        "Comprendre un texte lu",
        "Écrire lisiblement",
        "Rédiger un texte court",
        "Écrire sans erreur les mots appris",
        "Accorder dans le groupe et avec le verbe",
        "Conjuguer les verbes courants",
        "Enrichir son vocabulaire",
    ),
    "Mathématiques": (
        "Lire, écrire et comparer les nombres",
        "Calculer de tête",
        "Poser une opération",
        "Utiliser fractions et décimaux",
        "Résoudre un problème",
        "Mesurer et comparer des grandeurs",
        "Se repérer dans l’espace",
        "Reconnaître et tracer des figures",
        "Lire un tableau ou un graphique",
    ),
    "Questionner le monde": (
        "Reconnaître le vivant et prendre soin de sa santé",
        "Décrire la matière et les objets",
        "Se repérer dans le temps",
        "Situer un lieu sur un plan ou une carte",
    ),
    "Langue vivante": (
        "Comprendre ce qu’on entend",
        "Dire quelques phrases",
        "Échanger avec quelqu’un",
        "Lire et écrire quelques phrases",
    ),
    "EPS": (
        "Courir, sauter, lancer, nager",
        "S’adapter à des lieux différents",
        "S’exprimer avec son corps",
        "Jouer ensemble et l’un contre l’autre",
    ),
    "Arts": (
        "Créer avec des techniques variées",
        "Parler d’une œuvre",
        "Chanter et écouter de la musique",
    ),
    "EMC": (
        "Respecter autrui et les règles",
        "Donner son avis et écouter celui des autres",
        "Prendre des responsabilités",
    ),
    "Histoire-géographie": (
        "Situer un fait dans le temps",
        "Connaître les repères d’histoire",
        "Lire cartes et documents",
        "Décrire un lieu et ceux qui y vivent",
    ),
    "Sciences et technologie": (
        "Mener une expérience et en rendre compte",
        "Décrire le vivant et son évolution",
        "Expliquer la matière, l’énergie, le mouvement",
        "Concevoir et décrire un objet",
    ),
}
