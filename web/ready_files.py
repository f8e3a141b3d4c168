"""Files that lie ready before the sheet they came with is pressed: one that is refused costs none of the others."""

from collections.abc import Sequence
from dataclasses import dataclass

from fastapi import Request

from hub.errors import InvalidError
from hub.papers.files import FILES_MAX, TOO_MANY, PutAway, keep_files, put_away
from hub.papers.kinds import RefusedFileError
from hub.papers.publishing import loose_files
from web.staff_visit import Visit
from web.uploads import given

NOT_THERE = "Un des fichiers n’est plus là : donnez-le de nouveau."


@dataclass(frozen=True, slots=True)
class Refused:
    """A file that was not taken: which, and why."""

    name: str
    why: str

    @property
    def sentence(self) -> str:
        """Say both, whatever way the name runs."""
        return f"«\u202f\u2068{self.name}\u2069\u202f»\u00a0: {self.why}" if self.name else self.why


async def lay_ready(request: Request, visit: Visit, before: Sequence[int]) -> tuple[list[int], list[Refused]]:
    """Take in the files that came with a sheet; gives all that lie ready with those of `before`, and what is refused.

    What hangs on nothing by the next night is swept.
    """
    handed = await given(request)
    if not handed:
        return list(before), []
    if len(handed) + len(before) > FILES_MAX:
        return list(before), [Refused("", TOO_MANY)]
    put: list[PutAway] = []
    refused: list[Refused] = []
    for one in handed:
        try:
            put += await put_away(visit.house.keyring, visit.house.settings, [one])
        except RefusedFileError as error:
            refused.append(Refused(error.name, str(error)))
    async with visit.house.database.school(visit.school_id) as session:
        ids = await keep_files(session, put, school_id=visit.school_id, made_by=visit.reader.staff_id, now=visit.now)
    return [*before, *ids], refused


def check_all_taken(refused: Sequence[Refused]) -> None:
    """Raise InvalidError, beside the files, where one was refused."""
    if refused:
        raise InvalidError(" ".join(one.sentence for one in refused), field="files")


async def still_ready(visit: Visit, files: Sequence[int]) -> list[int]:
    """Give those of these files that this person laid down and that hang on nothing yet, in their order."""
    if not files:
        return []
    async with visit.house.database.reading(visit.school_id) as session:
        own = await loose_files(session, school_id=visit.school_id, staff_id=visit.reader.staff_id, files=files)
    return [file_id for file_id in files if file_id in own]
