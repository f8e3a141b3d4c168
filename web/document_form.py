"""The sheet on which a document is given to families: what was typed, the files that lie ready, and what it means."""

import hashlib
from datetime import date

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field, ValidationError

from hub.errors import InvalidError
from hub.models.notices import Needs
from hub.papers.files import FILES_MAX
from hub.papers.publishing import NewDocument
from web.notice_form import PRESS, audience_words
from web.security import RowId

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
