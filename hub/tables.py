"""The registers as plain tables, for statements that handle many rows at once."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Table, func, or_
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from hub.models import metadata

_all: Mapping[str, Table] = metadata.tables

school, school_year, class_group = _all["school"], _all["school_year"], _all["class_group"]
staff, staff_right, staff_session, audit = _all["staff"], _all["staff_right"], _all["staff_session"], _all["audit"]
data_key, pupil, enrolment, guardian, link = (
    _all["data_key"],
    _all["pupil"],
    _all["enrolment"],
    _all["guardian"],
    _all["link"],
)
address, contact_point, tray_item, erasure = (
    _all["address"],
    _all["contact_point"],
    _all["tray_item"],
    _all["erasure"],
)
sender, notice, notice_version = _all["sender"], _all["notice"], _all["notice_version"]
notice_follow, invitation = _all["notice_follow"], _all["invitation"]
delivery, delivery_pupil = _all["delivery"], _all["delivery_pupil"]
copy, copy_delivery, attempt, receipt = _all["copy"], _all["copy_delivery"], _all["attempt"], _all["receipt"]
reply, reply_attachment, reply_choice = _all["reply"], _all["reply_attachment"], _all["reply_choice"]
thread, thread_read, thread_notice = _all["thread"], _all["thread_read"], _all["thread_notice"]
canned_answer, watch_duty = _all["canned_answer"], _all["watch_duty"]
roll, roll_mark, absence = _all["roll"], _all["roll_mark"], _all["absence"]
page_link, answer, call_task, stop = _all["page_link"], _all["answer"], _all["call_task"], _all["stop"]
family_login, family_login_guardian = _all["family_login"], _all["family_login_guardian"]
family_code, wish, digest_item = _all["family_code"], _all["wish"], _all["digest_item"]
staff_factor, recovery_code, paper_code = _all["staff_factor"], _all["recovery_code"], _all["paper_code"]
diary_entry, diary_file, diary_tick = _all["diary_entry"], _all["diary_file"], _all["diary_tick"]
competence, assessment, assessment_item = _all["competence"], _all["assessment"], _all["assessment_item"]
result, stored_file, signature = _all["result"], _all["stored_file"], _all["signature"]
document, document_for, document_file = _all["document"], _all["document_for"], _all["document_file"]
event, calendar_feed = _all["event"], _all["calendar_feed"]
ladder_rule = _all["ladder_rule"]
planned_notice, planned_firing = _all["planned_notice"], _all["planned_firing"]
meeting_round, meeting_slot = _all["meeting_round"], _all["meeting_slot"]
booking, booking_wait = _all["booking"], _all["booking_wait"]
meeting_evening, evening_round, evening_wish = _all["meeting_evening"], _all["evening_round"], _all["evening_wish"]
letter, process = _all["letter"], _all["process"]


def insert_into(table: Table, within: AsyncConnection | AsyncSession) -> Any:  # noqa: ANN401 (two dialects, one shape)
    """Give the dialect's own INSERT, which knows ON CONFLICT."""
    return dialects_insert(
        table, within.dialect.name if isinstance(within, AsyncConnection) else within.get_bind().dialect.name
    )


def dialects_insert(table: Table, dialect: str) -> Any:  # noqa: ANN401 (the same)
    """Give it by the dialect's name, for statements that are made once."""
    return sqlite.insert(table) if dialect == "sqlite" else postgresql.insert(table)


def one_of(column: ColumnElement[str], words: Sequence[str]) -> ColumnElement[bool]:
    """Say that a column holds one of a few words, in a form that an executemany may use (IN may not)."""
    return or_(*(column == word for word in words))


def usual_name(person: Table) -> ColumnElement[str]:
    """Ask for what stands behind the first name of a pupil or an adult: the name of use, else of the family."""
    return func.coalesce(func.nullif(person.c.usage_name, ""), person.c.family_name)
