"""Taking ONDE's two files into the registers: good lines are taken, nothing is deleted, nothing is loosened."""

from datetime import date, datetime

import structlog
from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from hub.models.school import School
from hub.people.difference import Difference, File, Findings
from hub.people.import_adults import plan_adults
from hub.people.import_pupils import absent, pair, take_pupils
from hub.people.import_registers import read_registers
from hub.people.import_writing import ask_about_absent, forget_about_absent, write_plan
from hub.people.onde import read_guardians, read_pupils
from hub.people.schools import year_on
from hub.routing import day_at_school
from hub.sealing import Keyring
from hub.tables import audit, class_group, school_year
from hub.tables import school as school_table

log = structlog.get_logger(__name__)


async def import_onde(
    session: AsyncSession,
    keyring: Keyring,
    school: School,
    *,
    pupils: bytes,
    guardians: bytes,
    full: bool,
    now: datetime,
    by: int | None = None,
) -> Difference:
    """Take both files and say what they changed; the same files again change nothing.

    Once the classes of this year are closed, a file is about the year to come, and its places begin with it.
    A link that stands, closed or barred ones too, is never touched; a new one to a pupil from whom somebody is
    barred waits for the office, and so does an adult whom only a human can recognise. Whoever is missing from a
    `full` import is asked about; a part of the school never says that anybody left. A trial run is the same in a
    session that is rolled back. `by` is the staff id, for the audit.
    Raises InvalidError with one sentence when a file itself cannot be taken; nothing was changed then.
    """
    pupil_sheet, guardian_sheet = read_pupils(pupils), read_guardians(guardians)
    findings = Findings(full=full)
    findings.take_over(File.PUPILS, pupil_sheet.bad, pupil_sheet.doubts)
    findings.take_over(File.GUARDIANS, guardian_sheet.bad, guardian_sheet.doubts)
    await _one_at_a_time(session, school.key)
    day = day_at_school(now, school.timezone)
    year_id, first = await _year_to_fill(session, school.key, day)
    registers = await read_registers(session, school.key, year_id=year_id, day=day)
    before = list(registers.pupils.values())
    pairs = pair(pupil_sheet.rows, registers, keyring, findings)
    missing = absent(pairs, before) if full else []
    await take_pupils(session, school.key, pairs, registers, keyring, year_id=year_id, day=first, findings=findings)
    plan = plan_adults(guardian_sheet.rows, registers, keyring, region=school.region, findings=findings)
    await write_plan(session, keyring, school, plan, day=day, now=now)
    findings.left += [known.name for known in missing]
    await ask_about_absent(session, school.key, missing, now=now)
    await forget_about_absent(session, school.key, {known.id for _, known in pairs.known}, now=now)
    lines = len(pupil_sheet.rows) + len(guardian_sheet.rows)
    row = {"at": now, "staff_id": by, "act": "import", "subject": "school", "subject_id": school.key, "count": lines}
    await session.execute(insert(audit).values(school_id=school.key, **row))
    log.info("import taken", school=school.key, full=full, lines=lines, refused=len(findings.refused))
    return findings.difference()


async def _year_to_fill(session: AsyncSession, school_id: int, day: date) -> tuple[int, date]:
    """Say into which year pupils are placed, and from which day on: today's, or the next one's first."""
    year_id = await year_on(session, school_id, day)
    theirs = select(class_group.c.closed_on).where(
        class_group.c.school_id == school_id, class_group.c.year_id == year_id
    )
    closed = [row.closed_on is not None for row in await session.execute(theirs)]
    if not closed or not all(closed):
        return year_id, day
    coming = (
        select(school_year.c.id, school_year.c.starts_on)
        .where(school_year.c.school_id == school_id, school_year.c.starts_on > day)
        .order_by(school_year.c.starts_on)
        .limit(1)
    )
    following = (await session.execute(coming)).one_or_none()
    return (year_id, day) if following is None else (int(following.id), following.starts_on)


async def _one_at_a_time(session: AsyncSession, school_id: int) -> None:
    """Let a second import of this school wait until the first has ended: both would enter the same new people.

    SQLite writes one at a time anyway and has no such lock.
    """
    mine = select(school_table.c.id).where(school_table.c.id == school_id)
    await session.execute(mine if session.get_bind().dialect.name == "sqlite" else mine.with_for_update())
