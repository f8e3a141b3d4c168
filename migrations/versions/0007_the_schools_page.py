"""What the fourth step keeps: the diary, documents, results and the calendar of a school, and a family's own page.

`family_login` was ruled by the first migration and never written in.
"""

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from alembic import op

from hub.walls import open_table, raise_wall

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)
OLD_KINDS = (*("announcement", "absence", "meeting", "urgent", "crisis", "reminder", "homework", "document", "result"),)
NEW_KINDS = (*OLD_KINDS, "digest", "code")
WALLED = (
    "competence",
    "paper_code",
    "recovery_code",
    "staff_factor",
    "stored_file",
    "assessment",
    "calendar_feed",
    "diary_entry",
    "digest_item",
    "document",
    "event",
    "wish",
    "assessment_item",
    "diary_file",
    "diary_tick",
    "document_file",
    "document_for",
    "signature",
    "result",
)
"""The new tables of a school, in the order in which they are made."""


def upgrade() -> None:
    """Rule the tables and raise their walls; two more kinds of notice."""
    _kinds(OLD_KINDS, NEW_KINDS)
    for table, column in _new_columns():
        op.add_column(table, column)
    _tables()
    if _walled():
        for name in WALLED:
            raise_wall(op.get_bind(), name)
        open_table(op.get_bind(), "family_code")


def downgrade() -> None:
    """Let go of what this step kept; a digest or a code becomes a reminder."""
    for name in (*reversed(WALLED), "family_code"):
        op.drop_table(name)
    for table, column in _new_columns():
        op.drop_column(table, column.name)
    if _walled():
        op.execute("ALTER TABLE notice NO FORCE ROW LEVEL SECURITY")  # the owner is in no school, and would see no row
    op.execute("UPDATE notice SET kind = 'reminder' WHERE kind IN ('digest', 'code')")
    if _walled():
        op.execute("ALTER TABLE notice FORCE ROW LEVEL SECURITY")
    _kinds(NEW_KINDS, OLD_KINDS)


def _kinds(before: tuple[str, ...], after: tuple[str, ...]) -> None:
    """Change which kinds a notice may be of. SQLite changes no CHECK in place: the notices move into a new table."""
    if _walled():
        op.drop_constraint(op.f("ck_notice_noticekind"), "notice", type_="check")
        op.create_check_constraint(op.f("ck_notice_noticekind"), "notice", f"kind IN {after}")
        return
    found = op.get_bind().execute(
        sa.text("SELECT type, sql FROM sqlite_master WHERE tbl_name = 'notice' AND sql IS NOT NULL")
    )
    ruled = [(row.type, str(row.sql)) for row in found]
    table = next(sql for kind, sql in ruled if kind == "table")
    words = [", ".join(f"'{kind}'" for kind in kinds) for kinds in (before, after)]
    if words[0] not in table:
        raise RuntimeError("the table of notices is not as the first migration ruled it")
    named = table.replace("CREATE TABLE notice", "CREATE TABLE notice_after", 1)
    named = named.replace('CREATE TABLE "notice"', "CREATE TABLE notice_after", 1)
    op.execute(sa.text(named.replace(words[0], words[1]).replace(":", r"\:")))
    op.execute("INSERT INTO notice_after SELECT * FROM notice")
    op.execute("DROP TABLE notice")
    op.execute("ALTER TABLE notice_after RENAME TO notice")
    for kind, sql in ruled:
        if kind == "index":
            op.execute(sql)


def _new_columns() -> Iterator[tuple[str, sa.Column[Any]]]:
    yield "contact_point", sa.Column("unwanted_at", MOMENT, nullable=True)
    yield "class_group", sa.Column("closed_on", sa.Date(), nullable=True)
    yield "family_login", sa.Column("device", sa.String(60), server_default="", nullable=False)
    yield "family_login", sa.Column("seen_at", MOMENT, nullable=True)
    yield "family_login_guardian", sa.Column("address_id", BIG, nullable=True)
    yield "guardian", sa.Column("quiet_from", sa.Time(), nullable=True)
    yield "guardian", sa.Column("quiet_to", sa.Time(), nullable=True)
    yield "staff_session", sa.Column("second_at", MOMENT, nullable=True)


