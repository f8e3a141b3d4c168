"""Who may knock at which door: every route of the house, with an address of the first school, and who is let in."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from factories import TODAY
from fastapi import FastAPI
from lively import PASSWORD, VISITORS, Lively, mailbox

from web.notice_form import NoticeForm

NOBODY, FAMILY = "nobody", "family"
"""Without a session; a family that holds a link of its own, and tries its code as if it were one."""
ALL = frozenset({*VISITORS, NOBODY, FAMILY})
SIGNED_IN = ALL - {NOBODY, FAMILY, "gone"}
WHOLE_SCHOOL = frozenset({"director", "office"})
CLASS = WHOLE_SCHOOL | {"teacher"}
ALARM = WHOLE_SCHOOL | {"deputy"}
FOREIGN = frozenset({"foreign_director"})
"""Whoever is asked for nothing by number is let in to a page of his or her own school."""
NONE: frozenset[str] = frozenset()
BY_LINK, BY_SESSION, BY_OTHERS = "link", "session", "others"


@dataclass(frozen=True)
class Right:
    """A knock. `may`: who is let in. `form` is posted as a form, `json` as such.

    `key`: what opens: a session of the staff, a link in the address, or what only others have (a signature, a
    browser's subscription). `says`: how the door speaks to who may, beside 2xx and 303, or to who may not, beside
    401, 403, 404 and the way to the door.
    """

    to: Callable[[Lively], str]
    may: frozenset[str]
    form: Callable[[Lively], Mapping[str, Any]] = lambda _: {}
    json: Mapping[str, Any] | None = None
    key: str = BY_SESSION
    says: frozenset[int] = frozenset()
    from_anywhere: bool = False


def _to(path: str) -> Callable[[Lively], str]:
    return lambda _: path


def _with(**fields: Any) -> Callable[[Lively], Mapping[str, Any]]:
    return lambda _: fields


def _notice(name: str, end: str = "") -> Callable[[Lively], str]:
    return lambda lively: f"/suivi/{lively.notices[name]}{end}"


def _link(end: str = "", notice: str = "announcement") -> Callable[[Lively], str]:
    return lambda lively: f"{lively.link(notice)}{end}"


def _call(adult: str, end: str) -> Callable[[Lively], str]:
    return lambda lively: f"/appeler/{lively.tasks[adult]}/{end}"


def _thread(end: str = "") -> Callable[[Lively], str]:
    return lambda lively: f"/messages/{lively.thread}{end}"


def _bin(end: str) -> Callable[[Lively], str]:
    return lambda lively: f"/bac/{lively.tray_item}/{end}"


def _up_to(lively: Lively) -> Mapping[str, Any]:
    return {"jusqua": lively.reply}


def _reason(lively: Lively) -> Mapping[str, Any]:
    return {"absence": lively.absence, "raison": "ill"}


def _office(lively: Lively) -> Mapping[str, Any]:
    return {"to": lively.staff["office"]}


def _class_id(lively: Lively) -> Mapping[str, Any]:
    return {"classes": [lively.small.classes["CP A"]]}


def _guardian(_: Lively) -> Mapping[str, Any]:
    return {"guardian": 1}


def _address_of_mahaut(lively: Lively) -> Mapping[str, Any]:
    return {"address": lively.number_of_mahaut}


def _written(_: Lively) -> Mapping[str, Any]:
    form = {
        "key": "k" * 32,
        "kind": "announcement",
        "to": ["CP A"],
        "text": "Merci aux parents venus samedi.",
        "step": "press",
    }
    return {**form, "seen": NoticeForm(**form).mark}  # type: ignore[arg-type]  # as typed


def _open(path: str) -> tuple[Right, ...]:
    return (Right(_to(path), ALL, key=BY_OTHERS),)


def _by_link(end: str, **form: Any) -> tuple[Right, ...]:
    """Let in whoever holds the link, and nobody with a code that is none."""
    return (
        Right(_link(end), ALL, _with(**form), key=BY_LINK),
        Right(_to(f"/l/{'a' * 12}{end}"), NONE, _with(**form), key=BY_LINK),
    )


def _roll(end: str = "") -> Callable[[Lively], str]:
    return lambda lively: f"/presences/{lively.small.classes['CP A']}{end}"


def _absence(end: str) -> Callable[[Lively], str]:
    return lambda lively: f"/absences/{lively.absence}/{end}"


_HALF = {"demi": "matin", "jour": TODAY.isoformat()}
_SUBSCRIPTION = {
    "endpoint": "https://updates.push.services.mozilla.com/wpush/v2/x",
    "keys": {"p256dh": "x", "auth": "y"},
}
RIGHTS: Mapping[str, tuple[Right, ...]] = {
    "GET /static/{name:path}": _open("/static/passerelle.css"),
    "GET /sw.js": _open("/sw.js"),
    "GET /manifest.webmanifest": _open("/manifest.webmanifest"),
    "GET /l/{code}/manifest.webmanifest": _open(f"/l/{'a' * 12}/manifest.webmanifest"),
    "GET /arrivee": _open("/arrivee"),
    "GET /arrivee/{code}": _open(f"/arrivee/{'a' * 12}"),
    "GET /entrer": _open("/entrer"),
    "POST /entrer": (
        Right(_to("/entrer"), ALL, _with(email=mailbox("director"), password=PASSWORD), key=BY_OTHERS),
        Right(
            _to("/entrer"),
            NONE,
            _with(email=mailbox("director"), password="something else"),
            key=BY_OTHERS,
            says=frozenset({429}),
        ),
    ),
    "POST /sortir": (Right(_to("/sortir"), SIGNED_IN | {"gone"}),),
    "POST /apparence": (Right(_to("/apparence"), SIGNED_IN, _with(theme="dark")),),
    "GET /": (Right(_to("/"), SIGNED_IN),),
    "GET /ecrire": (Right(_to("/ecrire"), SIGNED_IN - {"deputy"}),),
    "POST /ecrire": (Right(_to("/ecrire"), CLASS | FOREIGN, _written, says=frozenset({422})),),
    "GET /suivi/{notice_id:int}": (
        Right(_notice("announcement"), WHOLE_SCHOOL),
        Right(_notice("class"), CLASS),
        Right(_notice("crisis"), ALARM),
    ),
    "GET /suivi/{notice_id:int}/direct": (Right(_notice("cancelled", "/direct"), WHOLE_SCHOOL),),
    "GET /suivi/{notice_id:int}/corriger": (Right(_notice("class", "/corriger"), CLASS),),
    "POST /suivi/{notice_id:int}/arreter": (Right(_notice("class", "/arreter"), CLASS),),
    "POST /suivi/{notice_id:int}/retirer": (Right(_notice("class", "/retirer"), CLASS, _with(dire="oui")),),
    "POST /suivi/{notice_id:int}/relancer": (Right(_notice("class", "/relancer"), CLASS),),
    "POST /suivi/{notice_id:int}/laisser-partir": (Right(_notice("held", "/laisser-partir"), frozenset({"office"})),),
    "GET /appeler": (Right(_to("/appeler"), SIGNED_IN - {"deputy"}),),
    "POST /appeler/{task_id:int}/prendre": (Right(_call("Léopoldine", "prendre"), CLASS),),
    "POST /appeler/{task_id:int}/rendre": (
        Right(_call("Mahaut", "rendre"), frozenset({"teacher"}), says=frozenset({422})),
    ),
    "POST /appeler/{task_id:int}/fini": (
        Right(_call("Mahaut", "fini"), frozenset({"teacher"}), _with(outcome="reached"), says=frozenset({422})),
    ),
    "POST /appeler/{task_id:int}/faux-numero": (
        Right(_call("Mahaut", "faux-numero"), frozenset({"teacher"}), _address_of_mahaut, says=frozenset({422})),
    ),
    "POST /appeler/{task_id:int}/autre-voie": (
        Right(_call("Mahaut", "autre-voie"), NONE, says=frozenset({422})),  # there is none, and who may is told so
    ),
    "GET /familles": (Right(_to("/familles"), SIGNED_IN - {"deputy"}),),
    "GET /familles/{guardian_id:int}": (Right(_to("/familles/1"), WHOLE_SCHOOL),),
    "POST /familles/{guardian_id:int}": (Right(_to("/familles/1"), WHOLE_SCHOOL, _with(address="o@familles.test")),),
    "POST /familles/{guardian_id:int}/invitation": (Right(_to("/familles/1/invitation"), WHOLE_SCHOOL),),
    "POST /familles/{guardian_id:int}/numeros": (Right(_to("/familles/1/numeros"), WHOLE_SCHOOL),),
    "POST /familles/{guardian_id:int}/essayer": (Right(_to("/familles/9/essayer"), WHOLE_SCHOOL, _address_of_mahaut),),
    "GET /familles/{guardian_id:int}/ecrire": (Right(_to("/familles/1/ecrire"), WHOLE_SCHOOL),),
    "POST /familles/{guardian_id:int}/ecrire": (
        Right(_to("/familles/1/ecrire"), WHOLE_SCHOOL, _with(objet="Le cahier", mots="Il est en classe.", key="b1")),
    ),
    "GET /familles/invitations": (Right(_to("/familles/invitations"), SIGNED_IN - {"deputy"}),),
    "POST /familles/invitations": (Right(_to("/familles/invitations"), CLASS, _class_id, says=frozenset({422})),),
    "GET /messages": (
        Right(_to("/messages"), SIGNED_IN - {"deputy"}),
        Right(_to("/messages?q=heures"), CLASS | FOREIGN | {"other_teacher"}),
    ),
    "GET /messages/direct": (Right(_to("/messages/direct"), SIGNED_IN - {"deputy"}),),
    "GET /messages/modeles": (Right(_to("/messages/modeles"), SIGNED_IN - {"deputy"}),),
    "POST /messages/modeles": (
        Right(_to("/messages/modeles"), WHOLE_SCHOOL | FOREIGN, _with(label="Oui", text="Oui, bien sûr.")),
    ),
    "POST /messages/modeles/{answer_id:int}/enlever": (Right(_to("/messages/modeles/1/enlever"), WHOLE_SCHOOL),),
    "GET /messages/{thread_id:int}": (Right(_thread(), CLASS),),
    "GET /messages/{thread_id:int}/direct": (Right(_thread("/direct"), CLASS),),
    "GET /messages/{thread_id:int}/pieces/{attachment_id:int}": (Right(_thread("/pieces/1"), CLASS),),
    "GET /messages/{thread_id:int}/mots/{reply_id:int}": (
        Right(lambda lively: f"/messages/{lively.thread}/mots/{lively.reply}", CLASS),
    ),
    "POST /messages/{thread_id:int}/motif": (
        Right(lambda lively: f"/messages/{lively.about_absence}/motif", CLASS, _reason),
    ),
    "POST /messages/{thread_id:int}/lu": (Right(_thread("/lu"), CLASS, _up_to),),
    "POST /messages/{thread_id:int}/repondre": (
        Right(_thread("/repondre"), CLASS, _with(words="Bien sûr.", key="k1")),
    ),
    "POST /messages/{thread_id:int}/etat": (Right(_thread("/etat"), CLASS, _with(etat="waiting")),),
    "POST /messages/{thread_id:int}/prendre": (Right(_thread("/prendre"), CLASS),),
    "POST /messages/{thread_id:int}/confier": (Right(_thread("/confier"), CLASS, _office),),
    "POST /messages/{thread_id:int}/garder": (Right(_thread("/garder"), CLASS, _office),),
    "GET /bac": (Right(_to("/bac"), WHOLE_SCHOOL | FOREIGN),),
    "POST /bac/{item_id:int}/numero": (Right(_bin("numero"), WHOLE_SCHOOL),),
    "POST /bac/{item_id:int}/relier": (Right(_bin("relier"), WHOLE_SCHOOL, _guardian),),
    "POST /bac/{item_id:int}/arreter": (Right(lambda lively: f"/bac/{lively.leaving_item}/arreter", WHOLE_SCHOOL),),
    "POST /bac/{item_id:int}/clore": (Right(_bin("clore"), WHOLE_SCHOOL),),
    "GET /presences": (Right(_to("/presences"), SIGNED_IN - {"deputy"}),),
    "GET /presences/sw.js": _open("/presences/sw.js"),
    "GET /presences/{class_id:int}": (Right(_roll("?demi=matin"), CLASS), Right(_roll(), CLASS)),
    "POST /presences/{class_id:int}": (Right(_roll(), CLASS, _with(**_HALF)),),
    "POST /presences/{class_id:int}/alerter": (Right(_roll("/alerter"), CLASS, _with(**_HALF)),),
    "GET /absences": (Right(_to("/absences"), SIGNED_IN - {"deputy"}),),
    "POST /absences": (Right(_to("/absences"), CLASS, _with(eleve="1", demi="day"), says=frozenset({422})),),
    "GET /absences/mois": (Right(_to("/absences/mois"), SIGNED_IN - {"deputy"}),),
    "POST /absences/{absence_id:int}/prendre": (Right(_absence("prendre"), CLASS, _with(**_HALF)),),
    "POST /absences/{absence_id:int}/rendre": (
        Right(_absence("rendre"), frozenset({"teacher"}), _with(**_HALF), says=frozenset({422})),
    ),
    "POST /absences/{absence_id:int}/trouve": (Right(_absence("trouve"), CLASS, _with(**_HALF)),),
    "POST /absences/{absence_id:int}/confie": (Right(_absence("confie"), CLASS, _with(**_HALF)),),
    "POST /absences/{absence_id:int}/alerter": (Right(_absence("alerter"), CLASS, _with(**_HALF)),),
    "POST /absences/{absence_id:int}/reprendre": (
        Right(
            _absence("reprendre"), NONE, _with(**_HALF), says=frozenset({422})
        ),  # nobody noted it, and who may is told so
    ),
    "GET /alerte": (Right(_to("/alerte"), ALARM | FOREIGN),),
    "POST /alerte": (
        Right(_to("/alerte"), ALARM | FOREIGN, _with(phrase="sheltered", exercise="1", step="press", after="99")),
    ),
    "GET /l/{code}": _by_link(""),
    "POST /l/{code}": _by_link("", act="acknowledge"),
    "GET /l/{code}/stop": _by_link("/stop"),
    "POST /l/{code}/stop": _by_link("/stop", act="stop"),
    "GET /l/{code}/notifications": _by_link("/notifications"),
    "POST /l/{code}/notifications": _by_link("/notifications", guardian=1),
    "POST /l/{code}/telegram": _by_link("/telegram", guardian=1),
    "GET /u/{token}": (
        Right(lambda lively: f"/u/{lively.mail_token}", ALL, key=BY_LINK),
        Right(_to("/u/a.1.0000000000000"), NONE, key=BY_LINK),
    ),
    "POST /u/{token}": (
        Right(lambda lively: f"/u/{lively.mail_token}", ALL, _with(act="stop"), key=BY_LINK, from_anywhere=True),
        Right(_to("/u/a.1.0000000000000"), NONE, _with(act="stop"), key=BY_LINK, from_anywhere=True),
    ),
    "POST /push/subscriptions": (
        Right(
            _to("/push/subscriptions"),
            NONE,
            json={"invitation": "a" * 12, "subscription": _SUBSCRIPTION},
            key=BY_OTHERS,
            says=frozenset({422}),
        ),
    ),
    "POST /push/changed": (
        Right(
            _to("/push/changed"),
            NONE,
            json={"old": _SUBSCRIPTION, "new": _SUBSCRIPTION},
            key=BY_OTHERS,
            says=frozenset({422}),
        ),
    ),
    "POST /push/stopped": (
        Right(_to("/push/stopped"), NONE, json={"old": _SUBSCRIPTION}, key=BY_OTHERS, says=frozenset({422})),
    ),
    "POST /webhooks/twilio/{key}/inbound": (
        Right(
            _to("/webhooks/twilio/trois-ponts-sms/inbound"),
            NONE,
            _with(From="+33639987001", Body="STOP", MessageSid="SM1"),
            key=BY_OTHERS,
            from_anywhere=True,
        ),
    ),
    "POST /webhooks/twilio/{key}/voice": (
        Right(
            _to("/webhooks/twilio/trois-ponts-sms/voice"),
            NONE,
            _with(From="+33639987001", CallSid="CA1"),
            key=BY_OTHERS,
            from_anywhere=True,
        ),
    ),
    "POST /webhooks/twilio/{key}/status/{token}": (
        Right(
            lambda lively: f"/webhooks/twilio/trois-ponts-sms/status/{lively.mail_token}",
            NONE,
            _with(MessageStatus="delivered", MessageSid="SM1"),
            key=BY_OTHERS,
            from_anywhere=True,
        ),
    ),
}
"""Route → knocks. A route that is not here has no stated right."""
BESIDE = {"POST /webhooks/twilio/{key}/status/{token}"}
"""Doors that are no routes of the app: `web.webhooks.Wicket` answers before it."""


def routes(app: FastAPI) -> Iterator[tuple[str, str, Callable[..., Any]]]:
    """Walk every (method, path, endpoint) of the app."""
    for route in app.router.routes:
        for one in getattr(getattr(route, "original_router", None), "routes", [route]):
            endpoint = getattr(one, "endpoint", None)
            assert endpoint is not None, f"a door that nobody knows: {one}"
            for method in (getattr(one, "methods", None) or {"GET"}) - {"HEAD"}:
                yield method, one.path, endpoint
