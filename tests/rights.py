"""Who may knock at which door: every route of the house, with an address of the first school, and who is let in."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from factories import NOW, TODAY
from fastapi import FastAPI
from lively import HOMES, PASSWORD, VISITORS, Lively, mailbox

from web.document_form import DocumentForm
from web.notice_form import NoticeForm

NOBODY, FAMILY = "nobody", "family"
"""Without a session; a family that holds a link of its own, and tries its code as if it were one."""
PARENT = frozenset({"parent"})
AT_HOME = frozenset(HOMES)
"""Families that have opened their own page."""
ALL = AT_HOME | {*VISITORS, NOBODY, FAMILY}
SIGNED_IN = ALL - AT_HOME - {NOBODY, FAMILY, "gone"}
WHOLE_SCHOOL = frozenset({"director", "office"})
CLASS = WHOLE_SCHOOL | {"teacher"}
ALARM = WHOLE_SCHOOL | {"deputy"}
FOREIGN = frozenset({"foreign_director"})
"""Whoever is asked for nothing by number is let in to a page of his or her own school."""
NONE: frozenset[str] = frozenset()
BY_LINK, BY_SESSION, BY_HOME, BY_OTHERS = "link", "session", "home", "others"


@dataclass(frozen=True)
class Right:
    """A knock. `may`: who is let in. `form` is posted as a form, `json` as such.

    `key`: what opens: a session of the staff, one of a family at its own page, a link in the address, or what only
    others have (a signature, a browser's subscription). `says`: how the door speaks to who may, beside 2xx and 303, or
    to who may not, beside 401, 403, 404 and the way to the door.
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


def _plan(name: str, end: str = "") -> Callable[[Lively], str]:
    return lambda lively: f"/prevus/{lively.plans[name]}{end}"


def _link(end: str = "", notice: str = "announcement") -> Callable[[Lively], str]:
    return lambda lively: f"{lively.link(notice)}{end}"


def _call(adult: str, end: str) -> Callable[[Lively], str]:
    return lambda lively: f"/appeler/{lively.tasks[adult]}/{end}"


def _thread(end: str = "") -> Callable[[Lively], str]:
    return lambda lively: f"/messages/{lively.thread}{end}"


def _bin(end: str) -> Callable[[Lively], str]:
    return lambda lively: f"/bac/{lively.tray_item}/{end}"


def _letters(name: str, end: str = "") -> Callable[[Lively], str]:
    return lambda lively: f"/courrier/{lively.notices[name]}{end}"


def _letter_of(place: int) -> Callable[[Lively], Mapping[str, Any]]:
    return lambda lively: {"lettre": lively.letters[place]}


def _coupon(**more: Any) -> Callable[[Lively], Mapping[str, Any]]:
    return lambda lively: {"code": lively.coupon, **more}


def _on_paper(lively: Lively) -> str:
    return f"/lettre/{lively.letter_code}"


def _up_to(lively: Lively) -> Mapping[str, Any]:
    return {"jusqua": lively.reply}


def _reason(lively: Lively) -> Mapping[str, Any]:
    return {"absence": lively.absence, "raison": "ill"}


def _office(lively: Lively) -> Mapping[str, Any]:
    return {"to": lively.staff["office"]}


def _class_id(lively: Lively) -> Mapping[str, Any]:
    return {"classes": [lively.small.classes["CP A"]]}


def _substitute(lively: Lively) -> Mapping[str, Any]:
    return {"name": "Mme Relais", "until": TODAY.isoformat(), "classes": [lively.small.classes["CP A"]]}


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


def at_home(
    to: Callable[[Lively], str] | str,
    form: Callable[[Lively], Mapping[str, Any]] = lambda _: {},
    *,
    may: frozenset[str] = AT_HOME,
    says: frozenset[int] = frozenset(),
) -> Right:
    """Let in a family that has opened its own page; `may`: fewer of them, where a number in the address is one's."""
    return Right(_to(to) if isinstance(to, str) else to, may, form, key=BY_HOME, says=says)


def _document(name: str, end: str = "") -> Callable[[Lively], str]:
    return lambda lively: f"/classe/documents/{lively.papers[name]}{end}"


def _paper(lively: Lively) -> str:
    return f"/famille/documents/{lively.small.school.key}/{lively.papers['trip']}"


def _file(before: str) -> Callable[[Lively], str]:
    return lambda lively: f"{before}/{lively.file}"


def _given(_: Lively) -> Mapping[str, Any]:
    form = {"key": "k" * 32, "title": "Photo de classe", "text": "Le prix est au dos.", "to": ["CP A"]}
    return {**form, "step": "press", "seen": DocumentForm(**form).mark}  # type: ignore[arg-type]  # as typed


def _by_link(end: str, **form: Any) -> tuple[Right, ...]:
    """Let in whoever holds the link, and nobody with a code that is none."""
    return (
        Right(_link(end), ALL, _with(**form), key=BY_LINK),
        Right(_to(f"/l/{'a' * 12}{end}"), NONE, _with(**form), key=BY_LINK),
    )


def _roll(end: str = "") -> Callable[[Lively], str]:
    return lambda lively: f"/presences/{lively.small.classes['CP A']}{end}"


def _agenda(event: str, end: str = "") -> Callable[[Lively], str]:
    return lambda lively: f"/classe/agenda/{lively.events[event]}{end}"


def _event(whom: int | str) -> Mapping[str, Any]:
    return {"titre": "Kermesse", "genre": "event", "pour": whom, "du": TODAY.isoformat()}


def _message(lively: Lively) -> str:
    return f"/famille/messages/{lively.small.school.key}/{lively.message}"


def _settings(end: str) -> Callable[[Lively], str]:
    """Go to the settings of Odalys, whose only address is the first."""
    return lambda lively: f"/famille/reglages/{lively.small.school.key}/1/{end}"


def _absence(end: str) -> Callable[[Lively], str]:
    return lambda lively: f"/absences/{lively.absence}/{end}"


def _class_in_year(end: str = "") -> Callable[[Lively], str]:
    return lambda lively: f"/ecole/annee/classes/{lively.small.classes['CP A']}{end}"


def _stays(lively: Lively) -> Mapping[str, Any]:
    return {"geste": "reste", "classe": lively.small.classes["CP A"], "eleves": ["1"]}


def _copy_of(pupil: int) -> Callable[[Lively], str]:
    return lambda lively: f"/famille/export/{lively.small.school.key}/{pupil}"


def _judged(name: str, end: str = "") -> Callable[[Lively], str]:
    return lambda lively: f"/classe/resultats/{lively.assessments[name]}{end}"


def _of_class(end: str) -> Callable[[Lively], str]:
    return lambda lively: f"/classe/{lively.small.classes['CP A']}/{end}"


def _entry(end: str = "", subject: str = "Mathématiques") -> Callable[[Lively], str]:
    return lambda lively: f"/classe/{lively.small.classes['CP A']}/cahier/{lively.entries[subject]}{end}"


def _ticked(lively: Lively) -> Mapping[str, Any]:
    return {"ecole": lively.small.school.key, "eleve": 1, "devoir": lively.entries["Mathématiques"], "fait": 1}


def _round(end: str = "") -> Callable[[Lively], str]:
    return lambda lively: f"/classe/rendez-vous/{lively.appointments['round']}{end}"


def _evening(end: str = "") -> Callable[[Lively], str]:
    return lambda lively: f"/classe/rendez-vous/soirees/{lively.appointments['evening']}{end}"


def _opened(lively: Lively) -> Mapping[str, Any]:
    receives = f"{lively.small.classes['CP A']}-{lively.staff['teacher']}"
    return {"titre": "Bilan", "jour": "2027-01-12", "de": "17:00", "a": "18:00", "recoit": [receives], "salles": [""]}


def _wished(lively: Lively) -> Mapping[str, Any]:
    asked = {"ecole": lively.small.school.key, "soiree": lively.appointments["evening"], "enfant": ["1-1"]}
    day = lively.appointments["evening_on"]
    return {**asked, "jour": [day], f"de-{day}": "17:00", f"a-{day}": "18:00"}


def _open_in(label: str) -> Callable[[Lively], str]:
    return lambda lively: f"/classe/rendez-vous/ouvrir?classe={lively.small.classes[label]}"


def _hours(lively: Lively) -> Mapping[str, Any]:
    day = (TODAY + timedelta(days=12)).isoformat()
    return {"titre": "Bilan", "jour": day, "de": "17:00", "a": "18:00", "duree": "20", "qui": [lively.staff["teacher"]]}


def _called(lively: Lively) -> Mapping[str, Any]:
    return {"heure": lively.appointments["last"], "qui": "1-1"}


def _chosen(lively: Lively) -> Mapping[str, Any]:
    return {"ecole": lively.small.school.key, "eleve": 1, "heure": lively.appointments["free"]}


_NEW_EVENING = "/classe/rendez-vous/soirees/ouvrir"
_PIECE = {"key": "d" * 32, "matiere": "Chant", "jour": "2026-11-26", "texte": "Apprendre le refrain."}
_SHEET = {"matiere": "Français", "titre": "Poésie", "jour": TODAY.isoformat(), "libelle": "Réciter", "sur": "10"}
_HALF = {"demi": "matin", "jour": TODAY.isoformat()}
_NEW = "quatre ponts sur le Cher"
_SUBSCRIPTION = {
    "endpoint": "https://updates.push.services.mozilla.com/wpush/v2/x",
    "keys": {"p256dh": "x", "auth": "y"},
}
RIGHTS: Mapping[str, tuple[Right, ...]] = {
    "GET /static/{name:path}": _open("/static/passerelle.css"),
    "GET /healthz": _open("/healthz"),
    "GET /readyz": _open("/readyz"),
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
    "GET /entrer/code": _open("/entrer/code"),
    "POST /entrer/code": (
        Right(_to("/entrer/code"), NONE, _with(code="000000"), key=BY_OTHERS),  # no session waits for it
    ),
    "GET /entrer/remplacant": _open("/entrer/remplacant"),
    "POST /entrer/remplacant": (
        Right(_to("/entrer/remplacant"), ALL, lambda lively: {"code": lively.paper}, key=BY_OTHERS),
        Right(_to("/entrer/remplacant"), NONE, _with(code="AAAA"), key=BY_OTHERS, says=frozenset({429})),
    ),
    "GET /compte": (Right(_to("/compte"), SIGNED_IN),),
    "POST /compte/mot-de-passe": (
        Right(_to("/compte/mot-de-passe"), SIGNED_IN, _with(present=PASSWORD, new=_NEW, again=_NEW)),
        Right(_to("/compte/mot-de-passe"), NONE, _with(present="wrong", new=_NEW, again=_NEW), says=frozenset({422})),
    ),
    "POST /compte/sessions": (
        Right(_to("/compte/sessions"), NONE, _with(number=99)),  # one's own alone: test_second_factor.py
    ),
    "GET /compte/second": (Right(_to("/compte/second"), SIGNED_IN),),
    "POST /compte/second": (
        Right(_to("/compte/second"), SIGNED_IN - {"director"}, _with(password=PASSWORD), says=frozenset({422})),
    ),
    "POST /compte/second/confirmer": (
        Right(_to("/compte/second/confirmer"), SIGNED_IN, _with(code="000000")),  # who began none is led back
    ),
    "POST /compte/second/codes": (
        Right(_to("/compte/second/codes"), NONE, _with(code="000000"), says=frozenset({422})),
    ),
    "POST /compte/second/enlever": (
        Right(_to("/compte/second/enlever"), NONE, _with(code="000000"), says=frozenset({422})),
    ),
    "GET /ecole": (Right(_to("/ecole"), WHOLE_SCHOOL | FOREIGN),),
    "GET /ecole/equipe": (Right(_to("/ecole/equipe"), WHOLE_SCHOOL | FOREIGN),),
    "POST /ecole/equipe/second": (
        Right(_to("/ecole/equipe/second"), NONE, lambda lively: {"colleague": lively.staff["director"]}),
        Right(_to("/ecole/equipe/second"), NONE, lambda lively: {"colleague": lively.staff["teacher"]}),
    ),
    "GET /ecole/relances": (Right(_to("/ecole/relances?q=Exemple"), WHOLE_SCHOOL | FOREIGN),),
    "POST /ecole/relances": (
        Right(
            _to("/ecole/relances"),
            WHOLE_SCHOOL | FOREIGN,
            _with(absence="15", urgent="10", meeting="24", question="48", rings=["absence"], calls=["absence"]),
        ),
    ),
    "GET /ecole/silence": (Right(_to("/ecole/silence"), WHOLE_SCHOOL | FOREIGN),),
    "POST /ecole/silence": (
        Right(
            _to("/ecole/silence"), WHOLE_SCHOOL | FOREIGN, _with(kept="", begins="20:00", ends="07:00", weekends="1")
        ),
    ),
    "GET /ecole/remplacants": (Right(_to("/ecole/remplacants"), WHOLE_SCHOOL | FOREIGN),),
    "POST /ecole/remplacants": (Right(_to("/ecole/remplacants"), WHOLE_SCHOOL, _substitute, says=frozenset({422})),),
    "POST /ecole/remplacants/{code_id:int}/finir": (
        Right(lambda lively: f"/ecole/remplacants/{lively.paper_id}/finir", WHOLE_SCHOOL),
    ),
    "GET /": (Right(_to("/"), SIGNED_IN),),
    "GET /ecrire": (Right(_to("/ecrire"), SIGNED_IN - {"deputy"}),),
    "POST /ecrire": (Right(_to("/ecrire"), CLASS | FOREIGN, _written, says=frozenset({422})),),
    "GET /prevus": (Right(_to("/prevus"), SIGNED_IN - {"deputy"}),),
    "GET /prevus/{plan_id:int}": (Right(_plan("class"), CLASS), Right(_plan("school"), WHOLE_SCHOOL)),
    "GET /prevus/{plan_id:int}/changer": (Right(_plan("class", "/changer"), CLASS),),
    "POST /prevus/{plan_id:int}/deplacer": (
        Right(_plan("class", "/deplacer"), CLASS, _with(heure="09:00", version=1), says=frozenset({422})),
    ),
    "POST /prevus/{plan_id:int}/annuler": (Right(_plan("class", "/annuler"), CLASS),),
    "POST /prevus/{plan_id:int}/vu": (
        Right(_plan("class", "/vu"), CLASS),
        Right(_plan("school", "/vu"), WHOLE_SCHOOL),
    ),
    "GET /suivi/{notice_id:int}": (
        Right(_notice("announcement"), WHOLE_SCHOOL),
        Right(_notice("class"), CLASS),
        Right(_notice("crisis"), ALARM),
    ),
    "GET /suivi/{notice_id:int}/direct": (Right(_notice("cancelled", "/direct"), WHOLE_SCHOOL),),
    "GET /suivi/{notice_id:int}/porte": (Right(_notice("meeting", "/porte"), CLASS),),
    "GET /suivi/{notice_id:int}/corriger": (Right(_notice("class", "/corriger"), CLASS),),
    "POST /suivi/{notice_id:int}/arreter": (Right(_notice("class", "/arreter"), CLASS),),
    "POST /suivi/{notice_id:int}/retirer": (Right(_notice("class", "/retirer"), CLASS, _with(dire="oui")),),
    "POST /suivi/{notice_id:int}/relancer": (Right(_notice("class", "/relancer"), CLASS),),
    "POST /suivi/{notice_id:int}/rappels": (Right(_notice("class", "/rappels"), CLASS, _with(rappels="non")),),
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
    "GET /courrier": (Right(_to("/courrier"), SIGNED_IN - {"deputy"}),),
    "POST /courrier/coupon": (Right(_to("/courrier/coupon"), CLASS, _coupon()),),
    "POST /courrier/coupon/reponse": (Right(_to("/courrier/coupon/reponse"), CLASS, _coupon(case=1)),),
    "GET /courrier/{notice_id:int}": (
        Right(_letters("class"), CLASS),
        Right(_letters("urgent"), CLASS | {"other_teacher"}),  # it went to the whole school
    ),
    "POST /courrier/{notice_id:int}/imprimer": (
        Right(_letters("meeting", "/imprimer"), CLASS, _with(pour="all")),
        Right(_letters("class", "/imprimer"), CLASS, _letter_of(1)),
    ),
    "POST /courrier/{notice_id:int}/remettre": (Right(_letters("class", "/remettre"), CLASS, _letter_of(1)),),
    "POST /courrier/{notice_id:int}/reprendre": (Right(_letters("class", "/reprendre"), CLASS, _letter_of(0)),),
    "GET /familles": (Right(_to("/familles"), SIGNED_IN - {"deputy"}),),
    "GET /familles/eleves/{pupil_id:int}/dossier": (Right(_to("/familles/eleves/1/dossier"), WHOLE_SCHOOL),),
    "POST /familles/eleves/{pupil_id:int}/dossier": (
        Right(_to("/familles/eleves/1/dossier"), WHOLE_SCHOOL, _with(du="2026-09-01", au=TODAY.isoformat())),
    ),
    "GET /familles/{guardian_id:int}": (Right(_to("/familles/1"), WHOLE_SCHOOL),),
    "POST /familles/{guardian_id:int}": (Right(_to("/familles/1"), WHOLE_SCHOOL, _with(address="o@familles.test")),),
    "POST /familles/{guardian_id:int}/invitation": (Right(_to("/familles/1/invitation"), WHOLE_SCHOOL),),
    "POST /familles/{guardian_id:int}/numeros": (Right(_to("/familles/1/numeros"), WHOLE_SCHOOL),),
    "POST /familles/{guardian_id:int}/recours": (
        Right(_to("/familles/1/recours"), WHOLE_SCHOOL, _with(recours="letter")),
    ),
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
    "GET /classe": (Right(_to("/classe"), SIGNED_IN - {"deputy"}),),
    "GET /classe/{class_id:int}/cahier": (Right(_of_class("cahier"), CLASS),),
    "POST /classe/{class_id:int}/cahier": (Right(_of_class("cahier"), CLASS, _with(**_PIECE)),),
    "GET /classe/{class_id:int}/cahier/{entry_id:int}": (Right(_entry(), CLASS),),
    "POST /classe/{class_id:int}/cahier/{entry_id:int}": (Right(_entry(), CLASS, _with(**_PIECE, prevenir="1")),),
    "POST /classe/{class_id:int}/cahier/{entry_id:int}/effacer": (Right(_entry("/effacer"), CLASS),),
    "GET /classe/{class_id:int}/cahier/reprendre": (Right(_of_class("cahier/reprendre"), CLASS),),
    "POST /classe/{class_id:int}/cahier/reprendre": (
        Right(_of_class("cahier/reprendre"), NONE, _with(classe=1, pieces=[1], key="k")),  # there is no year before
    ),
    "GET /famille/devoirs": (at_home("/famille/devoirs"),),
    "POST /famille/devoirs": (at_home("/famille/devoirs", _ticked, may=PARENT),),
    "GET /classe/documents": (Right(_to("/classe/documents"), SIGNED_IN - {"deputy"}),),
    "GET /classe/documents/nouveau": (Right(_to("/classe/documents/nouveau"), SIGNED_IN - {"deputy"}),),
    "POST /classe/documents/nouveau": (
        Right(_to("/classe/documents/nouveau"), CLASS | FOREIGN, _given, says=frozenset({422})),
    ),
    "GET /classe/documents/{document_id:int}": (
        Right(_document("trip"), CLASS),
        Right(_document("menu"), CLASS | {"other_teacher"}),
    ),
    "POST /classe/documents/{document_id:int}/signer": (Right(_document("trip", "/signer"), CLASS, _with(pour="1:2")),),
    "POST /classe/documents/{document_id:int}/relancer": (Right(_document("trip", "/relancer"), WHOLE_SCHOOL),),
    "POST /classe/documents/{document_id:int}/rappels": (
        Right(_document("trip", "/rappels"), WHOLE_SCHOOL, _with(rappels="non")),
    ),
    "POST /classe/documents/{document_id:int}/retirer": (Right(_document("trip", "/retirer"), WHOLE_SCHOOL),),
    "GET /classe/fichiers/{file_id:int}": (Right(_file("/classe/fichiers"), CLASS),),
    "GET /l/{code}/fichiers/{file_id:int}": (
        Right(lambda lively: f"{lively.link('document')}/fichiers/{lively.file}", ALL, key=BY_LINK),
        Right(_file(f"/l/{'a' * 12}/fichiers"), NONE, key=BY_LINK),
    ),
    "GET /famille/documents": (at_home("/famille/documents"),),
    "GET /famille/documents/{school_id:int}/{document_id:int}": (at_home(_paper, may=PARENT),),
    "POST /famille/documents/{school_id:int}/{document_id:int}": (
        at_home(_paper, _with(guardian=1, pupil=[1]), may=PARENT),
    ),
    "GET /famille/fichiers/{school_id:int}/{file_id:int}": (
        at_home(lambda lively: f"/famille/fichiers/{lively.small.school.key}/{lively.file}", may=PARENT),
    ),
    "GET /classe/agenda": (Right(_to("/classe/agenda"), SIGNED_IN - {"deputy"}),),
    "GET /classe/agenda/ajouter": (Right(_to("/classe/agenda/ajouter"), SIGNED_IN - {"deputy"}),),
    "GET /classe/agenda/vacances": (Right(_to("/classe/agenda/vacances"), SIGNED_IN - {"deputy"}),),
    "POST /classe/agenda": (
        Right(_to("/classe/agenda"), CLASS, lambda lively: _event(lively.small.classes["CP A"])),
        Right(_to("/classe/agenda"), WHOLE_SCHOOL | FOREIGN, lambda _: _event("ecole")),
    ),
    "GET /classe/agenda/{event_id:int}": (Right(_agenda("trip"), CLASS), Right(_agenda("fair"), WHOLE_SCHOOL)),
    "POST /classe/agenda/{event_id:int}": (
        Right(_agenda("trip"), CLASS, lambda lively: _event(lively.small.classes["CP A"])),
        Right(_agenda("fair"), WHOLE_SCHOOL, lambda _: _event("ecole")),
    ),
    "POST /classe/agenda/{event_id:int}/annuler": (
        Right(_agenda("trip", "/annuler"), CLASS),
        Right(_agenda("bridge", "/annuler"), WHOLE_SCHOOL),
    ),
    "GET /classe/{class_id:int}/resultats": (Right(_of_class("resultats"), CLASS),),
    "GET /classe/{class_id:int}/resultats/nouveau": (Right(_of_class("resultats/nouveau"), CLASS),),
    "POST /classe/{class_id:int}/resultats/nouveau": (Right(_of_class("resultats/nouveau"), CLASS, _with(**_SHEET)),),
    "GET /classe/resultats/{assessment_id:int}": (Right(_judged("told"), CLASS), Right(_judged("draft"), CLASS)),
    "POST /classe/resultats/{assessment_id:int}": (Right(_judged("draft"), CLASS, _with(**{"r0-1": "Bien."})),),
    "GET /classe/resultats/{assessment_id:int}/modifier": (Right(_judged("draft", "/modifier"), CLASS),),
    "POST /classe/resultats/{assessment_id:int}/modifier": (
        Right(_judged("draft", "/modifier"), CLASS, _with(**_SHEET)),
    ),
    "POST /classe/resultats/{assessment_id:int}/supprimer": (Right(_judged("draft", "/supprimer"), CLASS),),
    "GET /classe/resultats/{assessment_id:int}/publier": (Right(_judged("draft", "/publier"), CLASS),),
    "POST /classe/resultats/{assessment_id:int}/publier": (
        Right(_judged("draft", "/publier"), CLASS, _with(prevenir="oui")),
    ),
    "POST /classe/resultats/{assessment_id:int}/retirer": (Right(_judged("told", "/retirer"), CLASS),),
    "GET /classe/resultats/{assessment_id:int}/tableau": (Right(_judged("told", "/tableau"), CLASS),),
    "POST /classe/resultats/{assessment_id:int}/tableau": (
        Right(_judged("draft", "/tableau"), NONE, says=frozenset({422})),  # no file is there, and who may is told so
    ),
    "GET /classe/competences": (Right(_to("/classe/competences"), SIGNED_IN - {"deputy"}),),
    "POST /classe/competences": (
        Right(_to("/classe/competences"), SIGNED_IN - {"deputy"}, _with(domaine="Arts", libelle="Modeler la terre")),
    ),
    "POST /classe/competences/livret": (Right(_to("/classe/competences/livret"), SIGNED_IN - {"deputy"}),),
    "POST /classe/competences/{competence_id:int}/renommer": (
        Right(_to("/classe/competences/1/renommer"), WHOLE_SCHOOL, _with(libelle="Réciter")),
    ),
    "POST /classe/competences/{competence_id:int}/fermer": (Right(_to("/classe/competences/1/fermer"), WHOLE_SCHOOL),),
    "POST /classe/competences/{competence_id:int}/rouvrir": (
        Right(_to("/classe/competences/1/rouvrir"), WHOLE_SCHOOL),
    ),
    "GET /classe/rendez-vous": (Right(_to("/classe/rendez-vous"), SIGNED_IN - {"deputy"}),),
    "GET /classe/rendez-vous/ouvrir": (Right(_open_in("CP A"), CLASS),),
    "POST /classe/rendez-vous/ouvrir": (Right(_open_in("CP A"), CLASS, _hours, says=frozenset({422})),),
    "GET /classe/rendez-vous/{round_id:int}": (Right(_round(), CLASS),),
    "GET /classe/rendez-vous/{round_id:int}/porte": (Right(_round("/porte"), CLASS),),
    "POST /classe/rendez-vous/{round_id:int}/heures": (Right(_round("/heures"), CLASS, _hours, says=frozenset({422})),),
    "POST /classe/rendez-vous/{round_id:int}/noter": (Right(_round("/noter"), CLASS, _called),),
    "POST /classe/rendez-vous/{round_id:int}/rendre": (
        Right(_round("/rendre"), NONE, _with(rendezvous=2**40)),  # one that is none: test_appointment_pages.py
    ),
    "POST /classe/rendez-vous/{round_id:int}/annuler": (Right(_round("/annuler"), CLASS, _with(heures=[2**40])),),
    "GET /classe/rendez-vous/soirees/ouvrir": (
        Right(_to("/classe/rendez-vous/soirees/ouvrir"), WHOLE_SCHOOL | FOREIGN),
    ),
    "POST /classe/rendez-vous/soirees/ouvrir": (
        Right(_to("/classe/rendez-vous/soirees/ouvrir"), WHOLE_SCHOOL, _opened, says=frozenset({422})),
    ),
    "GET /classe/rendez-vous/soirees/{evening_id:int}": (Right(_evening(), WHOLE_SCHOOL),),
    "POST /classe/rendez-vous/soirees/{evening_id:int}/noter": (Right(_evening("/noter"), WHOLE_SCHOOL, _with(qui=1)),),
    "POST /classe/rendez-vous/soirees/{evening_id:int}/annuler": (Right(_evening("/annuler"), WHOLE_SCHOOL),),
    "POST /classe/rendez-vous/soirees/{evening_id:int}/proposer": (Right(_evening("/proposer"), WHOLE_SCHOOL),),
    "POST /classe/rendez-vous/soirees/{evening_id:int}/retenir": (
        Right(_evening("/retenir"), WHOLE_SCHOOL, _with(plan=NOW.isoformat())),
    ),
    "POST /famille/rendez-vous/souhait": (at_home("/famille/rendez-vous/souhait", _wished),),
    "GET /famille/rendez-vous": (at_home("/famille/rendez-vous"),),
    "POST /famille/rendez-vous": (at_home("/famille/rendez-vous", _chosen, may=PARENT),),
    "GET /famille/rendez-vous/{school_id:int}/{uid}.ics": (
        at_home(
            lambda lively: f"/famille/rendez-vous/{lively.small.school.key}/{lively.appointment_uid}.ics", may=PARENT
        ),
    ),
    "GET /famille/resultats": (at_home("/famille/resultats"),),
    "GET /famille/agenda": (at_home("/famille/agenda"),),
    "GET /famille/agenda/abonnement": (at_home("/famille/agenda/abonnement"),),
    "POST /famille/agenda/abonnement": (
        at_home(
            "/famille/agenda/abonnement",
            lambda lively: {"ecole": lively.small.school.key, "adulte": 1},
            may=frozenset({"parent"}),
        ),
    ),
    "GET /agenda/{code}.ics": (
        Right(lambda lively: f"/agenda/{lively.feed}.ics", ALL, key=BY_LINK),
        Right(_to(f"/agenda/{'a' * 22}.ics"), NONE, key=BY_LINK),
    ),
    "GET /alerte": (Right(_to("/alerte"), ALARM | FOREIGN),),
    "POST /alerte": (
        Right(_to("/alerte"), ALARM | FOREIGN, _with(phrase="sheltered", exercise="1", step="press", after="99")),
    ),
    "GET /famille/entrer": _open("/famille/entrer"),
    "POST /famille/entrer": (Right(_to("/famille/entrer"), ALL, _with(address="06 39 98 70 01"), key=BY_OTHERS),),
    "GET /famille/code": (Right(_to("/famille/code"), NONE, key=BY_OTHERS),),
    "POST /famille/code": (Right(_to("/famille/code"), NONE, _with(code="123456"), key=BY_OTHERS),),
    "GET /famille/qui": (Right(_to("/famille/qui"), NONE, key=BY_OTHERS),),
    "POST /famille/qui": (Right(_to("/famille/qui"), NONE, _with(qui=1), key=BY_OTHERS),),
    "GET /ecole/annee": (Right(_to("/ecole/annee"), WHOLE_SCHOOL | FOREIGN),),
    "POST /ecole/annee/ouvrir": (
        Right(_to("/ecole/annee/ouvrir"), WHOLE_SCHOOL | FOREIGN, _with(debut="2027-09-01", fin="2028-08-31")),
    ),
    "GET /ecole/annee/classes/{class_id:int}": (Right(_class_in_year(), WHOLE_SCHOOL),),
    "POST /ecole/annee/classes/{class_id:int}": (
        Right(  # the year to come is not opened, and who may is told so
            _class_in_year(), NONE, _with(vers="CE1 A", eleves=["1"]), says=frozenset({422})
        ),
    ),
    "POST /ecole/annee/classes/{class_id:int}/enseignant": (
        Right(_class_in_year("/enseignant"), NONE, _with(qui="1")),  # it is no class of the year to come
    ),
    "POST /ecole/annee/fermer": (
        Right(_to("/ecole/annee/fermer"), NONE, says=frozenset({422})),  # likewise
    ),
    "POST /ecole/annee/partis": (Right(_to("/ecole/annee/partis"), WHOLE_SCHOOL, _stays, says=frozenset({422})),),
    "POST /ecole/annee/eleves/{pupil_id:int}/retour": (
        Right(_to("/ecole/annee/eleves/1/retour"), NONE),  # the pupil has not left
    ),
    "POST /ecole/annee/eleves/{pupil_id:int}/dossier": (Right(_to("/ecole/annee/eleves/1/dossier"), WHOLE_SCHOOL),),
    "GET /famille/export": (at_home("/famille/export"),),
    "POST /famille/export/{school_id:int}/{pupil_id:int}": (at_home(_copy_of(1), may=PARENT),),
    "GET /famille": (at_home("/famille"),),
    "GET /aide": _open("/aide"),
    "GET /aide/enseignants": _open("/aide/enseignants"),
    "GET /aide/direction": _open("/aide/direction"),
    "GET /aide/{topic}": (*_open("/aide/donnees"), Right(_to("/aide/rien"), NONE, key=BY_OTHERS)),
    "GET /famille/messages": (at_home("/famille/messages"),),
    "GET /famille/messages/{school_id:int}/{delivery_id:int}": (at_home(_message, may=PARENT),),
    "POST /famille/messages/{school_id:int}/{delivery_id:int}": (at_home(_message, _with(act="ill"), may=PARENT),),
    "GET /famille/reglages": (at_home("/famille/reglages"),),
    "POST /famille/reglages/{school_id:int}/{guardian_id:int}/adresses": (
        at_home(_settings("adresses"), _with(adresse="odalys@familles.test"), may=PARENT),
    ),
    "GET /famille/reglages/{school_id:int}/{guardian_id:int}/code/{demande}": (
        at_home(_settings("code/none"), may=PARENT),
    ),
    "POST /famille/reglages/{school_id:int}/{guardian_id:int}/code": (
        at_home(_settings("code"), _with(demande="none", code="123456"), may=NONE, says=frozenset({422})),
    ),
    "POST /famille/reglages/{school_id:int}/{guardian_id:int}/adresses/{address_id:int}/premier": (
        at_home(_settings("adresses/1/premier"), may=PARENT),
    ),
    "POST /famille/reglages/{school_id:int}/{guardian_id:int}/adresses/{address_id:int}/retirer": (
        at_home(_settings("adresses/1/retirer"), may=NONE, says=frozenset({422})),  # it is her last
    ),
    "POST /famille/reglages/{school_id:int}/{guardian_id:int}/souhaits": (
        at_home(_settings("souhaits"), _with(langue="ar", homework="page", document="page", result="page"), may=PARENT),
    ),
    "GET /famille/appareils": (at_home("/famille/appareils"),),
    "POST /famille/appareils/fermer": (at_home("/famille/appareils/fermer"),),
    "POST /famille/appareils/{login_id:int}/fermer": (
        at_home(lambda lively: f"/famille/appareils/{lively.tablet}/fermer", may=frozenset({"parent"})),
    ),
    "POST /famille/sortir": (at_home("/famille/sortir"),),
    "GET /l/{code}": _by_link(""),
    "POST /l/{code}": _by_link("", act="acknowledge"),
    "GET /l/{code}/stop": _by_link("/stop"),
    "POST /l/{code}/stop": _by_link("/stop", act="stop"),
    "GET /l/{code}/notifications": _by_link("/notifications"),
    "POST /l/{code}/notifications": _by_link("/notifications", guardian=1),
    "POST /l/{code}/telegram": _by_link("/telegram", guardian=1),
    "GET /lettre/{code}": (
        Right(_on_paper, ALL, key=BY_LINK),
        Right(_to("/lettre/aaaaaaaaaaaa"), NONE, key=BY_LINK),
    ),
    "POST /lettre/{code}": (Right(_on_paper, ALL, _with(act="acknowledge"), key=BY_LINK),),
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
    **{
        f"POST /webhooks/twilio/{{key}}/call/{{token}}/{path}": (
            Right(
                lambda lively, at=at: f"/webhooks/twilio/trois-ponts-sms/call/{lively.mail_token}/{at}",
                NONE,
                _with(CallSid="CA1", CallStatus="completed", To="+33639987001"),
                key=BY_OTHERS,
                from_anywhere=True,
            ),
        )
        for path, at in (
            ("answer", "answer"),
            ("opened", "opened"),
            ("heard/{round}", "heard/1"),
            ("ended", "ended"),
        )
    },
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
