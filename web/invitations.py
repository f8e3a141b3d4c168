"""Invitations that a family asks for on the page of a notice: to Telegram here; and how any invitation looks."""

from urllib.parse import quote

import segno
from fastapi import APIRouter, Request, Response
from markupsafe import Markup

from hub.models.people import Medium
from hub.people.chat_lines import ChatLine, chat_line
from hub.people.joining import invite
from hub.ports import ChannelName
from hub.replies.links import LinkView
from hub.replies.served import Served
from i18n.slots import whole_number
from i18n.tongues import Tongue
from web.family_door import by_code, printed, through
from web.house import House, house_of

router = APIRouter()


async def chat_offered(house: House, served: Served) -> ChatLine | None:
    """Give the school's bot; None where there is none to offer to who opened this link, or it is there already."""
    if not served.is_open or served.channel is ChannelName.CHAT:
        return None
    async with house.database.reading(served.school_id) as session:
        return await chat_line(session, served.school_id)


@router.post("/l/{code}/telegram")
async def ask(request: Request, code: str) -> Response:
    """Make an invitation for one adult whom the link serves. For whoever holds the link, from our own page."""
    return await through(request, by_code(code), _invited, posted=True)


def deep_link(house: House, line: ChatLine, code: str) -> str:
    """Write where a chat with the bot is opened with a code. Source: Telegram, « Deep links »."""
    return f"{house.settings.telegram_link}/{quote(line.bot)}?start={quote(code)}"


def square(link: str) -> Markup:
    """Draw a link as a QR code, dark on light in every theme, with its quiet zone (ISO/IEC 18004)."""
    drawn = segno.make(link, error="m", micro=False)
    return Markup(  # noqa: S704 (segno draws it from a link of ours)
        drawn.svg_inline(omitsize=True, border=4, svgclass="qr", lineclass=None, light="#fff", dark="#000")
    )


async def invite_chosen(request: Request, served: Served, medium: Medium) -> str | None:
    """Make an invitation for the adult whom a form of our page names; gives its code, None for nobody it serves."""
    who = str((await request.form(max_files=0, max_fields=20)).get("guardian", ""))
    guardian_id = whole_number(who)
    adult = None if guardian_id is None else served.adult(guardian_id)
    if adult is None:
        return None
    house = house_of(request)
    async with house.database.school(served.school_id) as session:
        return await invite(
            session,
            house.keyring,
            school_id=served.school_id,
            guardian_id=adult.guardian_id,
            medium=medium,
            copy_id=served.copy_id,
            now=await house.database.now(await session.connection()),
        )


async def _invited(request: Request, view: LinkView, speaks: Tongue) -> Response:
    house, served = house_of(request), view.served
    line = await chat_offered(house, served)
    code = None if line is None else await invite_chosen(request, served, Medium.CHAT)
    if line is None or code is None:
        return printed("again", speaks, status=400)
    link = deep_link(house, line, code)
    back = request.url.path.removesuffix("/telegram")
    return printed("telegram", speaks, view=view, link=link, square=square(link), back=back, tongues_at=back)
