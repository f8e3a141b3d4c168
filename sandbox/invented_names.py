"""Names that nobody bears: words for "example" in the languages of our families, and things that grow or shine."""

LANGUAGES = ("fr", "ar", "tr", "pt", "en", "es", "uk", "ro", "zh", "fa")
"""Languages of the fictional families; the first is the school's."""

EXAMPLE_WORDS = {
    "fr": ("EXEMPLE", "MODÈLE", "FICTIF", "ESSAI", "ÉCHANTILLON"),
    "ar": ("MITHAL", "NAMOUDHAJ"),
    "tr": ("ÖRNEK", "DENEME"),
    "pt": ("EXEMPLO", "FICTÍCIO"),
    "en": ("EXAMPLE", "SAMPLE"),
    "es": ("EJEMPLO", "MUESTRA"),
    "uk": ("PRYKLAD", "ZRAZOK"),
    "ro": ("EXEMPLU", "MOSTRA"),
    "zh": ("LIZI", "FANLI"),
    "fa": ("NEMOUNEH", "MESAL"),
}
"""Family names begin with one of these; all letters exist in cp1252, as in ONDE's own files."""

THINGS = (
    "LILAS", "TILLEUL", "NOISETTE", "GALET", "NUAGE", "LANTERNE", "PAPILLON", "MOINEAU", "CERISE", "PLUME",
    "ORAGE", "BRUYÈRE", "ROSÉE", "FOUGÈRE", "CAILLOU", "CORAIL", "GRENOUILLE", "HÉRISSON", "LUCIOLE",
    "MÉSANGE", "NÉNUPHAR", "OLIVE", "PERVENCHE", "ROSEAU", "SAULE", "TOURNESOL", "VERVEINE", "ÉGLANTINE",
    "ÉTOILE", "COMÈTE", "MIRABELLE", "CHÂTAIGNE", "PÂQUERETTE", "COQUELICOT", "BOULEAU", "CIGALE", "AUBE",
    "BRISE", "CASCADE", "DUNE", "ÉCUME", "FLOCON", "GIVRE", "HIBOU", "IRIS", "JONQUILLE", "KIWI", "LAVANDE",
    "MURMURE", "NEIGE", "OURSIN", "PRUNE", "QUARTZ", "RUISSEAU", "SABLE", "TORTUE", "URANIE", "VAGUE",
    "ZINNIA", "MYRTILLE",
)  # fmt: skip

FIRST_NAMES = {
    "fr": (
        ("Capucine", "Zoé", "Anaïs", "Maëlle", "Jeanne", "Élise"),
        ("Basile", "Noël", "Léon", "Théo", "Achille", "Lubin"),
    ),
    "ar": (
        ("Amina", "Leïla", "Nour", "Salma", "Hanane", "Dounia"),
        ("Yassine", "Karim", "Samir", "Rayan", "Idriss", "Bilal"),
    ),
    "tr": (
        ("Elif", "Defne", "Zeynep", "Ece", "Selin", "Ayla"),
        ("Emre", "Kerem", "Can", "Mert", "Deniz", "Onur"),
    ),
    "pt": (
        ("Inês", "Beatriz", "Leonor", "Catarina", "Marta", "Sofia"),
        ("João", "Tiago", "Rui", "Duarte", "Nuno", "Simão"),
    ),
    "en": (
        ("Alice", "Poppy", "Hazel", "Daisy", "Ivy", "Ruby"),
        ("Oliver", "Edgar", "Rupert", "Arthur", "Miles", "Felix"),
    ),
    "es": (
        ("Lucía", "Carmen", "Alba", "Candela", "Nieves", "Begoña"),
        ("Íñigo", "Álvaro", "Bruno", "Darío", "Hugo", "Iker"),
    ),
    "uk": (
        ("Oksana", "Daryna", "Solomiya", "Yaryna", "Zlata", "Lesya"),
        ("Taras", "Bohdan", "Ostap", "Marko", "Nazar", "Roman"),
    ),
    "ro": (
        ("Ioana", "Ilinca", "Crina", "Sorina", "Doina", "Anca"),
        ("Andrei", "Mihai", "Vlad", "Matei", "Radu", "Tudor"),
    ),
    "zh": (
        ("Mei", "Lan", "Xue", "Ying", "Qing", "Hua"),
        ("Jun", "Wei", "Ming", "Tao", "Bo", "Lei"),
    ),
    "fa": (
        ("Shirin", "Nasrin", "Parisa", "Golnar", "Mahin", "Roya"),
        ("Arash", "Kaveh", "Siavash", "Omid", "Dara", "Sina"),
    ),
}
"""Girls and women, then boys and men."""


def family_name(language: str, nth: int) -> str:
    """Give the nth family name of a language (nth ≥ 0); each is different for thousands of families."""
    words = EXAMPLE_WORDS[language]
    rest, word = divmod(nth, len(words))
    rest, thing = divmod(rest, len(THINGS))
    name = f"{words[word]}-{THINGS[thing]}"
    return f"{name}-{THINGS[(thing + rest) % len(THINGS)]}" if rest else name


def first_name(language: str, nth: int, *, woman: bool) -> str:
    """Give a first name, six of each kind in a language, then two joined (Zoé-Maëlle)."""
    names = FIRST_NAMES[language][0 if woman else 1]
    rest, place = divmod(nth, len(names))
    return f"{names[place]}-{names[(place + rest) % len(names)]}" if rest % len(names) else names[place]
