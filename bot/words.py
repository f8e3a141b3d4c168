"""What the bot says, in the language of the chat. No child's name and no reason is ever in it."""

from i18n.tongues import Tongue

MOST_IN_A_NOTE = 200
"""Characters of the note over a pressed button. Source: Bot API, answerCallbackQuery."""


def welcome(speaks: Tongue, school: str) -> str:
    """Say what this chat is for, and how to leave it."""
    _ = speaks.gettext
    return "\n\n".join(
        (
            # TRANSLATORS: %(school)s is the name of the school
            _("Bienvenue. L'école vous écrira ici : %(school)s.") % {"school": school},
            _("Répondez par les boutons, ou écrivez : l'école lit ce que vous écrivez."),
            "\n".join(_commands(speaks)),
        )
    )


def menu(speaks: Tongue) -> tuple[tuple[str, str], ...]:
    """Name each command beside the field where one writes: the command, and at most 256 characters.

    Source: Bot API, BotCommand.
    """
    _ = speaks.gettext
    return (
        # TRANSLATORS: a line of a menu in the chat: a few words, no full stop
        ("start", _("Recevoir ici les messages de l'école")),
        # TRANSLATORS: a line of a menu in the chat
        ("language", _("Changer de langue")),
        # TRANSLATORS: a line of a menu in the chat
        ("prenoms", _("Lire ou non les prénoms de vos enfants ici")),
        # TRANSLATORS: a line of a menu in the chat
        ("stop", _("Ne plus recevoir de messages ici")),
    )


def usage(speaks: Tongue) -> str:
    """Say what one may write here."""
    return "\n".join(_commands(speaks))


def stranger(speaks: Tongue, phone: str) -> str:
    """Say that nobody reads this, and how to be invited."""
    _ = speaks.gettext
    nobody = _("Ce chat n'est pas encore relié à une famille : personne ne lit ce que vous écrivez ici.")
    how = _("Pour le relier, ouvrez la page d'un message de l'école et choisissez Telegram, ou appelez-la :")
    return f"{nobody}\n\n{how} {speaks.phone(phone)}"


def used_up(speaks: Tongue, phone: str) -> str:
    """Say that an invitation opens nothing, and how to get another."""
    first = speaks.gettext("Cette invitation a déjà servi ou n'est plus valable.")
    return f"{first}\n\n{stranger(speaks, phone)}"


def stopped(speaks: Tongue) -> str:
    """Say, once, that nothing more is written here."""
    _ = speaks.gettext
    return "\n".join(
        (
            _("C'est fait : l'école ne vous écrira plus ici, elle cherchera un autre moyen de vous joindre."),
            _("Pour recevoir de nouveau ses messages ici : %(command)s") % {"command": "/start"},
        )
    )


def resumed(speaks: Tongue) -> str:
    """Say that we write here again."""
    return speaks.gettext("L'école vous écrira de nouveau ici.")


def only_text(speaks: Tongue) -> str:
    """Say that a picture or a voice was not heard."""
    return speaks.gettext("Seul le texte arrive à l'école. Écrivez-le en quelques mots, s'il vous plaît.")


def thanks(speaks: Tongue) -> str:
    """Confirm; what was answered is not said again."""
    return speaks.gettext("Merci, c'est noté.")


def calling(speaks: Tongue, phone: str) -> str:
    """Say that the school calls about a child who should be there."""
    said = speaks.gettext("L'école vous appelle tout de suite. Vous pouvez aussi l'appeler :")
    return f"{said} {speaks.phone(phone)}"


def withdrawn(speaks: Tongue) -> str:
    """Say that there is nothing to answer any more."""
    return speaks.gettext("Ce message a été retiré.")


def who(speaks: Tongue) -> str:
    """Ask who of those who share the chat answers."""
    return speaks.gettext("Plusieurs adultes reçoivent ce message ici. Dites qui répond.")


def not_yours(speaks: Tongue) -> str:
    """Refuse a button that stands in another chat."""
    return speaks.gettext("Ce bouton n'est pas pour ce chat.")


def which_language(speaks: Tongue) -> str:
    """Ask for a language."""
    return speaks.gettext("Dans quelle langue l'école doit-elle vous écrire ici ?")


def in_this_language(speaks: Tongue) -> str:
    """Confirm a language, in it."""
    return speaks.gettext("C'est noté : l'école vous écrira ici dans cette langue.")


def names_or_not(speaks: Tongue) -> str:
    """Ask whether children may be named in this chat."""
    _ = speaks.gettext
    return "\n".join(
        (
            _("Faut-il écrire ici les prénoms de vos enfants ?"),
            _("Qui peut ouvrir ce chat pourra les lire ; ils passent aussi par Telegram."),
        )
    )


def with_names(speaks: Tongue) -> str:
    """Name the choice of names."""
    return speaks.gettext("Oui, avec les prénoms")


def without_names(speaks: Tongue) -> str:
    """Name the choice of none."""
    return speaks.gettext("Non, sans les prénoms")


def named(speaks: Tongue, *, yes: bool) -> str:
    """Confirm the choice."""
    _ = speaks.gettext
    return _("Les prénoms seront écrits ici.") if yes else _("Aucun prénom ne sera écrit ici.")


def _commands(speaks: Tongue) -> tuple[str, ...]:
    _ = speaks.gettext
    return (
        # TRANSLATORS: %(command)s is a word with a slash, as /stop; keep it at the end
        _("Changer de langue : %(command)s") % {"command": "/language"},
        _("Lire ou non les prénoms de vos enfants ici : %(command)s") % {"command": "/prenoms"},
        _("Ne plus recevoir de messages ici : %(command)s") % {"command": "/stop"},
    )
