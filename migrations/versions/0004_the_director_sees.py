"""What the second step keeps: which notice follows which, invitations to a chat or a browser, discreet addresses, deputies."""

import sqlalchemy as sa
from alembic import op

from hub.walls import raise_wall

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)
ROLES = ("director", "office", "teacher", "deputy")


def upgrade() -> None:
    """Make the tables and their walls; let a right be a deputy's."""
    op.create_table(
        "notice_follow",
        sa.Column("id", BIG, nullable=False),
        sa.Column("school_id", BIG, nullable=False),
        sa.Column("notice_id", BIG, nullable=False),
        sa.Column("before_id", BIG, nullable=False),
        sa.Column("how", _one_of("follows", "correction", "withdrawal", "reminder", "update"), nullable=False),
        sa.ForeignKeyConstraint(
            ["school_id", "before_id"],
            ["notice.school_id", "notice.id"],
            name=op.f("fk_notice_follow_school_id_before_id"),
        ),
        sa.ForeignKeyConstraint(
            ["school_id", "notice_id"],
            ["notice.school_id", "notice.id"],
            name=op.f("fk_notice_follow_school_id_notice_id"),
        ),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"], name=op.f("fk_notice_follow_school_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notice_follow")),
        sa.UniqueConstraint("id", "school_id", name=op.f("uq_notice_follow_id_school_id")),
        sa.UniqueConstraint("notice_id", "school_id", name=op.f("uq_notice_follow_notice_id_school_id")),
    )
    op.create_index(op.f("ix_notice_follow_before_id_school_id"), "notice_follow", ["before_id", "school_id"])
    op.create_table(
        "invitation",
        sa.Column("id", BIG, nullable=False),
        sa.Column("school_id", BIG, nullable=False),
        sa.Column("guardian_id", BIG, nullable=False),
        sa.Column("medium", _one_of("medium", "phone", "mailbox", "chat", "push"), nullable=False),
        sa.Column("code_hash", sa.LargeBinary(), nullable=False),
        sa.Column("copy_id", BIG, nullable=True),
        sa.Column("made_by", BIG, nullable=True),
        sa.Column("address_id", BIG, nullable=True),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("used_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(
            ["school_id", "address_id"],
            ["address.school_id", "address.id"],
            name=op.f("fk_invitation_school_id_address_id"),
        ),
        sa.ForeignKeyConstraint(
            ["school_id", "copy_id"], ["copy.school_id", "copy.id"], name=op.f("fk_invitation_school_id_copy_id")
        ),
        sa.ForeignKeyConstraint(
            ["school_id", "guardian_id"],
            ["guardian.school_id", "guardian.id"],
            name=op.f("fk_invitation_school_id_guardian_id"),
        ),
        sa.ForeignKeyConstraint(
            ["school_id", "made_by"], ["staff.school_id", "staff.id"], name=op.f("fk_invitation_school_id_made_by")
        ),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"], name=op.f("fk_invitation_school_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invitation")),
        sa.UniqueConstraint("code_hash", name=op.f("uq_invitation_code_hash")),
        sa.UniqueConstraint("id", "school_id", name=op.f("uq_invitation_id_school_id")),
    )
    op.create_index(op.f("ix_invitation_guardian_id_school_id"), "invitation", ["guardian_id", "school_id"])
    op.create_index(op.f("ix_invitation_copy_id_school_id"), "invitation", ["copy_id", "school_id"])
    op.add_column("address", sa.Column("discreet", sa.Boolean(), server_default=sa.false(), nullable=False))
    connection = op.get_bind()
    if connection.dialect.name == "postgresql":
        op.drop_constraint(op.f("ck_staff_right_role"), "staff_right", type_="check")
        op.create_check_constraint(op.f("ck_staff_right_role"), "staff_right", f"role IN {ROLES}")
        for table in ("notice_follow", "invitation"):
            raise_wall(connection, table)
    else:
        _widen_roles()


def _widen_roles() -> None:
    """SQLite changes no CHECK in place: the rights move into a new table of the same name."""
    op.create_table(
        "staff_right_wider",
        sa.Column("id", BIG, nullable=False),
        sa.Column("school_id", BIG, nullable=False),
        sa.Column("staff_id", BIG, nullable=False),
        sa.Column("role", _one_of("role", *ROLES), nullable=False),
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
    columns = "id, school_id, staff_id, role, class_id, from_on, to_on"
    op.execute(f"INSERT INTO staff_right_wider ({columns}) SELECT {columns} FROM staff_right")  # noqa: S608 (our own words)
    op.drop_table("staff_right")
    op.rename_table("staff_right_wider", "staff_right")
    op.create_index(op.f("ix_staff_right_staff_id_school_id"), "staff_right", ["staff_id", "school_id"])


def _one_of(name: str, *words: str) -> sa.Enum:
    return sa.Enum(*words, name=name, native_enum=False, create_constraint=True, length=24)


def downgrade() -> None:
    """Let them go. The CHECK on staff_right.role keeps the new word: no right may bear it any more."""
    walled = op.get_bind().dialect.name == "postgresql"
    if walled:  # the owner is in no school, and would see no row
        op.execute("ALTER TABLE staff_right NO FORCE ROW LEVEL SECURITY")
    op.execute("DELETE FROM staff_right WHERE role = 'deputy'")
    if walled:
        op.execute("ALTER TABLE staff_right FORCE ROW LEVEL SECURITY")
    op.drop_column("address", "discreet")
    op.drop_table("invitation")
    op.drop_table("notice_follow")
