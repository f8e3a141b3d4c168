"""What the front desk did not understand, said in French: the library that reads commands speaks English alone."""

import re

import typer

_VALUE = r"Invalid value for '?(?:\S+ / )*(.+?)'?: "
_SAID = (
    (r"Missing command\.", "Il manque une commande : passerelle --help les donne."),
    (r"No such command '(.*)'\.", r"La commande « \1 » n'existe pas : passerelle --help les donne."),
    (r"No such option: (\S+).*", r"L'option \1 n'existe pas."),
    (r"Missing \w+ '?(.+?)'?\. Choose from:?\s*(.*)", r"Il manque \1 : \2."),
    (r"Missing \w+ '?(.+?)'?\.", r"Il manque \1."),
    (r"Option '(.*)' requires an argument\.", r"L'option \1 attend une valeur."),
    (r"Option '(.*)' does not take a value\.", r"L'option \1 ne prend pas de valeur."),
    (r"Got unexpected extra argument\S* \((.*)\)", r"Trop de mots : \1."),
    (_VALUE + r".* is not one of (.*)\.", r"\1 est l'un de ceux-ci : \2."),
    (_VALUE + r".*valid integer.*", r"\1 est un nombre entier."),
    (_VALUE + r".*valid number.*", r"\1 est un nombre."),
    (_VALUE + r".*greater than or equal to (\S+)", r"\1 est au moins \2."),
    (_VALUE + r".*isoformat.*", r"\1 est un jour, écrit comme 2026-11-25."),
    (_VALUE + r".*", r"\1 : cette valeur ne convient pas."),
)
"""What the library says, whole, and what we say; the first that fits. A value that was typed is not repeated."""


def misread(error: typer.TyperException) -> str:
    """Give one French sentence for what the library refused."""
    if isinstance(error, typer.BadParameter) and error.param is None:  # ours
        return f"{error.param_hint} : {error.message}"
    said = " ".join(error.format_message().split())
    for theirs, ours in _SAID:
        found = re.fullmatch(theirs, said)
        if found is not None:
            return found.expand(ours)
    return "Cette commande n'est pas comprise : ajoutez --help pour voir comment elle s'écrit."
