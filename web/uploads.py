"""Files that come with a form: which forms may bring any, how much they may weigh, and what was handed in."""

import re
from collections.abc import AsyncIterator
from typing import Final

from fastapi import Request
from starlette.datastructures import UploadFile
from starlette.types import Receive

from hub.papers.files import Given

BODY_MAX: Final = 45_000_000
"""Bytes of a form with files: those of one press, and what was typed beside them."""
FIELD: Final = "files"
"""The name under which a form sends its files."""
TOO_HEAVY: Final = (
    "Ces fichiers pèsent plus de 40 Mo ensemble : rien n’a été pris, rien n’est parti. "
    "Revenez en arrière, vos mots y sont encore, et donnez-en moins à la fois."
)
_FORMS: Final = re.compile(r"/classe/documents/nouveau|/classe/[0-9]+/cahier(?:/[a-z0-9/-]+)?")


_FLOOR: Final = 200_000_000
"""Bytes of a form that are let fall before we stop listening."""


def takes_files(method: str, path: str) -> bool:
    """Whether a form that is posted there may bring files."""
    return method == "POST" and _FORMS.fullmatch(path) is not None


async def let_fall(receive: Receive) -> None:
    """Read a form to its end and keep nothing of it, so that who sends it hears why it is not taken."""
    fallen, more = 0, True
    while more and fallen < _FLOOR:
        message = await receive()
        fallen += len(message.get("body", b""))
        more = message["type"] == "http.request" and message.get("more_body", False)


async def closed_after(request: Request) -> AsyncIterator[None]:
    """Let go of the files of a form once it is answered, whether or not anybody looked at them."""
    try:
        yield
    finally:
        await request.close()


async def given(request: Request) -> tuple[Given, ...]:
    """Give the files of a form; what weighs more than a megabyte lies on the disk meanwhile (Starlette's spool).

    A browser sends an empty file, without a name, where none was chosen.
    """
    sent = (await request.form()).getlist(FIELD)
    return tuple(Given(one.filename or "", one.file) for one in sent if isinstance(one, UploadFile) and one.filename)
