"""The sheet on which a document is given to families: what was typed, the files that lie ready, and what it means."""

import hashlib
from dataclasses import dataclass
from datetime import date

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field, ValidationError

from hub.errors import InvalidError
from hub.models.notices import Needs
from hub.papers.files import FILES_MAX, TOO_MANY, PutAway, keep_files, put_away
from hub.papers.kinds import RefusedFileError
from hub.papers.publishing import NewDocument
from web.notice_form import PRESS, audience_words
from web.security import RowId
from web.staff_visit import Visit
from web.uploads import given

LISTS = ("to", "kept")


class DocumentForm(BaseModel):
    """What the form holds, as typed; `kept`: files that lie ready; `seen`: the mark of what was last read over."""

    key: str = Field(default="", max_length=64, pattern=PRESS)
    seen: str = Field(default="", max_length=64)
    step: str = Field(default="read", max_length=8)
    title: str = Field(default="", max_length=1000)
    text: str = Field(default="", max_length=100_000)
    to: list[str] = Field(default_factory=list, max_length=200)
    needs: Needs = Needs.NONE
    due_on: str = Field(default="", max_length=10)
    tells: str = Field(default="", max_length=4)
    kept: list[RowId] = Field(default_factory=list, max_length=FILES_MAX)

    @property
    def mark(self) -> str:
        """Change whenever what would be given changes."""
        words = self.model_dump(exclude={"key", "seen", "step"})
        return hashlib.sha256(repr(sorted(words.items())).encode()).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class Refused:
    """A file that was not taken: which, and why."""

    name: str
    why: str


async def typed(request: Request) -> DocumentForm:
    """Read the sheet. Raises RequestValidationError for what no sheet of ours holds."""
    form = await request.form()
    words = {
        name: form.getlist(name) if name in LISTS else form.get(name, "")
        for name in DocumentForm.model_fields
        if name in form
    }
    try:
        return DocumentForm.model_validate(words)
    except ValidationError as error:
        raise RequestValidationError(error.errors()) from error


async def with_new_files(request: Request, visit: Visit, form: DocumentForm) -> tuple[DocumentForm, list[Refused]]:
    """Take in the files that came with the sheet: those that are taken lie ready, of the others we say why not."""
    handed = await given(request)
    if not handed:
        return form, []
    if len(handed) + len(form.kept) > FILES_MAX:
        return form, [Refused("", TOO_MANY)]
    put: list[PutAway] = []
    refused: list[Refused] = []
    for one in handed:
        try:
            put += await put_away(visit.house.keyring, visit.house.settings, [one])
        except RefusedFileError as error:
            refused.append(Refused(error.name, str(error)))
    async with visit.house.database.school(visit.school_id) as session:
        ids = await keep_files(session, put, school_id=visit.school_id, made_by=visit.reader.staff_id, now=visit.now)
    return form.model_copy(update={"kept": [*form.kept, *ids]}), refused


def meant(form: DocumentForm, key: str) -> NewDocument:
    """Say what the sheet means. Raises InvalidError beside the field that is at fault."""
    return NewDocument(
        key=key,
        title=" ".join(form.title.split()),
        text=form.text.replace("\r\n", "\n").strip(),
        audience=audience_words(form.to),
        needs=form.needs,
        due_on=_day(form.due_on),
        files=tuple(dict.fromkeys(form.kept)),
        tells=bool(form.tells),
    )


def _day(words: str) -> date | None:
    try:
        return date.fromisoformat(words) if words else None
    except ValueError as error:
        raise InvalidError("Ce jour n’existe pas au calendrier.", field="due_on") from error
