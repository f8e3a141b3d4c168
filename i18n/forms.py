"""In which forms an SMS is tried, each shorter than the one before, until it fits."""

from dataclasses import dataclass, replace

from hub.ports import NoticeKind


@dataclass(frozen=True, slots=True)
class Form:
    """One way to say an absence, an invitation or what is on the page; each next form is shorter."""

    short: bool = False
    brief: bool = False
    named: bool = True
    each: bool = True
    linked: bool = True
    phoned: bool = True


WHOLE = Form()
SHORTER_ABSENCE = (
    Form(short=True),
    Form(short=True, brief=True),
    Form(short=True, named=False),
    Form(short=True, brief=True, named=False),
    Form(short=True, brief=True, named=False, linked=False),
)
SHORTER_INVITATION = (Form(short=True), Form(short=True, named=False))
SHORTER_NEWS = (
    Form(short=True),
    Form(short=True, brief=True),
    Form(short=True, brief=True, phoned=False),
    Form(short=True, brief=True, phoned=False, named=False),
)

SHORTER_DIGEST = (
    *SHORTER_NEWS[:3],
    Form(short=True, each=False),
    *(replace(form, each=False) for form in SHORTER_NEWS[1:]),
)
"""What is whose is said as long as it fits; then how much there is for all of them."""
SHORTER = {
    NoticeKind.ABSENCE: SHORTER_ABSENCE,
    NoticeKind.MEETING: SHORTER_INVITATION,
    NoticeKind.DIGEST: SHORTER_DIGEST,
}
"""How each kind is said shorter and shorter; what else is on the family's page as SHORTER_NEWS has it."""
