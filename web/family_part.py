"""What hangs below a notice on the page of its link: the homework, the document or the result that it tells of."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession
from starlette.datastructures import FormData

from hub.replies.links import LinkView
from hub.replies.served import Adult
from hub.routing import day_at_school
from hub.sealing import Keyring
from i18n.tongues import Tongue


@dataclass(frozen=True, slots=True)
class Opened:
    """A link that stands open, within a session of its school; `here`: its path, without a language.

    `subjects`: the pieces of homework, documents or results that it tells of, by id; None: those of which this notice
    is the one that told (`notice_id`).
    """

    view: LinkView
    session: AsyncSession
    keyring: Keyring
    speaks: Tongue
    now: datetime
    here: str
    subjects: tuple[int, ...] | None = None

    @property
    def school_id(self) -> int:
        """Whose notice it is."""
        return self.view.served.school_id

    @property
    def notice_id(self) -> int:
        """The notice itself."""
        return self.view.served.notice_id

    @property
    def day(self) -> date:
        """The day at the school."""
        return day_at_school(self.now, self.view.served.school.timezone)

    @property
    def pupils(self) -> Mapping[int, str]:
        """The children whom the adults here may be told about today: id, and first name where one may be shown."""
        served = self.view.served
        return {
            pupil_id: name if served.may_name else ""
            for adult in served.adults
            for pupil_id, name in adult.pupils.items()
        }


Show = Callable[[Opened], Awaitable[Mapping[str, Any] | None]]
"""Read what there is to show; None when nothing of it is left."""
Press = Callable[[Opened, Adult, FormData], Awaitable[None]]
"""Do what a button says, for the adult whose button it was, who has a right today. Raises HubError with a sentence
of the catalogues."""


@dataclass(frozen=True, slots=True)
class Part:
    """What is shown below one kind of notice, and which buttons it has.

    `page`: a template, such as family/part_homework.html, which finds in `part` what `show` gave, and `view` and
    `here` beside it. A form in it posts to the link itself: `act`, one of `acts`, and `guardian`, whose button it is
    (it may be left out where one adult is alone). After a press the page is shown again.
    """

    page: str
    show: Show
    acts: Mapping[str, Press] = field(default_factory=dict)
