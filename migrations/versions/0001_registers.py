"""The registers: schools, people, notices and what became of them."""

import sqlalchemy as sa
from alembic import op

from hub.walls import make_roles, open_table, raise_wall

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)

WALLED = (
    "data_key",
    "erasure",
    "pupil",
    "school_year",
    "staff",
    "address",
    "class_group",
    "guardian",
    "notice",
    "sender",
    "staff_session",
    "watch_duty",
    "absence",
    "answer",
    "contact_point",
    "copy",
    "delivery",
    "enrolment",
    "family_login_guardian",
    "link",
    "notice_version",
    "staff_right",
    "stop",
    "thread",
    "tray_item",
    "attempt",
    "call_task",
    "copy_delivery",
    "delivery_pupil",
    "page_link",
    "reply",
    "receipt",
)
ABOVE_SCHOOLS = ("organisation", "sign_in_failure", "family_login")


def upgrade() -> None:
    """Make the tables, then the walls."""
    op.create_table(
        "family_login",
        sa.Column("id", BIG, nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_family_login")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_family_login_token_hash")),
    )
    op.create_table(
        "organisation",
        sa.Column("id", BIG, nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_organisation")),
    )
    op.create_table(
        "sign_in_failure",
        sa.Column("id", BIG, nullable=False),
        sa.Column("what_hash", sa.LargeBinary(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sign_in_failure")),
    )
    op.create_index(op.f("ix_sign_in_failure_what_hash"), "sign_in_failure", ["what_hash"], unique=False)
    op.create_table(
        "school",
        sa.Column("id", BIG, nullable=False),
        sa.Column("organisation_id", BIG, nullable=True),
        sa.Column("slug", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("short_name", sa.String(length=20), nullable=False),
        sa.Column("phone", sa.String(length=20), nullable=False),
        sa.Column("region", sa.String(length=2), nullable=False),
        sa.Column("timezone", sa.String(length=40), nullable=False),
        sa.Column("zone", sa.String(length=1), nullable=False),
        sa.Column("language", sa.String(length=12), nullable=False),
        sa.Column("demo", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisation.id"], name=op.f("fk_school_organisation_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_school")),
        sa.UniqueConstraint("slug", name=op.f("uq_school_slug")),
    )
    op.create_table(
        "audit",
        sa.Column("id", BIG, nullable=False),
        sa.Column("school_id", BIG, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("staff_id", BIG, nullable=True),
        sa.Column("act", sa.String(length=40), nullable=False),
        sa.Column("subject", sa.String(length=20), nullable=False),
        sa.Column("subject_id", BIG, nullable=True),
        sa.Column("count", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"], name=op.f("fk_audit_school_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit")),
        sa.UniqueConstraint("id", "school_id", name=op.f("uq_audit_id_school_id")),
    )
    op.create_index(
        op.f("ix_audit_subject_subject_id_school_id"), "audit", ["subject", "subject_id", "school_id"], unique=False
    )
    op.create_table(
        "data_key",
        sa.Column("id", BIG, nullable=False),
        sa.Column("school_id", BIG, nullable=False),
        sa.Column("subject", sa.String(length=12), nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=False),
        sa.Column("master_version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"], name=op.f("fk_data_key_school_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_data_key")),
        sa.UniqueConstraint("id", "school_id", name=op.f("uq_data_key_id_school_id")),
    )
    op.create_table(
        "erasure",
        sa.Column("id", BIG, nullable=False),
        sa.Column("school_id", BIG, nullable=False),
        sa.Column("subject", sa.String(length=12), nullable=False),
        sa.Column("subject_id", BIG, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"], name=op.f("fk_erasure_school_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_erasure")),
        sa.UniqueConstraint("id", "school_id", name=op.f("uq_erasure_id_school_id")),
        sa.UniqueConstraint("subject", "subject_id", "school_id", name=op.f("uq_erasure_subject_subject_id_school_id")),
    )
    op.create_table(
        "pupil",
        sa.Column("id", BIG, nullable=False),
        sa.Column("school_id", BIG, nullable=False),
        sa.Column("first_name", sa.String(length=80), nullable=False),
        sa.Column("family_name", sa.String(length=80), nullable=False),
        sa.Column("usage_name", sa.String(length=80), nullable=False),
        sa.Column("name_key", sa.String(length=170), nullable=False),
        sa.Column("born_on", sa.Date(), nullable=True),
        sa.Column("ine_hash", sa.LargeBinary(), nullable=True),
        sa.Column("left_on", sa.Date(), nullable=True),
        sa.Column("keep_until", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"], name=op.f("fk_pupil_school_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pupil")),
        sa.UniqueConstraint("id", "school_id", name=op.f("uq_pupil_id_school_id")),
    )
    op.create_index(op.f("ix_pupil_ine_hash_school_id"), "pupil", ["ine_hash", "school_id"], unique=False)
    op.create_index(op.f("ix_pupil_name_key_school_id"), "pupil", ["name_key", "school_id"], unique=False)
    op.create_index(op.f("ix_pupil_school_id"), "pupil", ["school_id"], unique=False)
    op.create_table(
        "school_year",
        sa.Column("id", BIG, nullable=False),
        sa.Column("school_id", BIG, nullable=False),
        sa.Column("label", sa.String(length=20), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"], name=op.f("fk_school_year_school_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_school_year")),
        sa.UniqueConstraint("id", "school_id", name=op.f("uq_school_year_id_school_id")),
        sa.UniqueConstraint("label", "school_id", name=op.f("uq_school_year_label_school_id")),
    )
    op.create_table(
        "staff",
        sa.Column("id", BIG, nullable=False),
        sa.Column("school_id", BIG, nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("email_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("email_hash", sa.LargeBinary(), nullable=False),
        sa.Column("password_hash", sa.String(length=255), nullable=True),
        sa.Column("keep_until", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"], name=op.f("fk_staff_school_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff")),
        sa.UniqueConstraint("email_hash", "school_id", name=op.f("uq_staff_email_hash_school_id")),
        sa.UniqueConstraint("id", "school_id", name=op.f("uq_staff_id_school_id")),
    )
    op.create_index(op.f("ix_staff_email_hash"), "staff", ["email_hash"], unique=False)
    op.create_index(op.f("ix_staff_school_id"), "staff", ["school_id"], unique=False)
    op.create_table(
        "address",
        sa.Column("id", BIG, nullable=False),
        sa.Column("school_id", BIG, nullable=False),
        sa.Column("data_key_id", BIG, nullable=False),
        sa.Column(
            "medium",
            sa.Enum(
                "phone", "mailbox", "chat", "push", name="medium", native_enum=False, create_constraint=True, length=24
            ),
            nullable=False,
        ),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("value_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("lookup_hash", sa.LargeBinary(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "unverified",
                "active",
                "stopped",
                "wrong",
                "dead",
                name="addressstate",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=False,
        ),
        sa.Column("state_at", MOMENT, nullable=True),
        sa.Column("language", sa.String(length=12), nullable=True),
        sa.Column("last_sign_of_life", MOMENT, nullable=True),
        sa.Column("keep_until", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(
            ["school_id", "data_key_id"],
            ["data_key.school_id", "data_key.id"],
            name=op.f("fk_address_school_id_data_key_id"),
        ),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"], name=op.f("fk_address_school_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_address")),
        sa.UniqueConstraint("id", "school_id", name=op.f("uq_address_id_school_id")),
        sa.UniqueConstraint("medium", "lookup_hash", "school_id", name=op.f("uq_address_medium_lookup_hash_school_id")),
    )
    op.create_index(op.f("ix_address_lookup_hash"), "address", ["lookup_hash"], unique=False)
    op.create_index(op.f("ix_address_school_id"), "address", ["school_id"], unique=False)
    op.create_table(
        "class_group",
        sa.Column("id", BIG, nullable=False),
        sa.Column("school_id", BIG, nullable=False),
        sa.Column("year_id", BIG, nullable=False),
        sa.Column("label", sa.String(length=60), nullable=False),
        sa.Column("level", sa.String(length=40), nullable=False),
        sa.ForeignKeyConstraint(
            ["school_id", "year_id"],
            ["school_year.school_id", "school_year.id"],
            name=op.f("fk_class_group_school_id_year_id"),
        ),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"], name=op.f("fk_class_group_school_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_class_group")),
        sa.UniqueConstraint("id", "school_id", name=op.f("uq_class_group_id_school_id")),
        sa.UniqueConstraint("year_id", "label", "school_id", name=op.f("uq_class_group_year_id_label_school_id")),
    )
    op.create_index(op.f("ix_class_group_school_id"), "class_group", ["school_id"], unique=False)
    op.create_table(
        "guardian",
        sa.Column("id", BIG, nullable=False),
        sa.Column("school_id", BIG, nullable=False),
        sa.Column("data_key_id", BIG, nullable=False),
        sa.Column("civility", sa.String(length=12), nullable=False),
        sa.Column("first_name", sa.String(length=80), nullable=False),
        sa.Column("family_name", sa.String(length=80), nullable=False),
        sa.Column("usage_name", sa.String(length=80), nullable=False),
        sa.Column("name_key", sa.String(length=170), nullable=False),
        sa.Column("service", sa.Boolean(), nullable=False),
        sa.Column("language", sa.String(length=12), nullable=False),
        sa.Column(
            "means",
            sa.Enum(
                "any",
                "write_only",
                "call_first",
                "sign_language",
                name="means",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=False,
        ),
        sa.Column(
            "last_rung",
            sa.Enum(
                "call",
                "write_only",
                "letter",
                "relay",
                name="lastrung",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=False,
        ),
        sa.Column("keep_until", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(
            ["school_id", "data_key_id"],
            ["data_key.school_id", "data_key.id"],
            name=op.f("fk_guardian_school_id_data_key_id"),
        ),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"], name=op.f("fk_guardian_school_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_guardian")),
        sa.UniqueConstraint("id", "school_id", name=op.f("uq_guardian_id_school_id")),
    )
    op.create_index(op.f("ix_guardian_name_key_school_id"), "guardian", ["name_key", "school_id"], unique=False)
    op.create_index(op.f("ix_guardian_school_id"), "guardian", ["school_id"], unique=False)
    op.create_table(
        "notice",
        sa.Column("id", BIG, nullable=False),
        sa.Column("school_id", BIG, nullable=False),
        sa.Column("data_key_id", BIG, nullable=False),
        sa.Column("key_name", sa.String(length=64), nullable=False),
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
                name="noticekind",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=False,
        ),
        sa.Column(
            "lane",
            sa.Enum("urgent", "routine", name="lane", native_enum=False, create_constraint=True, length=24),
            nullable=False,
        ),
        sa.Column(
            "state",
            sa.Enum("published", "cancelled", name="noticestate", native_enum=False, create_constraint=True, length=24),
            nullable=False,
        ),
        sa.Column(
            "needs",
            sa.Enum("none", "one", "both", name="needs", native_enum=False, create_constraint=True, length=24),
            nullable=False,
        ),
        sa.Column("author_id", BIG, nullable=False),
        sa.Column("audience", sa.String(length=2000), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("due_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("keep_until", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(
            ["school_id", "author_id"], ["staff.school_id", "staff.id"], name=op.f("fk_notice_school_id_author_id")
        ),
        sa.ForeignKeyConstraint(
            ["school_id", "data_key_id"],
            ["data_key.school_id", "data_key.id"],
            name=op.f("fk_notice_school_id_data_key_id"),
        ),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"], name=op.f("fk_notice_school_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notice")),
        sa.UniqueConstraint("id", "school_id", name=op.f("uq_notice_id_school_id")),
        sa.UniqueConstraint("key_name", "school_id", name=op.f("uq_notice_key_name_school_id")),
    )
    op.create_index(op.f("ix_notice_school_id"), "notice", ["school_id"], unique=False)
    op.create_table(
        "sender",
        sa.Column("id", BIG, nullable=False),
        sa.Column("school_id", BIG, nullable=False),
        sa.Column("data_key_id", BIG, nullable=False),
        sa.Column("organisation_id", BIG, nullable=True),
        sa.Column("key_name", sa.String(length=32), nullable=False),
        sa.Column(
            "channel",
            sa.Enum(
                "sms",
                "email",
                "push",
                "chat",
                "voice",
                "letter",
                name="channelname",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=False,
        ),
        sa.Column("provider", sa.String(length=20), nullable=False),
        sa.Column("address", sa.String(length=254), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("login", sa.String(length=120), nullable=False),
        sa.Column("secret_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("dkim_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("two_way", sa.Boolean(), nullable=False),
        sa.Column("receipts", sa.Boolean(), nullable=False),
        sa.Column("rate", sa.Float(), nullable=True),
        sa.Column("price", sa.Integer(), nullable=False),
        sa.Column("stopped_at", MOMENT, nullable=True),
        sa.Column("stopped_why", sa.String(length=200), nullable=True),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisation.id"], name=op.f("fk_sender_organisation_id")),
        sa.ForeignKeyConstraint(
            ["school_id", "data_key_id"],
            ["data_key.school_id", "data_key.id"],
            name=op.f("fk_sender_school_id_data_key_id"),
        ),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"], name=op.f("fk_sender_school_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sender")),
        sa.UniqueConstraint("id", "school_id", name=op.f("uq_sender_id_school_id")),
        sa.UniqueConstraint("key_name", name=op.f("uq_sender_key_name")),
    )
    op.create_index(op.f("ix_sender_school_id"), "sender", ["school_id"], unique=False)
    op.create_table(
        "staff_session",
        sa.Column("id", BIG, nullable=False),
        sa.Column("school_id", BIG, nullable=False),
        sa.Column("staff_id", BIG, nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("seen_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["school_id", "staff_id"], ["staff.school_id", "staff.id"], name=op.f("fk_staff_session_school_id_staff_id")
        ),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"], name=op.f("fk_staff_session_school_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff_session")),
        sa.UniqueConstraint("id", "school_id", name=op.f("uq_staff_session_id_school_id")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_staff_session_token_hash")),
    )
    op.create_table(
        "watch_duty",
        sa.Column("id", BIG, nullable=False),
        sa.Column("school_id", BIG, nullable=False),
        sa.Column("staff_id", BIG, nullable=False),
        sa.Column("substitute_id", BIG, nullable=True),
        sa.Column("from_time", sa.Time(), nullable=False),
        sa.Column("to_time", sa.Time(), nullable=False),
        sa.ForeignKeyConstraint(
            ["school_id", "staff_id"], ["staff.school_id", "staff.id"], name=op.f("fk_watch_duty_school_id_staff_id")
        ),
        sa.ForeignKeyConstraint(
            ["school_id", "substitute_id"],
            ["staff.school_id", "staff.id"],
            name=op.f("fk_watch_duty_school_id_substitute_id"),
        ),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"], name=op.f("fk_watch_duty_school_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_watch_duty")),
        sa.UniqueConstraint("id", "school_id", name=op.f("uq_watch_duty_id_school_id")),
    )
    op.create_table(
        "absence",
        sa.Column("id", BIG, nullable=False),
        sa.Column("school_id", BIG, nullable=False),
        sa.Column("pupil_id", BIG, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column(
            "half_day",
            sa.Enum(
                "morning", "afternoon", "day", name="halfday", native_enum=False, create_constraint=True, length=24
            ),
            nullable=False,
        ),
        sa.Column(
            "state",
            sa.Enum(
                "open",
                "explained",
                "found",
                "handed_on",
                name="absencestate",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=False,
        ),
        sa.Column("owner_id", BIG, nullable=True),
        sa.Column("notice_id", BIG, nullable=True),
        sa.Column("opened_at", MOMENT, nullable=False),
        sa.Column("closed_at", MOMENT, nullable=True),
        sa.Column("keep_until", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(
            ["school_id", "notice_id"], ["notice.school_id", "notice.id"], name=op.f("fk_absence_school_id_notice_id")
        ),
        sa.ForeignKeyConstraint(
            ["school_id", "owner_id"], ["staff.school_id", "staff.id"], name=op.f("fk_absence_school_id_owner_id")
        ),
        sa.ForeignKeyConstraint(
            ["school_id", "pupil_id"], ["pupil.school_id", "pupil.id"], name=op.f("fk_absence_school_id_pupil_id")
        ),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"], name=op.f("fk_absence_school_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_absence")),
        sa.UniqueConstraint("id", "school_id", name=op.f("uq_absence_id_school_id")),
        sa.UniqueConstraint(
            "pupil_id", "day", "half_day", "school_id", name=op.f("uq_absence_pupil_id_day_half_day_school_id")
        ),
    )
    op.create_index(op.f("ix_absence_school_id"), "absence", ["school_id"], unique=False)
    op.create_table(
        "answer",
        sa.Column("id", BIG, nullable=False),
        sa.Column("school_id", BIG, nullable=False),
        sa.Column("notice_id", BIG, nullable=False),
        sa.Column("guardian_id", BIG, nullable=False),
        sa.Column("pupil_id", BIG, nullable=True),
        sa.Column(
            "kind",
            sa.Enum(
                "acknowledged",
                "yes",
                "no",
                "count",
                "ill",
                "other_reason",
                "should_be_here",
                name="answerkind",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=False,
        ),
        sa.Column("words_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("through", sa.String(length=12), nullable=False),
        sa.Column("typed_by", BIG, nullable=True),
        sa.Column("at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["school_id", "guardian_id"],
            ["guardian.school_id", "guardian.id"],
            name=op.f("fk_answer_school_id_guardian_id"),
        ),
        sa.ForeignKeyConstraint(
            ["school_id", "notice_id"], ["notice.school_id", "notice.id"], name=op.f("fk_answer_school_id_notice_id")
        ),
        sa.ForeignKeyConstraint(
            ["school_id", "pupil_id"], ["pupil.school_id", "pupil.id"], name=op.f("fk_answer_school_id_pupil_id")
        ),
        sa.ForeignKeyConstraint(
            ["school_id", "typed_by"], ["staff.school_id", "staff.id"], name=op.f("fk_answer_school_id_typed_by")
        ),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"], name=op.f("fk_answer_school_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_answer")),
        sa.UniqueConstraint("id", "school_id", name=op.f("uq_answer_id_school_id")),
    )
    op.create_index(
        "uq_answer_notice",
        "answer",
        ["notice_id", "guardian_id"],
        unique=True,
        sqlite_where=sa.text("pupil_id IS NULL"),
        postgresql_where=sa.text("pupil_id IS NULL"),
    )
    op.create_index(
        "uq_answer_pupil",
        "answer",
        ["notice_id", "guardian_id", "pupil_id"],
        unique=True,
        sqlite_where=sa.text("pupil_id IS NOT NULL"),
        postgresql_where=sa.text("pupil_id IS NOT NULL"),
    )
    op.create_table(
        "contact_point",
        sa.Column("id", BIG, nullable=False),
        sa.Column("school_id", BIG, nullable=False),
        sa.Column("guardian_id", BIG, nullable=False),
        sa.Column("address_id", BIG, nullable=False),
        sa.Column(
            "channel",
            sa.Enum(
                "sms",
                "email",
                "push",
                "chat",
                "voice",
                "letter",
                name="channelname",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=False,
        ),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["school_id", "address_id"],
            ["address.school_id", "address.id"],
            name=op.f("fk_contact_point_school_id_address_id"),
        ),
        sa.ForeignKeyConstraint(
            ["school_id", "guardian_id"],
            ["guardian.school_id", "guardian.id"],
            name=op.f("fk_contact_point_school_id_guardian_id"),
        ),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"], name=op.f("fk_contact_point_school_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contact_point")),
        sa.UniqueConstraint(
            "guardian_id",
            "address_id",
            "channel",
            "school_id",
            name=op.f("uq_contact_point_guardian_id_address_id_channel_school_id"),
        ),
        sa.UniqueConstraint("id", "school_id", name=op.f("uq_contact_point_id_school_id")),
    )
    op.create_index(
        op.f("ix_contact_point_address_id_school_id"), "contact_point", ["address_id", "school_id"], unique=False
    )
    op.create_table(
        "copy",
        sa.Column("id", BIG, nullable=False),
        sa.Column("school_id", BIG, nullable=False),
        sa.Column("notice_id", BIG, nullable=False),
        sa.Column(
            "channel",
            sa.Enum(
                "sms",
                "email",
                "push",
                "chat",
                "voice",
                "letter",
                name="channelname",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=False,
        ),
        sa.Column("address_id", BIG, nullable=False),
        sa.Column("language", sa.String(length=12), nullable=False),
        sa.Column("variant", sa.String(length=1000), nullable=False),
        sa.ForeignKeyConstraint(
            ["school_id", "address_id"], ["address.school_id", "address.id"], name=op.f("fk_copy_school_id_address_id")
        ),
        sa.ForeignKeyConstraint(
            ["school_id", "notice_id"], ["notice.school_id", "notice.id"], name=op.f("fk_copy_school_id_notice_id")
        ),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"], name=op.f("fk_copy_school_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_copy")),
        sa.UniqueConstraint("id", "school_id", name=op.f("uq_copy_id_school_id")),
        sa.UniqueConstraint(
            "notice_id",
            "channel",
            "address_id",
            "variant",
            "school_id",
            name=op.f("uq_copy_notice_id_channel_address_id_variant_school_id"),
        ),
    )
    op.create_index(op.f("ix_copy_address_id_school_id"), "copy", ["address_id", "school_id"], unique=False)
    op.create_table(
        "delivery",
        sa.Column("id", BIG, nullable=False),
        sa.Column("school_id", BIG, nullable=False),
        sa.Column("notice_id", BIG, nullable=False),
        sa.Column("guardian_id", BIG, nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "held",
                "on_the_way",
                "told",
                "acknowledged",
                "to_call",
                "cancelled",
                "expired",
                name="deliverystate",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=False,
        ),
        sa.Column("rung", sa.Integer(), nullable=False),
        sa.Column("state_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["school_id", "guardian_id"],
            ["guardian.school_id", "guardian.id"],
            name=op.f("fk_delivery_school_id_guardian_id"),
        ),
        sa.ForeignKeyConstraint(
            ["school_id", "notice_id"], ["notice.school_id", "notice.id"], name=op.f("fk_delivery_school_id_notice_id")
        ),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"], name=op.f("fk_delivery_school_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delivery")),
        sa.UniqueConstraint("id", "school_id", name=op.f("uq_delivery_id_school_id")),
        sa.UniqueConstraint(
            "notice_id", "guardian_id", "school_id", name=op.f("uq_delivery_notice_id_guardian_id_school_id")
        ),
    )
    op.create_index(op.f("ix_delivery_guardian_id_school_id"), "delivery", ["guardian_id", "school_id"], unique=False)
    op.create_table(
        "enrolment",
        sa.Column("id", BIG, nullable=False),
        sa.Column("school_id", BIG, nullable=False),
        sa.Column("pupil_id", BIG, nullable=False),
        sa.Column("class_id", BIG, nullable=False),
        sa.Column("from_on", sa.Date(), nullable=False),
        sa.Column("to_on", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(
            ["school_id", "class_id"],
            ["class_group.school_id", "class_group.id"],
            name=op.f("fk_enrolment_school_id_class_id"),
        ),
        sa.ForeignKeyConstraint(
            ["school_id", "pupil_id"], ["pupil.school_id", "pupil.id"], name=op.f("fk_enrolment_school_id_pupil_id")
        ),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"], name=op.f("fk_enrolment_school_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_enrolment")),
        sa.UniqueConstraint("id", "school_id", name=op.f("uq_enrolment_id_school_id")),
    )
    op.create_index(op.f("ix_enrolment_class_id_school_id"), "enrolment", ["class_id", "school_id"], unique=False)
    op.create_index(op.f("ix_enrolment_pupil_id_school_id"), "enrolment", ["pupil_id", "school_id"], unique=False)
    op.create_index(op.f("ix_enrolment_school_id"), "enrolment", ["school_id"], unique=False)
    op.create_table(
        "family_login_guardian",
        sa.Column("id", BIG, nullable=False),
        sa.Column("school_id", BIG, nullable=False),
        sa.Column("login_id", BIG, nullable=False),
        sa.Column("guardian_id", BIG, nullable=False),
        sa.ForeignKeyConstraint(["login_id"], ["family_login.id"], name=op.f("fk_family_login_guardian_login_id")),
        sa.ForeignKeyConstraint(
            ["school_id", "guardian_id"],
            ["guardian.school_id", "guardian.id"],
            name=op.f("fk_family_login_guardian_school_id_guardian_id"),
        ),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"], name=op.f("fk_family_login_guardian_school_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_family_login_guardian")),
        sa.UniqueConstraint("id", "school_id", name=op.f("uq_family_login_guardian_id_school_id")),
        sa.UniqueConstraint(
            "login_id", "guardian_id", "school_id", name=op.f("uq_family_login_guardian_login_id_guardian_id_school_id")
        ),
    )
    op.create_index(op.f("ix_family_login_guardian_login_id"), "family_login_guardian", ["login_id"], unique=False)
    op.create_table(
        "link",
        sa.Column("id", BIG, nullable=False),
        sa.Column("school_id", BIG, nullable=False),
        sa.Column("guardian_id", BIG, nullable=False),
        sa.Column("pupil_id", BIG, nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "joint",
                "sole",
                "informed",
                "delegated",
                "service",
                "emergency",
                "barred",
                name="linkkind",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=False,
        ),
        sa.Column("may_be_told", sa.Boolean(), nullable=False),
        sa.Column("may_decide", sa.Boolean(), nullable=False),
        sa.Column("may_collect", sa.Boolean(), nullable=False),
        sa.Column("waiting", sa.Boolean(), nullable=False),
        sa.Column("call_order", sa.Integer(), nullable=False),
        sa.Column("from_on", sa.Date(), nullable=False),
        sa.Column("to_on", sa.Date(), nullable=True),
        sa.Column("evidence_sealed", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(
            ["school_id", "guardian_id"],
            ["guardian.school_id", "guardian.id"],
            name=op.f("fk_link_school_id_guardian_id"),
        ),
        sa.ForeignKeyConstraint(
            ["school_id", "pupil_id"], ["pupil.school_id", "pupil.id"], name=op.f("fk_link_school_id_pupil_id")
        ),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"], name=op.f("fk_link_school_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_link")),
        sa.UniqueConstraint("id", "school_id", name=op.f("uq_link_id_school_id")),
    )
    op.create_index(op.f("ix_link_guardian_id_school_id"), "link", ["guardian_id", "school_id"], unique=False)
    op.create_index(op.f("ix_link_pupil_id_school_id"), "link", ["pupil_id", "school_id"], unique=False)
    op.create_index(op.f("ix_link_school_id"), "link", ["school_id"], unique=False)
    op.create_table(
        "notice_version",
        sa.Column("id", BIG, nullable=False),
        sa.Column("school_id", BIG, nullable=False),
        sa.Column("notice_id", BIG, nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("author_id", BIG, nullable=False),
        sa.Column("slots_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["school_id", "author_id"],
            ["staff.school_id", "staff.id"],
            name=op.f("fk_notice_version_school_id_author_id"),
        ),
        sa.ForeignKeyConstraint(
            ["school_id", "notice_id"],
            ["notice.school_id", "notice.id"],
            name=op.f("fk_notice_version_school_id_notice_id"),
        ),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"], name=op.f("fk_notice_version_school_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notice_version")),
        sa.UniqueConstraint("id", "school_id", name=op.f("uq_notice_version_id_school_id")),
        sa.UniqueConstraint("notice_id", "n", "school_id", name=op.f("uq_notice_version_notice_id_n_school_id")),
    )
    op.create_table(
        "staff_right",
        sa.Column("id", BIG, nullable=False),
        sa.Column("school_id", BIG, nullable=False),
        sa.Column("staff_id", BIG, nullable=False),
        sa.Column(
            "role",
            sa.Enum("director", "office", "teacher", name="role", native_enum=False, create_constraint=True, length=24),
            nullable=False,
        ),
        sa.Column("class_id", BIG, nullable=True),
        sa.Column("from_on", sa.Date(), nullable=False),
        sa.Column("to_on", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(
            ["school_id", "class_id"],
            ["class_group.school_id", "class_group.id"],
            name=op.f("fk_staff_right_school_id_class_id"),
        ),
        sa.ForeignKeyConstraint(
            ["school_id", "staff_id"], ["staff.school_id", "staff.id"], name=op.f("fk_staff_right_school_id_staff_id")
        ),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"], name=op.f("fk_staff_right_school_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff_right")),
        sa.UniqueConstraint("id", "school_id", name=op.f("uq_staff_right_id_school_id")),
    )
    op.create_index(op.f("ix_staff_right_staff_id_school_id"), "staff_right", ["staff_id", "school_id"], unique=False)
    op.create_table(
        "stop",
        sa.Column("id", BIG, nullable=False),
        sa.Column("school_id", BIG, nullable=False),
        sa.Column("sender_id", BIG, nullable=False),
        sa.Column("address_id", BIG, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["school_id", "address_id"], ["address.school_id", "address.id"], name=op.f("fk_stop_school_id_address_id")
        ),
        sa.ForeignKeyConstraint(
            ["school_id", "sender_id"], ["sender.school_id", "sender.id"], name=op.f("fk_stop_school_id_sender_id")
        ),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"], name=op.f("fk_stop_school_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stop")),
        sa.UniqueConstraint(
            "address_id", "sender_id", "school_id", name=op.f("uq_stop_address_id_sender_id_school_id")
        ),
        sa.UniqueConstraint("id", "school_id", name=op.f("uq_stop_id_school_id")),
    )
    op.create_table(
        "thread",
        sa.Column("id", BIG, nullable=False),
        sa.Column("school_id", BIG, nullable=False),
        sa.Column("pupil_id", BIG, nullable=True),
        sa.Column("address_id", BIG, nullable=True),
        sa.Column("private_to", BIG, nullable=True),
        sa.Column("opened_at", MOMENT, nullable=False),
        sa.Column("keep_until", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(
            ["school_id", "address_id"],
            ["address.school_id", "address.id"],
            name=op.f("fk_thread_school_id_address_id"),
        ),
        sa.ForeignKeyConstraint(
            ["school_id", "private_to"], ["staff.school_id", "staff.id"], name=op.f("fk_thread_school_id_private_to")
        ),
        sa.ForeignKeyConstraint(
            ["school_id", "pupil_id"], ["pupil.school_id", "pupil.id"], name=op.f("fk_thread_school_id_pupil_id")
        ),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"], name=op.f("fk_thread_school_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_thread")),
        sa.UniqueConstraint("id", "school_id", name=op.f("uq_thread_id_school_id")),
    )
    op.create_index(op.f("ix_thread_pupil_id_school_id"), "thread", ["pupil_id", "school_id"], unique=False)
    op.create_index(op.f("ix_thread_school_id"), "thread", ["school_id"], unique=False)
    op.create_table(
        "tray_item",
        sa.Column("id", BIG, nullable=False),
        sa.Column("school_id", BIG, nullable=False),
        sa.Column(
            "matter",
            sa.Enum(
                "ambiguous_adult",
                "adult_of_barred_pupil",
                "left",
                "no_receipt",
                "unsure_sent",
                "sender_stopped",
                "wrong_number",
                "unmatched_reply",
                name="matter",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=False,
        ),
        sa.Column("subject_hash", sa.LargeBinary(), nullable=False),
        sa.Column("guardian_id", BIG, nullable=True),
        sa.Column("pupil_id", BIG, nullable=True),
        sa.Column("address_id", BIG, nullable=True),
        sa.Column("detail_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("opened_at", MOMENT, nullable=False),
        sa.Column("closed_at", MOMENT, nullable=True),
        sa.Column("closed_by", BIG, nullable=True),
        sa.Column("keep_until", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(
            ["school_id", "address_id"],
            ["address.school_id", "address.id"],
            name=op.f("fk_tray_item_school_id_address_id"),
        ),
        sa.ForeignKeyConstraint(
            ["school_id", "closed_by"], ["staff.school_id", "staff.id"], name=op.f("fk_tray_item_school_id_closed_by")
        ),
        sa.ForeignKeyConstraint(
            ["school_id", "guardian_id"],
            ["guardian.school_id", "guardian.id"],
            name=op.f("fk_tray_item_school_id_guardian_id"),
        ),
        sa.ForeignKeyConstraint(
            ["school_id", "pupil_id"], ["pupil.school_id", "pupil.id"], name=op.f("fk_tray_item_school_id_pupil_id")
        ),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"], name=op.f("fk_tray_item_school_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tray_item")),
        sa.UniqueConstraint("id", "school_id", name=op.f("uq_tray_item_id_school_id")),
    )
    op.create_index(op.f("ix_tray_item_school_id"), "tray_item", ["school_id"], unique=False)
    op.create_index(
        "uq_tray_item_open",
        "tray_item",
        ["school_id", "matter", "subject_hash"],
        unique=True,
        sqlite_where=sa.text("closed_at IS NULL"),
        postgresql_where=sa.text("closed_at IS NULL"),
    )
    op.create_table(
        "attempt",
        sa.Column("id", BIG, nullable=False),
        sa.Column("school_id", BIG, nullable=False),
        sa.Column("copy_id", BIG, nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("sender_id", BIG, nullable=False),
        sa.Column(
            "lane",
            sa.Enum("urgent", "routine", name="lane", native_enum=False, create_constraint=True, length=24),
            nullable=False,
        ),
        sa.Column(
            "state",
            sa.Enum(
                "ready",
                "claimed",
                "sending",
                "unknown",
                "accepted",
                "failed",
                "delivered",
                "withdrawn",
                name="attemptstate",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=False,
        ),
        sa.Column("due_at", MOMENT, nullable=False),
        sa.Column("look_at", MOMENT, nullable=True),
        sa.Column("claim", BIG, nullable=True),
        sa.Column("repeats", sa.Boolean(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("asked", sa.Integer(), nullable=False),
        sa.Column("sending_at", MOMENT, nullable=True),
        sa.Column("ended_at", MOMENT, nullable=True),
        sa.Column("provider_id", sa.String(length=255), nullable=True),
        sa.Column(
            "error_kind",
            sa.Enum(
                "temporary",
                "dead_address",
                "stopped",
                "rejected",
                "misconfigured",
                "unknown",
                name="errorkind",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=True,
        ),
        sa.Column("error_code", sa.String(length=40), nullable=True),
        sa.Column("segments", sa.Integer(), nullable=True),
        sa.Column("cost", sa.Integer(), nullable=True),
        sa.Column("text_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("text_hash", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(
            ["school_id", "copy_id"], ["copy.school_id", "copy.id"], name=op.f("fk_attempt_school_id_copy_id")
        ),
        sa.ForeignKeyConstraint(
            ["school_id", "sender_id"], ["sender.school_id", "sender.id"], name=op.f("fk_attempt_school_id_sender_id")
        ),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"], name=op.f("fk_attempt_school_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attempt")),
        sa.UniqueConstraint("copy_id", "n", "school_id", name=op.f("uq_attempt_copy_id_n_school_id")),
        sa.UniqueConstraint("id", "school_id", name=op.f("uq_attempt_id_school_id")),
    )
    op.create_index("ix_attempt_provider", "attempt", ["sender_id", "provider_id"], unique=False)
    op.create_index(
        "ix_attempt_to_send",
        "attempt",
        ["sender_id", "lane", "look_at"],
        unique=False,
        sqlite_where=sa.text("state IN ('ready', 'claimed')"),
        postgresql_where=sa.text("state IN ('ready', 'claimed')"),
    )
    op.create_index(
        "ix_attempt_to_settle",
        "attempt",
        ["look_at"],
        unique=False,
        sqlite_where=sa.text("state IN ('sending', 'unknown', 'accepted') AND look_at IS NOT NULL"),
        postgresql_where=sa.text("state IN ('sending', 'unknown', 'accepted') AND look_at IS NOT NULL"),
    )
    op.create_table(
        "call_task",
        sa.Column("id", BIG, nullable=False),
        sa.Column("school_id", BIG, nullable=False),
        sa.Column("delivery_id", BIG, nullable=False),
        sa.Column("owner_id", BIG, nullable=True),
        sa.Column("taken_at", MOMENT, nullable=True),
        sa.Column("opened_at", MOMENT, nullable=False),
        sa.Column("due_at", MOMENT, nullable=False),
        sa.Column(
            "outcome",
            sa.Enum(
                "reached",
                "no_answer",
                "wrong_number",
                "otherwise",
                name="calloutcome",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=True,
        ),
        sa.Column("done_at", MOMENT, nullable=True),
        sa.Column("done_by", BIG, nullable=True),
        sa.ForeignKeyConstraint(
            ["school_id", "delivery_id"],
            ["delivery.school_id", "delivery.id"],
            name=op.f("fk_call_task_school_id_delivery_id"),
        ),
        sa.ForeignKeyConstraint(
            ["school_id", "done_by"], ["staff.school_id", "staff.id"], name=op.f("fk_call_task_school_id_done_by")
        ),
        sa.ForeignKeyConstraint(
            ["school_id", "owner_id"], ["staff.school_id", "staff.id"], name=op.f("fk_call_task_school_id_owner_id")
        ),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"], name=op.f("fk_call_task_school_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_call_task")),
        sa.UniqueConstraint("id", "school_id", name=op.f("uq_call_task_id_school_id")),
    )
    op.create_index(op.f("ix_call_task_school_id"), "call_task", ["school_id"], unique=False)
    op.create_index(
        "uq_call_task_open",
        "call_task",
        ["delivery_id"],
        unique=True,
        sqlite_where=sa.text("done_at IS NULL"),
        postgresql_where=sa.text("done_at IS NULL"),
    )
    op.create_table(
        "copy_delivery",
        sa.Column("id", BIG, nullable=False),
        sa.Column("school_id", BIG, nullable=False),
        sa.Column("copy_id", BIG, nullable=False),
        sa.Column("delivery_id", BIG, nullable=False),
        sa.Column("rung", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["school_id", "copy_id"], ["copy.school_id", "copy.id"], name=op.f("fk_copy_delivery_school_id_copy_id")
        ),
        sa.ForeignKeyConstraint(
            ["school_id", "delivery_id"],
            ["delivery.school_id", "delivery.id"],
            name=op.f("fk_copy_delivery_school_id_delivery_id"),
        ),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"], name=op.f("fk_copy_delivery_school_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_copy_delivery")),
        sa.UniqueConstraint(
            "copy_id", "delivery_id", "school_id", name=op.f("uq_copy_delivery_copy_id_delivery_id_school_id")
        ),
        sa.UniqueConstraint("id", "school_id", name=op.f("uq_copy_delivery_id_school_id")),
    )
    op.create_index(op.f("ix_copy_delivery_delivery_id"), "copy_delivery", ["delivery_id"], unique=False)
    op.create_table(
        "delivery_pupil",
        sa.Column("id", BIG, nullable=False),
        sa.Column("school_id", BIG, nullable=False),
        sa.Column("delivery_id", BIG, nullable=False),
        sa.Column("pupil_id", BIG, nullable=False),
        sa.ForeignKeyConstraint(
            ["school_id", "delivery_id"],
            ["delivery.school_id", "delivery.id"],
            name=op.f("fk_delivery_pupil_school_id_delivery_id"),
        ),
        sa.ForeignKeyConstraint(
            ["school_id", "pupil_id"],
            ["pupil.school_id", "pupil.id"],
            name=op.f("fk_delivery_pupil_school_id_pupil_id"),
        ),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"], name=op.f("fk_delivery_pupil_school_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delivery_pupil")),
        sa.UniqueConstraint(
            "delivery_id", "pupil_id", "school_id", name=op.f("uq_delivery_pupil_delivery_id_pupil_id_school_id")
        ),
        sa.UniqueConstraint("id", "school_id", name=op.f("uq_delivery_pupil_id_school_id")),
    )
    op.create_index(
        op.f("ix_delivery_pupil_pupil_id_school_id"), "delivery_pupil", ["pupil_id", "school_id"], unique=False
    )
    op.create_table(
        "page_link",
        sa.Column("id", BIG, nullable=False),
        sa.Column("school_id", BIG, nullable=False),
        sa.Column("code_hash", sa.LargeBinary(), nullable=False),
        sa.Column("copy_id", BIG, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("revoked_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(
            ["school_id", "copy_id"], ["copy.school_id", "copy.id"], name=op.f("fk_page_link_school_id_copy_id")
        ),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"], name=op.f("fk_page_link_school_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_page_link")),
        sa.UniqueConstraint("code_hash", name=op.f("uq_page_link_code_hash")),
        sa.UniqueConstraint("id", "school_id", name=op.f("uq_page_link_id_school_id")),
    )
    op.create_index(op.f("ix_page_link_copy_id"), "page_link", ["copy_id"], unique=False)
    op.create_table(
        "reply",
        sa.Column("id", BIG, nullable=False),
        sa.Column("school_id", BIG, nullable=False),
        sa.Column("sender_id", BIG, nullable=False),
        sa.Column("provider_key", sa.String(length=255), nullable=False),
        sa.Column(
            "channel",
            sa.Enum(
                "sms",
                "email",
                "push",
                "chat",
                "voice",
                "letter",
                name="channelname",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=False,
        ),
        sa.Column("thread_id", BIG, nullable=True),
        sa.Column("address_id", BIG, nullable=True),
        sa.Column("notice_id", BIG, nullable=True),
        sa.Column("guardian_id", BIG, nullable=True),
        sa.Column("words_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("received_at", MOMENT, nullable=False),
        sa.Column("keep_until", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(
            ["school_id", "address_id"], ["address.school_id", "address.id"], name=op.f("fk_reply_school_id_address_id")
        ),
        sa.ForeignKeyConstraint(
            ["school_id", "guardian_id"],
            ["guardian.school_id", "guardian.id"],
            name=op.f("fk_reply_school_id_guardian_id"),
        ),
        sa.ForeignKeyConstraint(
            ["school_id", "notice_id"], ["notice.school_id", "notice.id"], name=op.f("fk_reply_school_id_notice_id")
        ),
        sa.ForeignKeyConstraint(
            ["school_id", "sender_id"], ["sender.school_id", "sender.id"], name=op.f("fk_reply_school_id_sender_id")
        ),
        sa.ForeignKeyConstraint(
            ["school_id", "thread_id"], ["thread.school_id", "thread.id"], name=op.f("fk_reply_school_id_thread_id")
        ),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"], name=op.f("fk_reply_school_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reply")),
        sa.UniqueConstraint("id", "school_id", name=op.f("uq_reply_id_school_id")),
        sa.UniqueConstraint(
            "sender_id", "provider_key", "school_id", name=op.f("uq_reply_sender_id_provider_key_school_id")
        ),
    )
    op.create_index(op.f("ix_reply_thread_id_school_id"), "reply", ["thread_id", "school_id"], unique=False)
    op.create_table(
        "receipt",
        sa.Column("id", BIG, nullable=False),
        sa.Column("school_id", BIG, nullable=False),
        sa.Column("attempt_id", BIG, nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("error_code", sa.String(length=20), nullable=False),
        sa.Column("received_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["school_id", "attempt_id"],
            ["attempt.school_id", "attempt.id"],
            name=op.f("fk_receipt_school_id_attempt_id"),
        ),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"], name=op.f("fk_receipt_school_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_receipt")),
        sa.UniqueConstraint(
            "attempt_id",
            "status",
            "error_code",
            "school_id",
            name=op.f("uq_receipt_attempt_id_status_error_code_school_id"),
        ),
        sa.UniqueConstraint("id", "school_id", name=op.f("uq_receipt_id_school_id")),
    )

    connection = op.get_bind()
    if connection.dialect.name == "sqlite":
        for act in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER audit_is_kept_{act.lower()} BEFORE {act} ON audit "
                "BEGIN SELECT RAISE(ABORT, 'the audit is only ever added to'); END"
            )
        return
    make_roles(connection)
    for table in ABOVE_SCHOOLS:
        open_table(connection, table)
    raise_wall(connection, "school", column="id")
    for table in WALLED:
        raise_wall(connection, table)
    raise_wall(connection, "audit", rights="SELECT, INSERT")
    open_table(connection, "alembic_version", rights="SELECT")


def downgrade() -> None:
    """There is no way back from the first."""
    raise NotImplementedError("restore a backup instead")