def _tables() -> None:
    op.create_table(
        "family_code",
        sa.Column("id", BIG, nullable=False),
        sa.Column("browser_hash", sa.LargeBinary(), nullable=False),
        sa.Column(
            "opens",
            sa.Enum("login", "contact", name="codefor", native_enum=False, create_constraint=True, length=24),
            nullable=False,
        ),
        sa.Column(
            "medium",
            sa.Enum(
                "phone", "mailbox", "chat", "push", name="medium", native_enum=False, create_constraint=True, length=24
            ),
            nullable=False,
        ),
        sa.Column("lookup_hash", sa.LargeBinary(), nullable=False),
        sa.Column("where_hash", sa.LargeBinary(), nullable=False),
        sa.Column("code_hash", sa.LargeBinary(), nullable=False),
        sa.Column("login_id", BIG, nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("proved_at", MOMENT, nullable=True),
        sa.Column("used_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(["login_id"], ["family_login.id"], name=op.f("fk_family_code_login_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_family_code")),
        sa.UniqueConstraint("browser_hash", name=op.f("uq_family_code_browser_hash")),
    )
    op.create_index(op.f("ix_family_code_login_id"), "family_code", ["login_id"])
    op.create_index(op.f("ix_family_code_lookup_hash_made_at"), "family_code", ["lookup_hash", "made_at"])
    op.create_index(op.f("ix_family_code_where_hash_made_at"), "family_code", ["where_hash", "made_at"])
    op.create_table(
        "competence",
        sa.Column("id", BIG, nullable=False),
        sa.Column("school_id", BIG, nullable=False),
        sa.Column("domain", sa.String(120), nullable=False),
        sa.Column("label", sa.String(200), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("closed_on", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"], name=op.f("fk_competence_school_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_competence")),
        sa.UniqueConstraint("domain", "label", "school_id", name=op.f("uq_competence_domain_label_school_id")),
        sa.UniqueConstraint("id", "school_id", name=op.f("uq_competence_id_school_id")),
    )
    op.create_index(op.f("ix_competence_school_id"), "competence", ["school_id"])
    op.create_table(
        "paper_code",
        sa.Column("id", BIG, nullable=False),
        sa.Column("school_id", BIG, nullable=False),
        sa.Column("staff_id", BIG, nullable=False),
        sa.Column("made_by", BIG, nullable=False),
        sa.Column("code_hash", sa.LargeBinary(), nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.Column("ended_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(
            ["school_id", "made_by"], ["staff.school_id", "staff.id"], name=op.f("fk_paper_code_school_id_made_by")
        ),
        sa.ForeignKeyConstraint(
            ["school_id", "staff_id"], ["staff.school_id", "staff.id"], name=op.f("fk_paper_code_school_id_staff_id")
        ),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"], name=op.f("fk_paper_code_school_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_paper_code")),
        sa.UniqueConstraint("code_hash", name=op.f("uq_paper_code_code_hash")),
        sa.UniqueConstraint("id", "school_id", name=op.f("uq_paper_code_id_school_id")),
    )
    op.create_index(op.f("ix_paper_code_staff_id_school_id"), "paper_code", ["staff_id", "school_id"])
    op.create_table(
        "recovery_code",
        sa.Column("id", BIG, nullable=False),
        sa.Column("school_id", BIG, nullable=False),
        sa.Column("staff_id", BIG, nullable=False),
        sa.Column("code_hash", sa.LargeBinary(), nullable=False),
        sa.Column("used_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(
            ["school_id", "staff_id"], ["staff.school_id", "staff.id"], name=op.f("fk_recovery_code_school_id_staff_id")
        ),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"], name=op.f("fk_recovery_code_school_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recovery_code")),
        sa.UniqueConstraint("code_hash", name=op.f("uq_recovery_code_code_hash")),
        sa.UniqueConstraint("id", "school_id", name=op.f("uq_recovery_code_id_school_id")),
    )
    op.create_index(op.f("ix_recovery_code_staff_id_school_id"), "recovery_code", ["staff_id", "school_id"])
    op.create_table(
        "staff_factor",
        sa.Column("id", BIG, nullable=False),
        sa.Column("school_id", BIG, nullable=False),
        sa.Column("staff_id", BIG, nullable=False),
        sa.Column("secret_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.Column("confirmed_at", MOMENT, nullable=True),
        sa.Column("last_step", BIG, nullable=True),
        sa.ForeignKeyConstraint(
            ["school_id", "staff_id"], ["staff.school_id", "staff.id"], name=op.f("fk_staff_factor_school_id_staff_id")
        ),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"], name=op.f("fk_staff_factor_school_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff_factor")),
        sa.UniqueConstraint("id", "school_id", name=op.f("uq_staff_factor_id_school_id")),
        sa.UniqueConstraint("staff_id", "school_id", name=op.f("uq_staff_factor_staff_id_school_id")),
    )
    op.create_table(
        "stored_file",
        sa.Column("id", BIG, nullable=False),
        sa.Column("school_id", BIG, nullable=False),
        sa.Column("data_key_id", BIG, nullable=False),
        sa.Column("made_by", BIG, nullable=False),
        sa.Column("place", sa.String(80), nullable=False),
        sa.Column("name_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("media_type", sa.String(100), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("picture", sa.Boolean(), nullable=False),
        sa.Column("width", sa.Integer(), nullable=True),
        sa.Column("height", sa.Integer(), nullable=True),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.Column("keep_until", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(
            ["school_id", "data_key_id"],
            ["data_key.school_id", "data_key.id"],
            name=op.f("fk_stored_file_school_id_data_key_id"),
        ),
        sa.ForeignKeyConstraint(
            ["school_id", "made_by"], ["staff.school_id", "staff.id"], name=op.f("fk_stored_file_school_id_made_by")
        ),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"], name=op.f("fk_stored_file_school_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stored_file")),
        sa.UniqueConstraint("id", "school_id", name=op.f("uq_stored_file_id_school_id")),
        sa.UniqueConstraint("place", name=op.f("uq_stored_file_place")),
    )
    op.create_index(op.f("ix_stored_file_school_id"), "stored_file", ["school_id"])
    op.create_table(
        "assessment",
        sa.Column("id", BIG, nullable=False),
        sa.Column("school_id", BIG, nullable=False),
        sa.Column("class_id", BIG, nullable=False),
        sa.Column("author_id", BIG, nullable=False),
        sa.Column("notice_id", BIG, nullable=True),
        sa.Column("subject", sa.String(60), nullable=False),
        sa.Column("title_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.Column("changed_at", MOMENT, nullable=False),
        sa.Column("published_at", MOMENT, nullable=True),
        sa.Column("keep_until", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(
            ["school_id", "author_id"], ["staff.school_id", "staff.id"], name=op.f("fk_assessment_school_id_author_id")
        ),
        sa.ForeignKeyConstraint(
            ["school_id", "class_id"],
            ["class_group.school_id", "class_group.id"],
            name=op.f("fk_assessment_school_id_class_id"),
        ),
        sa.ForeignKeyConstraint(
            ["school_id", "notice_id"],
            ["notice.school_id", "notice.id"],
            name=op.f("fk_assessment_school_id_notice_id"),
        ),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"], name=op.f("fk_assessment_school_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_assessment")),
        sa.UniqueConstraint("id", "school_id", name=op.f("uq_assessment_id_school_id")),
    )
    op.create_index(op.f("ix_assessment_class_id_day_school_id"), "assessment", ["class_id", "day", "school_id"])
    op.create_index(op.f("ix_assessment_notice_id_school_id"), "assessment", ["notice_id", "school_id"])
    op.create_table(
        "calendar_feed",
        sa.Column("id", BIG, nullable=False),
        sa.Column("school_id", BIG, nullable=False),
        sa.Column("guardian_id", BIG, nullable=False),
        sa.Column("code_hash", sa.LargeBinary(), nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.Column("ended_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(
            ["school_id", "guardian_id"],
            ["guardian.school_id", "guardian.id"],
            name=op.f("fk_calendar_feed_school_id_guardian_id"),
        ),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"], name=op.f("fk_calendar_feed_school_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_calendar_feed")),
        sa.UniqueConstraint("code_hash", name=op.f("uq_calendar_feed_code_hash")),
        sa.UniqueConstraint("id", "school_id", name=op.f("uq_calendar_feed_id_school_id")),
    )
    op.create_index(op.f("ix_calendar_feed_guardian_id_school_id"), "calendar_feed", ["guardian_id", "school_id"])
    op.create_table(
        "diary_entry",
        sa.Column("id", BIG, nullable=False),
        sa.Column("school_id", BIG, nullable=False),
        sa.Column("class_id", BIG, nullable=False),
        sa.Column("author_id", BIG, nullable=False),
        sa.Column("notice_id", BIG, nullable=True),
        sa.Column("key_name", sa.String(64), nullable=True),
        sa.Column(
            "kind",
            sa.Enum("done", "due", name="entrykind", native_enum=False, create_constraint=True, length=24),
            nullable=False,
        ),
        sa.Column("subject", sa.String(60), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("given_on", sa.Date(), nullable=True),
        sa.Column("text_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.Column("changed_at", MOMENT, nullable=False),
        sa.Column("keep_until", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(
            ["school_id", "author_id"], ["staff.school_id", "staff.id"], name=op.f("fk_diary_entry_school_id_author_id")
        ),
        sa.ForeignKeyConstraint(
            ["school_id", "class_id"],
            ["class_group.school_id", "class_group.id"],
            name=op.f("fk_diary_entry_school_id_class_id"),
        ),
        sa.ForeignKeyConstraint(
            ["school_id", "notice_id"],
            ["notice.school_id", "notice.id"],
            name=op.f("fk_diary_entry_school_id_notice_id"),
        ),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"], name=op.f("fk_diary_entry_school_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_diary_entry")),
        sa.UniqueConstraint("id", "school_id", name=op.f("uq_diary_entry_id_school_id")),
        sa.UniqueConstraint("key_name", "school_id", name=op.f("uq_diary_entry_key_name_school_id")),
    )
    op.create_index(op.f("ix_diary_entry_class_id_day_school_id"), "diary_entry", ["class_id", "day", "school_id"])
    op.create_index(op.f("ix_diary_entry_notice_id_school_id"), "diary_entry", ["notice_id", "school_id"])
    op.create_table(
        "digest_item",
        sa.Column("id", BIG, nullable=False),
        sa.Column("school_id", BIG, nullable=False),
        sa.Column("guardian_id", BIG, nullable=False),
        sa.Column("pupil_id", BIG, nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "announcement",
                "absence",
                "meeting",
                "urgent",
                "crisis",
                "reminder",
                "homework",
                "document",
                "result",
                "digest",
                "code",
                name="noticekind",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=False,
        ),
        sa.Column("subject_id", BIG, nullable=False),
        sa.Column("signs", sa.Boolean(), nullable=False),
        sa.Column("on_day", sa.Date(), nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.Column("notice_id", BIG, nullable=True),
        sa.Column("keep_until", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(
            ["school_id", "guardian_id"],
            ["guardian.school_id", "guardian.id"],
            name=op.f("fk_digest_item_school_id_guardian_id"),
        ),
        sa.ForeignKeyConstraint(
            ["school_id", "notice_id"],
            ["notice.school_id", "notice.id"],
            name=op.f("fk_digest_item_school_id_notice_id"),
        ),
        sa.ForeignKeyConstraint(
            ["school_id", "pupil_id"], ["pupil.school_id", "pupil.id"], name=op.f("fk_digest_item_school_id_pupil_id")
        ),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"], name=op.f("fk_digest_item_school_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_digest_item")),
        sa.UniqueConstraint(
            "guardian_id",
            "pupil_id",
            "kind",
            "subject_id",
            "school_id",
            name=op.f("uq_digest_item_guardian_id_pupil_id_kind_subject_id_school_id"),
        ),
        sa.UniqueConstraint("id", "school_id", name=op.f("uq_digest_item_id_school_id")),
    )
    op.create_index(op.f("ix_digest_item_notice_id_school_id"), "digest_item", ["notice_id", "school_id"])
    op.create_index(op.f("ix_digest_item_on_day_school_id"), "digest_item", ["on_day", "school_id"])
    op.create_index(op.f("ix_digest_item_pupil_id_school_id"), "digest_item", ["pupil_id", "school_id"])
    op.create_table(
        "document",
        sa.Column("id", BIG, nullable=False),
        sa.Column("school_id", BIG, nullable=False),
        sa.Column("author_id", BIG, nullable=False),
        sa.Column("notice_id", BIG, nullable=True),
        sa.Column("key_name", sa.String(64), nullable=True),
        sa.Column("title_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("text_sealed", sa.LargeBinary(), nullable=True),
        sa.Column(
            "needs",
            sa.Enum("none", "one", "both", name="needs", native_enum=False, create_constraint=True, length=24),
            nullable=False,
        ),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("published_at", MOMENT, nullable=False),
        sa.Column("withdrawn_at", MOMENT, nullable=True),
        sa.Column("keep_until", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(
            ["school_id", "author_id"], ["staff.school_id", "staff.id"], name=op.f("fk_document_school_id_author_id")
        ),
        sa.ForeignKeyConstraint(
            ["school_id", "notice_id"], ["notice.school_id", "notice.id"], name=op.f("fk_document_school_id_notice_id")
        ),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"], name=op.f("fk_document_school_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_document")),
        sa.UniqueConstraint("id", "school_id", name=op.f("uq_document_id_school_id")),
        sa.UniqueConstraint("key_name", "school_id", name=op.f("uq_document_key_name_school_id")),
    )
    op.create_index(op.f("ix_document_notice_id_school_id"), "document", ["notice_id", "school_id"])
    op.create_index(op.f("ix_document_school_id"), "document", ["school_id"])
    op.create_table(
        "event",
        sa.Column("id", BIG, nullable=False),
        sa.Column("school_id", BIG, nullable=False),
        sa.Column("class_id", BIG, nullable=True),
        sa.Column("author_id", BIG, nullable=False),
        sa.Column("notice_id", BIG, nullable=True),
        sa.Column(
            "kind",
            sa.Enum(
                "event",
                "meeting",
                "trip",
                "closed",
                "open",
                name="eventkind",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=False,
        ),
        sa.Column("title_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("text_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("place_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.Column("starts_at", MOMENT, nullable=True),
        sa.Column("ends_at", MOMENT, nullable=True),
        sa.Column("uid", sa.String(40), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.Column("changed_at", MOMENT, nullable=False),
        sa.Column("cancelled_at", MOMENT, nullable=True),
        sa.Column("keep_until", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(
            ["school_id", "author_id"], ["staff.school_id", "staff.id"], name=op.f("fk_event_school_id_author_id")
        ),
        sa.ForeignKeyConstraint(
            ["school_id", "class_id"],
            ["class_group.school_id", "class_group.id"],
            name=op.f("fk_event_school_id_class_id"),
        ),
        sa.ForeignKeyConstraint(
            ["school_id", "notice_id"], ["notice.school_id", "notice.id"], name=op.f("fk_event_school_id_notice_id")
        ),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"], name=op.f("fk_event_school_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_event")),
        sa.UniqueConstraint("id", "school_id", name=op.f("uq_event_id_school_id")),
        sa.UniqueConstraint("uid", name=op.f("uq_event_uid")),
    )
    op.create_index(op.f("ix_event_notice_id_school_id"), "event", ["notice_id", "school_id"])
    op.create_index(op.f("ix_event_starts_on_school_id"), "event", ["starts_on", "school_id"])
    op.create_table(
        "wish",
        sa.Column("id", BIG, nullable=False),
        sa.Column("school_id", BIG, nullable=False),
        sa.Column("guardian_id", BIG, nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "announcement",
                "absence",
                "meeting",
                "urgent",
                "crisis",
                "reminder",
                "homework",
                "document",
                "result",
                "digest",
                "code",
                name="noticekind",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=False,
        ),
        sa.Column(
            "how",
            sa.Enum("at_once", "evening", "page", name="how", native_enum=False, create_constraint=True, length=24),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["school_id", "guardian_id"],
            ["guardian.school_id", "guardian.id"],
            name=op.f("fk_wish_school_id_guardian_id"),
        ),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"], name=op.f("fk_wish_school_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_wish")),
        sa.UniqueConstraint("guardian_id", "kind", "school_id", name=op.f("uq_wish_guardian_id_kind_school_id")),
        sa.UniqueConstraint("id", "school_id", name=op.f("uq_wish_id_school_id")),
    )
    op.create_table(
        "assessment_item",
        sa.Column("id", BIG, nullable=False),
        sa.Column("school_id", BIG, nullable=False),
        sa.Column("assessment_id", BIG, nullable=False),
        sa.Column("competence_id", BIG, nullable=True),
        sa.Column("label", sa.String(200), nullable=False),
        sa.Column(
            "scale",
            sa.Enum("levels", "marks", name="scale", native_enum=False, create_constraint=True, length=24),
            nullable=False,
        ),
        sa.Column("out_of", sa.Integer(), nullable=True),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["school_id", "assessment_id"],
            ["assessment.school_id", "assessment.id"],
            name=op.f("fk_assessment_item_school_id_assessment_id"),
        ),
        sa.ForeignKeyConstraint(
            ["school_id", "competence_id"],
            ["competence.school_id", "competence.id"],
            name=op.f("fk_assessment_item_school_id_competence_id"),
        ),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"], name=op.f("fk_assessment_item_school_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_assessment_item")),
        sa.UniqueConstraint("id", "school_id", name=op.f("uq_assessment_item_id_school_id")),
    )
    op.create_index(
        op.f("ix_assessment_item_assessment_id_school_id"), "assessment_item", ["assessment_id", "school_id"]
    )
    op.create_table(
        "diary_file",
        sa.Column("id", BIG, nullable=False),
        sa.Column("school_id", BIG, nullable=False),
        sa.Column("entry_id", BIG, nullable=False),
        sa.Column("file_id", BIG, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["school_id", "entry_id"],
            ["diary_entry.school_id", "diary_entry.id"],
            name=op.f("fk_diary_file_school_id_entry_id"),
        ),
        sa.ForeignKeyConstraint(
            ["school_id", "file_id"],
            ["stored_file.school_id", "stored_file.id"],
            name=op.f("fk_diary_file_school_id_file_id"),
        ),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"], name=op.f("fk_diary_file_school_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_diary_file")),
        sa.UniqueConstraint("entry_id", "file_id", "school_id", name=op.f("uq_diary_file_entry_id_file_id_school_id")),
        sa.UniqueConstraint("id", "school_id", name=op.f("uq_diary_file_id_school_id")),
    )
    op.create_index(op.f("ix_diary_file_file_id_school_id"), "diary_file", ["file_id", "school_id"])
    op.create_table(
        "diary_tick",
        sa.Column("id", BIG, nullable=False),
        sa.Column("school_id", BIG, nullable=False),
        sa.Column("entry_id", BIG, nullable=False),
        sa.Column("pupil_id", BIG, nullable=False),
        sa.Column("guardian_id", BIG, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["school_id", "entry_id"],
            ["diary_entry.school_id", "diary_entry.id"],
            name=op.f("fk_diary_tick_school_id_entry_id"),
        ),
        sa.ForeignKeyConstraint(
            ["school_id", "guardian_id"],
            ["guardian.school_id", "guardian.id"],
            name=op.f("fk_diary_tick_school_id_guardian_id"),
        ),
        sa.ForeignKeyConstraint(
            ["school_id", "pupil_id"], ["pupil.school_id", "pupil.id"], name=op.f("fk_diary_tick_school_id_pupil_id")
        ),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"], name=op.f("fk_diary_tick_school_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_diary_tick")),
        sa.UniqueConstraint(
            "entry_id", "pupil_id", "school_id", name=op.f("uq_diary_tick_entry_id_pupil_id_school_id")
        ),
        sa.UniqueConstraint("id", "school_id", name=op.f("uq_diary_tick_id_school_id")),
    )
    op.create_index(op.f("ix_diary_tick_guardian_id_school_id"), "diary_tick", ["guardian_id", "school_id"])
    op.create_index(op.f("ix_diary_tick_pupil_id_school_id"), "diary_tick", ["pupil_id", "school_id"])
    op.create_table(
        "document_file",
        sa.Column("id", BIG, nullable=False),
        sa.Column("school_id", BIG, nullable=False),
        sa.Column("document_id", BIG, nullable=False),
        sa.Column("file_id", BIG, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["school_id", "document_id"],
            ["document.school_id", "document.id"],
            name=op.f("fk_document_file_school_id_document_id"),
        ),
        sa.ForeignKeyConstraint(
            ["school_id", "file_id"],
            ["stored_file.school_id", "stored_file.id"],
            name=op.f("fk_document_file_school_id_file_id"),
        ),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"], name=op.f("fk_document_file_school_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_document_file")),
        sa.UniqueConstraint(
            "document_id", "file_id", "school_id", name=op.f("uq_document_file_document_id_file_id_school_id")
        ),
        sa.UniqueConstraint("id", "school_id", name=op.f("uq_document_file_id_school_id")),
    )
    op.create_index(op.f("ix_document_file_file_id_school_id"), "document_file", ["file_id", "school_id"])
    op.create_table(
        "document_for",
        sa.Column("id", BIG, nullable=False),
        sa.Column("school_id", BIG, nullable=False),
        sa.Column("document_id", BIG, nullable=False),
        sa.Column("class_id", BIG, nullable=True),
        sa.Column("pupil_id", BIG, nullable=True),
        sa.ForeignKeyConstraint(
            ["school_id", "class_id"],
            ["class_group.school_id", "class_group.id"],
            name=op.f("fk_document_for_school_id_class_id"),
        ),
        sa.ForeignKeyConstraint(
            ["school_id", "document_id"],
            ["document.school_id", "document.id"],
            name=op.f("fk_document_for_school_id_document_id"),
        ),
        sa.ForeignKeyConstraint(
            ["school_id", "pupil_id"], ["pupil.school_id", "pupil.id"], name=op.f("fk_document_for_school_id_pupil_id")
        ),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"], name=op.f("fk_document_for_school_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_document_for")),
        sa.UniqueConstraint("id", "school_id", name=op.f("uq_document_for_id_school_id")),
    )
    op.create_index(op.f("ix_document_for_class_id_school_id"), "document_for", ["class_id", "school_id"])
    op.create_index(op.f("ix_document_for_document_id_school_id"), "document_for", ["document_id", "school_id"])
    op.create_index(op.f("ix_document_for_pupil_id_school_id"), "document_for", ["pupil_id", "school_id"])
    op.create_table(
        "signature",
        sa.Column("id", BIG, nullable=False),
        sa.Column("school_id", BIG, nullable=False),
        sa.Column("document_id", BIG, nullable=False),
        sa.Column("pupil_id", BIG, nullable=False),
        sa.Column("guardian_id", BIG, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("through", sa.String(12), nullable=False),
        sa.Column("typed_by", BIG, nullable=True),
        sa.ForeignKeyConstraint(
            ["school_id", "document_id"],
            ["document.school_id", "document.id"],
            name=op.f("fk_signature_school_id_document_id"),
        ),
        sa.ForeignKeyConstraint(
            ["school_id", "guardian_id"],
            ["guardian.school_id", "guardian.id"],
            name=op.f("fk_signature_school_id_guardian_id"),
        ),
        sa.ForeignKeyConstraint(
            ["school_id", "pupil_id"], ["pupil.school_id", "pupil.id"], name=op.f("fk_signature_school_id_pupil_id")
        ),
        sa.ForeignKeyConstraint(
            ["school_id", "typed_by"], ["staff.school_id", "staff.id"], name=op.f("fk_signature_school_id_typed_by")
        ),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"], name=op.f("fk_signature_school_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_signature")),
        sa.UniqueConstraint(
            "document_id",
            "pupil_id",
            "guardian_id",
            "school_id",
            name=op.f("uq_signature_document_id_pupil_id_guardian_id_school_id"),
        ),
        sa.UniqueConstraint("id", "school_id", name=op.f("uq_signature_id_school_id")),
    )
    op.create_index(op.f("ix_signature_guardian_id_school_id"), "signature", ["guardian_id", "school_id"])
    op.create_index(op.f("ix_signature_pupil_id_school_id"), "signature", ["pupil_id", "school_id"])
    op.create_table(
        "result",
        sa.Column("id", BIG, nullable=False),
        sa.Column("school_id", BIG, nullable=False),
        sa.Column("item_id", BIG, nullable=False),
        sa.Column("pupil_id", BIG, nullable=False),
        sa.Column(
            "level",
            sa.Enum(
                "not_reached",
                "partly_reached",
                "reached",
                "exceeded",
                name="level",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=True,
        ),
        sa.Column("mark", sa.Integer(), nullable=True),
        sa.Column("absent", sa.Boolean(), nullable=False),
        sa.Column("comment_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("typed_by", BIG, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["school_id", "item_id"],
            ["assessment_item.school_id", "assessment_item.id"],
            name=op.f("fk_result_school_id_item_id"),
        ),
        sa.ForeignKeyConstraint(
            ["school_id", "pupil_id"], ["pupil.school_id", "pupil.id"], name=op.f("fk_result_school_id_pupil_id")
        ),
        sa.ForeignKeyConstraint(
            ["school_id", "typed_by"], ["staff.school_id", "staff.id"], name=op.f("fk_result_school_id_typed_by")
        ),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"], name=op.f("fk_result_school_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_result")),
        sa.UniqueConstraint("id", "school_id", name=op.f("uq_result_id_school_id")),
        sa.UniqueConstraint("item_id", "pupil_id", "school_id", name=op.f("uq_result_item_id_pupil_id_school_id")),
    )
    op.create_index(op.f("ix_result_pupil_id_school_id"), "result", ["pupil_id", "school_id"])


def _walled() -> bool:
    return op.get_bind().dialect.name == "postgresql"
