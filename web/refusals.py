"""One clear sentence when something goes wrong, for whoever was at the door: a family, or the staff."""

from collections.abc import Awaitable, Callable, Mapping

import structlog
from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import RedirectResponse
from starlette.exceptions import HTTPException

from hub.errors import HubError, NotAllowedError, NotFoundError
from i18n.languages import SPOKEN
from i18n.slots import N_
from i18n.tongues import tongue
from web.family_visit import HOME, NotAtHomeError, family_sentence, is_family
from web.help_pages import is_for_families
from web.house import House
from web.pages import page
from web.security import OVER_HTTPS, TRUST, is_https
from web.staff_visit import SignedOutError, theme_of

log = structlog.get_logger(__name__)
_FRENCH = tongue("fr", typeset=True)

SENTENCES = {
    404: N_("Il n'y a rien à cette adresse."),
    405: N_("Cette page ne se demande pas de cette façon."),
    413: N_("C'est trop grand pour être envoyé d'un coup : rien n'est parti. Revenez en arrière et raccourcissez."),
}


def one_sentence(request: Request, status: int, sentence: str) -> Response:
    """Print a page with one sentence: for a family in its language, else for the staff."""
    if is_family(request) or is_for_families(request):
        return family_sentence(request, status, sentence)
    return page("staff/sentence.html", status=status, theme=theme_of(request), sentence=_FRENCH.gettext(sentence))


async def _to_the_door(request: Request, error: Exception) -> Response:
    """Nobody is signed in: a page leads to the door, a form keeps what was typed in the browser's history.

    A stream is told so and led nowhere: a board would take the door for a piece of itself.
    """
    signed_out = error if isinstance(error, SignedOutError) else SignedOutError()
    if signed_out.back and "text/event-stream" not in request.headers.get("accept", ""):
        return RedirectResponse(signed_out.door, 303)
    return one_sentence(
        request,
        401,
        "Votre session est finie. Entrez dans un autre onglet, puis revenez ici : rien n’est perdu.",
    )


async def _to_the_family_door(request: Request, _error: Exception) -> Response:
    """Nobody has opened the family's page in this browser: its door, in the same language; a form says so."""
    if request.method not in ("GET", "HEAD"):
        return one_sentence(
            request, 401, N_("Votre page s'est fermée : ouvrez-la de nouveau, puis revenez ici. Rien n'est perdu.")
        )
    lang = request.query_params.get("lang", "")
    return RedirectResponse(f"{HOME}/entrer?lang={lang}" if lang in SPOKEN else f"{HOME}/entrer", 303)


async def _refused(request: Request, error: Exception) -> Response:
    status = 403 if isinstance(error, NotAllowedError) else 404 if isinstance(error, NotFoundError) else 422
    return one_sentence(request, status, str(error))


async def _unreadable(request: Request, _error: Exception) -> Response:
    return one_sentence(
        request, 422, N_("Cette demande n'a pas pu être lue : revenez en arrière et vérifiez ce qui est rempli.")
    )


async def _not_here(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 404
    return one_sentence(request, status, SENTENCES.get(status, N_("Cette demande n'est pas possible ici.")))


async def _broken(request: Request, error: Exception) -> Response:
    """Say that it is our fault and nothing else; the log has the kind of error and the room, no content."""
    route = request.scope.get("route")
    log.error("unexpected", error=type(error).__name__, room=getattr(route, "path", "?"))
    answer = one_sentence(
        request, 500, N_("Quelque chose s'est cassé chez nous ; rien n'a été envoyé. Réessayez dans un instant.")
    )
    house: House = request.app.state.house
    answer.headers.update(dict(TRUST) | (OVER_HTTPS if is_https(house.settings) else {}))
    return answer


REFUSALS: Mapping[type[Exception], Callable[[Request, Exception], Awaitable[Response]]] = {
    SignedOutError: _to_the_door,
    NotAtHomeError: _to_the_family_door,
    HubError: _refused,
    RequestValidationError: _unreadable,
    HTTPException: _not_here,
    Exception: _broken,
}
"""What goes wrong, and what is answered."""
