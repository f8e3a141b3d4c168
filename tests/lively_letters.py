"""Letters of the lively school: those of one notice are printed, and one of them was handed over."""

from typing import TYPE_CHECKING

from factories import NOW, TODAY

from hub.notices.headlines import Reader
from hub.people.rights import rights_on
from hub.post.asked import Whom
from hub.post.coupons import coupon_code, letter_link
from hub.post.handing import hand_over
from hub.post.printing import prepare

if TYPE_CHECKING:
    from lively import Lively


async def print_letters(lively: "Lively") -> None:
    """The teacher's notice on paper, for the class; the letter of the first adult is in the schoolbag."""
    small, school_id = lively.small, lively.small.school.key
    async with small.database.school(school_id) as session:
        staff_id = lively.staff["office"]
        rights = await rights_on(session, school_id=school_id, staff_id=staff_id, day=TODAY)
        acting = {"school_id": school_id, "reader": Reader(staff_id, rights, TODAY), "now": NOW}
        which = {**acting, "notice_id": lively.notices["class"]}
        await prepare(session, small.keyring, **which, whom=Whom.ALL, public_url="http://hub.test")
    rows = await small.rows(
        "SELECT delivery.id FROM letter JOIN delivery ON delivery.id = delivery_id WHERE state <> 'acknowledged' "
        "ORDER BY delivery.id"
    )
    lively.letters = [int(row[0]) for row in rows]
    async with small.database.school(school_id) as session:
        await hand_over(session, small.keyring, **which, only=lively.letters[0])
    lively.coupon = coupon_code(small.keyring, lively.letters[1])
    lively.letter_code = letter_link(small.keyring, lively.letters[1])
