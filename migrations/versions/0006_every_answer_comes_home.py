"""What the third step keeps: rolls and absences, conversations, and what families send beside words.

`thread` and `absence` were ruled by the first migration and never written in: they are ruled anew.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op

from hub.walls import raise_wall

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)
HALF_DAYS = ("morning", "afternoon", "day")
ANSWERS = (
    *("acknowledged", "yes", "no", "count", "ill", "contagion", "family_gathering", "transport", "with_guardians"),
    *("other_reason", "should_be_here"),
)
OLD_ANSWERS = ("acknowledged", "yes", "no", "count", "ill", "other_reason", "should_be_here")
NEW_TABLES = (
    *("thread", "thread_read", "thread_notice", "absence", "roll", "roll_mark"),
    *("reply_attachment", "reply_choice", "canned_answer"),
)


def upgrade() -> None:
    """Rule the tables and raise their walls; widen what an adult may answer."""
    _drop_threads_and_absences()
    _threads()
    _rolls()
    _replies()
    for table, column in _new_columns():
        op.add_column(table, column)
    if _walled():
        op.create_foreign_key(
            "fk_reply_school_id_thread_id", "reply", "thread", ["school_id", "thread_id"], ["school_id", "id"]
        )
        op.add_column("answer", sa.Column("number", sa.Integer(), nullable=True))
        op.drop_constraint(op.f("ck_answer_answerkind"), "answer", type_="check")
        op.create_check_constraint(op.f("ck_answer_answerkind"), "answer", f"kind IN {ANSWERS}")
        for name in NEW_TABLES:
            raise_wall(op.get_bind(), name)
    else:
        _rule_answers_anew()


def _new_columns() -> Iterator[tuple[str, sa.Column[Any]]]:
    yield "reply", sa.Column("sense", sa.String(24), server_default="", nullable=False)
    yield "reply", sa.Column("machine", sa.Boolean(), server_default=sa.false(), nullable=False)
    yield "reply", sa.Column("doubt", sa.String(24), server_default="", nullable=False)
    yield "reply", sa.Column("message_id", sa.String(255), nullable=True)
    yield "school", sa.Column("alert_hold", sa.Integer(), server_default="10", nullable=False)
    yield "school", sa.Column("answer_within", sa.Integer(), server_default="24", nullable=False)


def _threads() -> None:
    _table(
        "thread",
        sa.Column("topic", sa.String(80), nullable=False),
        *(sa.Column(name, BIG) for name in ("pupil_id", "guardian_id", "address_id", "private_to", "owner_id")),
        sa.Column("state", _one_of("threadstate", "open", "waiting", "closed"), nullable=False),
        sa.Column("opened_at", MOMENT, nullable=False),
        sa.Column("last_at", MOMENT, nullable=False),
        sa.Column("due_at", MOMENT),
        sa.Column("keep_until", sa.Date()),
        ties=("pupil", "guardian", "address", ("private_to", "staff"), ("owner_id", "staff")),
        unique=(("topic",),),
        listed=("school_id",),
    )
    for column in ("pupil_id", "guardian_id"):
        op.create_index(op.f(f"ix_thread_{column}_school_id"), "thread", [column, "school_id"])
    due = sa.text("due_at IS NOT NULL")
    op.create_index("ix_thread_due", "thread", ["due_at"], sqlite_where=due, postgresql_where=due)
    _table(
        "thread_read",
        sa.Column("thread_id", BIG, nullable=False),
        sa.Column("staff_id", BIG, nullable=False),
        sa.Column("read_at", MOMENT, nullable=False),
        ties=("thread", "staff"),
        unique=(("thread_id", "staff_id"),),
    )
    _table(
        "thread_notice",
        sa.Column("thread_id", BIG, nullable=False),
        sa.Column("notice_id", BIG, nullable=False),
        sa.Column("reply_id", BIG),
        ties=("thread", "notice", "reply"),
        unique=(("notice_id",),),
        listed=("thread_id", "school_id"),
    )
    _table(
        "canned_answer",
        sa.Column("label", sa.String(60), nullable=False),
        sa.Column("text", sa.String(1000), nullable=False),
        unique=(("label",),),
        listed=("school_id",),
    )


def _rolls() -> None:
    _table(
        "roll",
        sa.Column("class_id", BIG, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("half_day", _one_of("halfday", *HALF_DAYS), nullable=False),
        sa.Column("taken_by", BIG, nullable=False),
        sa.Column("complete", sa.Boolean(), nullable=False),
        sa.Column("taken_at", MOMENT, nullable=False),
        sa.Column("received_at", MOMENT, nullable=False),
        sa.Column("keep_until", sa.Date()),
        ties=(("class_id", "class_group"), ("taken_by", "staff")),
        unique=(("class_id", "day", "half_day"),),
        listed=("day", "school_id"),
    )
    _table(
        "roll_mark",
        sa.Column("roll_id", BIG, nullable=False),
        sa.Column("pupil_id", BIG, nullable=False),
        sa.Column("mark", _one_of("mark", "absent", "late"), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        ties=("roll", "pupil"),
        unique=(("roll_id", "pupil_id"),),
        listed=("pupil_id", "school_id"),
    )
    _table(
        "absence",
        sa.Column("pupil_id", BIG, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("half_day", _one_of("halfday", *HALF_DAYS), nullable=False),
        sa.Column("state", _one_of("absencestate", "open", "explained", "found", "handed_on"), nullable=False),
        sa.Column("reason", _one_of("answerkind", *ANSWERS)),
        sa.Column("told_by", BIG),
        sa.Column("typed_by", BIG),
        sa.Column("through", sa.String(12), nullable=False),
        sa.Column("owner_id", BIG),
        sa.Column("notice_id", BIG),
        sa.Column("opened_at", MOMENT, nullable=False),
        sa.Column("alarmed_at", MOMENT),
        sa.Column("closed_at", MOMENT),
        sa.Column("keep_until", sa.Date()),
        ties=("pupil", "notice", ("owner_id", "staff"), ("told_by", "guardian"), ("typed_by", "staff")),
        unique=(("pupil_id", "day", "half_day"),),
        listed=("day", "school_id"),
    )
    op.create_index(op.f("ix_absence_notice_id_school_id"), "absence", ["notice_id", "school_id"])


def _replies() -> None:
    _table(
        "reply_attachment",
        sa.Column("reply_id", BIG, nullable=False),
        sa.Column("content_type", sa.String(100), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("name_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("body_sealed", sa.LargeBinary(), nullable=False),
        ties=("reply",),
        listed=("reply_id", "school_id"),
    )
    _table(
        "reply_choice",
        sa.Column("address_id", BIG, nullable=False),
        sa.Column("reply_id", BIG, nullable=False),
        sa.Column("copies", sa.String(400), nullable=False),
        sa.Column("asked_at", MOMENT, nullable=False),
        sa.Column("answered_at", MOMENT),
        ties=("address", "reply"),
        unique=(("reply_id",),),
        listed=("address_id", "school_id"),
    )


def _table(
    name: str,
    *columns: sa.Column[Any],
    ties: Sequence[str | tuple[str, str]] = (),
    unique: Sequence[tuple[str, ...]] = (),
    listed: tuple[str, ...] = (),
) -> None:
    """Rule a table of a school: what `hub.models.base.within_school` says, as it was at this migration."""
    pairs = [tie if isinstance(tie, tuple) else (f"{tie}_id", tie) for tie in ties]
    op.create_table(
        name,
        sa.Column("id", BIG, nullable=False),
        sa.Column("school_id", BIG, nullable=False),
        *columns,
        *(
            sa.ForeignKeyConstraint(
                ["school_id", column],
                [f"{table}.school_id", f"{table}.id"],
                name=op.f(f"fk_{name}_school_id_{column}"),
            )
            for column, table in pairs
        ),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"], name=op.f(f"fk_{name}_school_id")),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{name}")),
        sa.UniqueConstraint("id", "school_id", name=op.f(f"uq_{name}_id_school_id")),
        *(
            sa.UniqueConstraint(*one, "school_id", name=op.f(f"uq_{name}_{'_'.join(one)}_school_id"))
            for one in unique
        ),
    )
    if listed:
        op.create_index(op.f(f"ix_{name}_{'_'.join(listed)}"), name, list(listed))


def _rule_answers_anew(answers: tuple[str, ...] = ANSWERS, *, number: bool = True) -> None:
    """SQLite changes no CHECK in place: the answers move into a new table of the same name."""
    columns = "id, school_id, notice_id, guardian_id, pupil_id, kind, words_sealed, through, typed_by, at"
    op.rename_table("answer", "answer_before")
    for index in ("uq_answer_notice", "uq_answer_pupil"):
        op.drop_index(index, table_name="answer_before")
    _table(
        "answer",
        sa.Column("notice_id", BIG, nullable=False),
        sa.Column("guardian_id", BIG, nullable=False),
        sa.Column("pupil_id", BIG),
        sa.Column("kind", _one_of("answerkind", *answers), nullable=False),
        *([sa.Column("number", sa.Integer())] if number else []),
        sa.Column("words_sealed", sa.LargeBinary()),
        sa.Column("through", sa.String(12), nullable=False),
        sa.Column("typed_by", BIG),
        sa.Column("at", MOMENT, nullable=False),
        ties=("notice", "guardian", "pupil", ("typed_by", "staff")),
    )
    op.execute(f"INSERT INTO answer ({columns}) SELECT {columns} FROM answer_before")  # noqa: S608 (our own words)
    op.drop_table("answer_before")
    for name, more, which in (
        ("uq_answer_notice", [], "pupil_id IS NULL"),
        ("uq_answer_pupil", ["pupil_id"], "pupil_id IS NOT NULL"),
    ):
        op.create_index(name, "answer", ["notice_id", "guardian_id", *more], unique=True, sqlite_where=sa.text(which))


def _drop_threads_and_absences() -> None:
    if _walled():
        op.drop_constraint(op.f("fk_reply_school_id_thread_id"), "reply", type_="foreignkey")
    op.drop_table("thread")
    op.drop_table("absence")


def _one_of(name: str, *words: str) -> sa.Enum:
    return sa.Enum(*words, name=name, native_enum=False, create_constraint=True, length=24)


def _walled() -> bool:
    return op.get_bind().dialect.name == "postgresql"


def downgrade() -> None:
    """Let go of what this step kept; a reason that the older version does not know becomes another reason."""
    late = "kind IN ('contagion', 'family_gathering', 'transport', 'with_guardians')"
    if _walled():
        for table in ("answer", "reply"):  # the owner is in no school, and would see no row
            op.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")
    op.execute(f"UPDATE answer SET kind = 'other_reason' WHERE {late}")  # noqa: S608 (our own words)
    op.execute("UPDATE reply SET thread_id = NULL")
    if _walled():
        for table in ("answer", "reply"):
            op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.drop_column("answer", "number")
        op.drop_constraint(op.f("ck_answer_answerkind"), "answer", type_="check")
        op.create_check_constraint(op.f("ck_answer_answerkind"), "answer", f"kind IN {OLD_ANSWERS}")
    else:
        _rule_answers_anew(OLD_ANSWERS, number=False)
    for table, column in _new_columns():
        op.drop_column(table, column.name)
    for name in ("canned_answer", "reply_choice", "reply_attachment", "roll_mark", "roll"):
        op.drop_table(name)
    for name in ("thread_notice", "thread_read"):
        op.drop_table(name)
    _drop_threads_and_absences()
    _old_threads_and_absences()


def _old_threads_and_absences() -> None:
    _table(
        "thread",
        *(sa.Column(name, BIG) for name in ("pupil_id", "address_id", "private_to")),
        sa.Column("opened_at", MOMENT, nullable=False),
        sa.Column("keep_until", sa.Date()),
        ties=("pupil", "address", ("private_to", "staff")),
        listed=("school_id",),
    )
    op.create_index(op.f("ix_thread_pupil_id_school_id"), "thread", ["pupil_id", "school_id"])
    _table(
        "absence",
        sa.Column("pupil_id", BIG, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("half_day", _one_of("halfday", *HALF_DAYS), nullable=False),
        sa.Column("state", _one_of("absencestate", "open", "explained", "found", "handed_on"), nullable=False),
        *(sa.Column(name, BIG) for name in ("owner_id", "notice_id")),
        sa.Column("opened_at", MOMENT, nullable=False),
        sa.Column("closed_at", MOMENT),
        sa.Column("keep_until", sa.Date()),
        ties=("pupil", "notice", ("owner_id", "staff")),
        unique=(("pupil_id", "day", "half_day"),),
        listed=("school_id",),
    )
    if _walled():
        op.create_foreign_key(
            "fk_reply_school_id_thread_id", "reply", "thread", ["school_id", "thread_id"], ["school_id", "id"]
        )
        for name in ("thread", "absence"):
            raise_wall(op.get_bind(), name)
