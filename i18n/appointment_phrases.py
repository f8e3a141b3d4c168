"""What the house says of appointments, each about one child: nobody presses it by hand."""

from hub.ports import NoticeKind
from i18n.phrase import Phrase
from i18n.slots import N_

_PLACE = N_("Lieu : %(place)s.")
_CHOOSE = N_("Choisissez-la sur votre page, ou par téléphone.")
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
        "appointment_near",
        (NoticeKind.REMINDER,),
        "rappel d’un rendez-vous",
        # TRANSLATORS: pupil: first names; moment: day and hour
        (N_("%(pupil)s : rappel de votre rendez-vous, %(moment)s."), _PLACE),
        needs=("moment",),
        of_a_child=True,
        unnamed=(N_("Rappel de votre rendez-vous, %(moment)s."), _PLACE),
    ),
)
"""To choose, fallen free, cancelled, and tomorrow."""
BY_DIGIT = frozenset({"appointments", "time_free"})
"""What one answers by a digit, where an answer arrives: then the hours come back, numbered."""
