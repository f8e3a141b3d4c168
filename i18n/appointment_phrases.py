"""What the house says of appointments: nobody presses it by hand."""

from hub.ports import NoticeKind
from i18n.phrase import Phrase
from i18n.slots import N_

_PLACE = N_("Lieu : %(place)s.")
_ONLINE = N_("En ligne : lien sur votre page.")
_CHOOSE = N_("Choisissez-la sur votre page, ou par téléphone.")
_SAY_WHEN = N_("Dites-le sur votre page, ou par téléphone.")
# TRANSLATORS: to one appointment or more. pupil: first names; hours: each with its day, hour, teacher and room
_HOURS = N_("%(pupil)s : on vous attend à l'école, %(hours)s.")
_HOURS_UNNAMED = N_("On vous attend à l'école : %(hours)s.")
# TRANSLATORS: of several appointments that were asked for, one or more have no hour
_NO_HOUR = N_("Il n'y a pas d'heure pour toutes vos demandes : l'école vous préviendra.")
_IF_FREE = N_("L'école vous prévient si une heure se libère.")
_ANOTHER = N_("Une autre heure se choisit sur votre page, ou par téléphone.")

APPOINTMENTS = (
    Phrase(
        "appointments",
        (NoticeKind.ANNOUNCEMENT,),
        "rendez-vous à choisir",
        # TRANSLATORS: an appointment with the teacher. pupil: first names; until: a day with its date
        (N_("%(pupil)s : quelle heure pour votre rendez-vous à l'école ? Réponse jusqu'au %(until)s."), _CHOOSE),
        needs=("until",),
        of_a_child=True,
        unnamed=(N_("Quelle heure pour votre rendez-vous à l'école ? Réponse jusqu'au %(until)s."), _CHOOSE),
    ),
    Phrase(
        "time_free",
        (NoticeKind.ANNOUNCEMENT,),
        "heure libérée",
        # TRANSLATORS: told to who waits for an appointment. moment: day and hour (jeudi 3 décembre à 17 h 10)
        (N_("%(pupil)s : une heure s'est libérée pour un rendez-vous, %(moment)s."), _CHOOSE),
        needs=("moment",),
        of_a_child=True,
        unnamed=(N_("Une heure s'est libérée pour un rendez-vous, %(moment)s."), _CHOOSE),
    ),
    Phrase(
        "appointment_cancelled",
        (NoticeKind.ANNOUNCEMENT,),
        "rendez-vous annulé",
        # TRANSLATORS: pupil: first names; moment: day and hour
        (N_("%(pupil)s : l'école doit annuler votre rendez-vous, %(moment)s."), _ANOTHER),
        needs=("moment",),
        of_a_child=True,
        unnamed=(N_("L'école doit annuler votre rendez-vous, %(moment)s."), _ANOTHER),
    ),
    Phrase(
        "appointments_off",
        (NoticeKind.ANNOUNCEMENT,),
        "plus aucune heure",
        # TRANSLATORS: told to who waits for an hour, when the school cancels all hours. pupil: first names
        (N_("%(pupil)s : l'école annule les rendez-vous où vous attendiez une heure."), _IF_FREE),
        of_a_child=True,
        unnamed=(N_("L'école annule les rendez-vous où vous attendiez une heure."), _IF_FREE),
    ),
    Phrase(
        "appointment_near",
        (NoticeKind.REMINDER,),
        "rappel d’un rendez-vous",
        # TRANSLATORS: pupil: first names; moment: day and hour
        (N_("%(pupil)s : rappel de votre rendez-vous, %(moment)s."), _PLACE),
        needs=("moment",),
        of_a_child=True,
        unnamed=(N_("Rappel de votre rendez-vous, %(moment)s."), _PLACE),
    ),
    Phrase(
        "appointment_online",
        (NoticeKind.REMINDER,),
        "rappel d’un rendez-vous en ligne",
        (N_("%(pupil)s : rappel de votre rendez-vous, %(moment)s."), _ONLINE),
        needs=("moment",),
        of_a_child=True,
        unnamed=(N_("Rappel de votre rendez-vous, %(moment)s."), _ONLINE),
    ),
    Phrase(
        "evening_wishes",
        (NoticeKind.ANNOUNCEMENT,),
        "quand pouvez-vous venir",
        # TRANSLATORS: an evening when parents meet teachers. pupil: first names; until: a day with its date
        (N_("%(pupil)s : rencontre à l'école. Quand pouvez-vous venir ? Réponse jusqu'au %(until)s."), _SAY_WHEN),
        needs=("until",),
        of_a_child=True,
        unnamed=(N_("Rencontre à l'école : quand pouvez-vous venir ? Réponse jusqu'au %(until)s."), _SAY_WHEN),
    ),
    Phrase(
        "evening_hours",
        (NoticeKind.ANNOUNCEMENT,),
        "heures de la rencontre",
        (_HOURS, _ANOTHER),
        needs=("hours",),
        of_a_child=True,
        unnamed=(_HOURS_UNNAMED, _ANOTHER),
    ),
    Phrase(
        "evening_some",
        (NoticeKind.ANNOUNCEMENT,),
        "heures de la rencontre, une manque",
        (_HOURS, _NO_HOUR),
        needs=("hours",),
        of_a_child=True,
        unnamed=(_HOURS_UNNAMED, _NO_HOUR),
    ),
    Phrase(
        "evening_cancelled",
        (NoticeKind.ANNOUNCEMENT,),
        "rencontre annulée",
        # TRANSLATORS: days: of the meeting, one or more (jeudi 3 décembre et vendredi 4 décembre)
        (N_("%(pupil)s : la rencontre à l'école du %(days)s n'a pas lieu. Ne venez pas."),),
        needs=("days",),
        of_a_child=True,
        unnamed=(N_("La rencontre à l'école du %(days)s n'a pas lieu. Ne venez pas."),),
    ),
    Phrase(
        "evening_none",
        (NoticeKind.ANNOUNCEMENT,),
        "pas d’heure à la rencontre",
        (N_("%(pupil)s : il ne reste aucune heure de rendez-vous quand vous pouvez venir."), _IF_FREE),
        of_a_child=True,
        unnamed=(N_("Il ne reste aucune heure de rendez-vous à l'école quand vous pouvez venir."), _IF_FREE),
    ),
)
"""To choose, fallen free, cancelled, and tomorrow; an evening of the whole school: wishes, and what came of them."""
CHOOSES, MOVES = frozenset({"appointments", "time_free"}), frozenset({"evening_hours"})
"""Where one chooses an hour, and where one may choose another."""
ASKS = CHOOSES | {"evening_wishes"}
"""Where an answer is waited for until a day."""
SAYS_WHERE = ASKS | MOVES | {"appointment_cancelled"}
"""What ends with where one answers: on one's page, or by telephone."""
BY_DIGIT = CHOOSES | MOVES
"""What one answers by a digit, where an answer arrives: then the hours come back, numbered."""
