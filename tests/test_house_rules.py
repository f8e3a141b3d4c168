"""The rules of the house, walked through room by room: what a reviewer would otherwise have to remember."""

import ast
import inspect
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, Table, UniqueConstraint
from sqlalchemy.ext.asyncio import create_async_engine
from sqlmodel import SQLModel

from hub.models import WINGS, metadata
from hub.models.base import Kept

ROOT = Path(__file__).resolve().parent.parent
ROOMS = ("hub", "channels", "bot", "scheduler", "web", "i18n", "sandbox", "cli")
APART = {"node_modules", "__pycache__", "vendor", "build", "out"}
LONGEST = 300
"""Lines of a file; longer, and it is two rooms."""


def files(*endings: str) -> Iterator[Path]:
    """Walk the house, without what is made or fetched."""
    for path in sorted(ROOT.rglob("*")):
        inside = path.relative_to(ROOT).parts
        hidden = any(part.startswith(".") and part != ".ci" for part in inside)
        if hidden or APART & set(inside) or any(part.endswith(".egg-info") for part in inside):
            continue
        if path.is_file() and (not endings or path.suffix in endings):
            yield path


def python_files(*rooms: str) -> list[Path]:
    return [path for path in files(".py") if not rooms or path.relative_to(ROOT).parts[0] in rooms]


def shown(path: Path) -> str:
    return str(path.relative_to(ROOT))


def tables() -> list[Table]:
    return list(metadata.sorted_tables)


def models() -> list[type[SQLModel]]:
    return [
        model
        for wing in WINGS
        for _, model in inspect.getmembers(wing, inspect.isclass)
        if issubclass(model, SQLModel) and model.__module__ == wing.__name__ and hasattr(model, "__table__")
    ]


def test_every_file_opens_with_what_the_room_is_for() -> None:
    silent = [shown(path) for path in python_files() if not ast.get_docstring(ast.parse(path.read_text("utf-8")))]

    assert silent == []


def test_no_file_is_two_rooms() -> None:
    long = {shown(path): len(path.read_text("utf-8").splitlines()) for path in python_files(*ROOMS)}

    assert {name: lines for name, lines in long.items() if lines > LONGEST} == {}


def test_no_name_says_nothing() -> None:
    empty = re.compile(r"(Manager|Service|Helper|Utils?|Common)$")
    classes = [
        f"{shown(path)}: {node.name}"
        for path in python_files(*ROOMS)
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.ClassDef) and empty.search(node.name)
    ]
    rooms = [
        shown(path) for path in python_files(*ROOMS) if path.stem in {"utils", "util", "common", "helpers", "misc"}
    ]

    assert classes + rooms == []


def test_only_the_command_line_prints() -> None:
    loud = [
        f"{shown(path)}:{node.lineno}"
        for path in python_files(*(set(ROOMS) - {"cli"}))
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"
    ]

    assert loud == []


def test_a_rule_of_the_school_never_looks_at_the_clock() -> None:
    """`now` is given to it; only the registry office (hub/database.py) reads a clock."""
    clocks = {("datetime", "now"), ("datetime", "utcnow"), ("date", "today"), ("time", "time")}
    looking = [
        f"{shown(path)}:{node.lineno}"
        for path in python_files("hub")
        if path.name != "database.py"
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and isinstance(node.func.value, ast.Name)
        and (node.func.value.id, node.func.attr) in clocks
    ]

    assert looking == []


def test_every_exception_from_a_rule_says_why() -> None:
    """`# noqa: CODE (why)` or `# noqa: CODE - why`, and the same for the type checker."""
    allowed = re.compile(r"#\s*(noqa: [A-Z0-9]+(, ?[A-Z0-9]+)*|type: ignore\[[a-z, -]+\])\s*(\(|-|–|#)\s*\S.*")
    bare = []
    for path in python_files(*ROOMS, "migrations", "bench", "scripts"):
        with tokenize.open(path) as file:
            comments = [token for token in tokenize.generate_tokens(file.readline) if token.type == tokenize.COMMENT]
        bare += [
            f"{shown(path)}:{token.start[0]}"
            for token in comments
            if re.search(r"noqa\b|type: ignore", token.string) and not allowed.search(token.string)
        ]
    rules = (ROOT / "pyproject.toml").read_text("utf-8").split("[tool.ruff.lint]")[1].split("[tool.mypy]")[0]
    off = rules[rules.index("ignore = [") :].splitlines()[1:]
    listed = off[: off.index("]")] + [line for line in off if line.startswith('"')]
    bare += [line.strip() for line in listed if "#" not in line and "RUF00" not in line]

    assert bare == []


def test_nothing_is_left_for_later() -> None:
    later = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
    found = [
        f"{shown(path)}:{number}"
        for path in files(".py", ".html", ".css", ".js", ".sh", ".txt")
        if path != Path(__file__).resolve()
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
        if later.search(line)
    ]

    assert found == []


def test_no_file_knows_whose_machine_it_was_written_on() -> None:
    homes = [r"(?<!hub)/home/\w", r"/Users/\w", r"/root\b", r"C:\\\\Users"]
    if len(ROOT.parts) > 2:
        homes.append(re.escape(str(ROOT)) + r"\b")
    found = [
        f"{shown(path)}: {match[0]}"
        for path in files()
        if path != Path(__file__).resolve() and path.suffix not in {".png", ".woff2", ".ico", ".jpg"}
        for match in [re.search("|".join(homes), path.read_text("utf-8", errors="replace"))]
        if match
    ]

    assert found == []


def test_what_is_fetched_is_pinned_and_its_source_is_not() -> None:
    """A lock names versions and hashes; from where they come is the business of each machine."""
    lock = (ROOT / "requirements.lock").read_text("utf-8")
    nodes = (ROOT / "tests" / "node" / "package-lock.json").read_text("utf-8")

    assert not re.search(r"://|index-url|trusted-host|find-links", lock)
    assert '"resolved"' not in nodes
    pinned = re.findall(r"^[a-z0-9][\w.-]*(?:\[[\w,-]+\])?==", lock, re.MULTILINE)
    assert len(pinned) == len(re.findall(r"^\S", re.sub(r"^#.*\n", "", lock, flags=re.MULTILINE), re.MULTILINE))


@pytest.mark.parametrize("model", models(), ids=lambda model: model.__name__)
def test_every_table_says_why_and_how_long_it_keeps(model: type[SQLModel]) -> None:
    assert isinstance(getattr(model, "__kept__", None), Kept)


def test_every_table_is_in_a_wing() -> None:
    assert {model.__tablename__ for model in models()} == set(metadata.tables)


def test_no_row_can_point_into_another_school() -> None:
    """Composite keys: whatever the code does, (school_id, id) must exist in the same school."""
    walled = {table.name for table in tables() if "school_id" in table.columns}
    faults = []
    for table in tables():
        if table.name not in walled:
            continue
        keys = [set(one.columns.keys()) for one in table.constraints if isinstance(one, UniqueConstraint)]
        if {"school_id", "id"} not in keys:
            faults.append(f"{table.name}: (school_id, id) is not unique")
        faults += [
            f"{table.name} -> {tie.referred_table.name}: not tied to the school"
            for tie in table.foreign_key_constraints
            if tie.referred_table.name in walled and "school_id" not in tie.column_keys
        ]

    assert faults == []


def test_only_what_stands_above_schools_has_no_school() -> None:
    above = {table.name for table in tables() if "school_id" not in table.columns}

    assert above == {"school", "organisation", "family_login", "family_code", "sign_in_failure", "process"}


FORGOTTEN_BY_THE_THOUSAND = {"data_key", "notice", "delivery", "copy", "attempt", "reply"}
"""What a year leaves, and its end forgets: before each goes, a database looks who still points at it."""


def test_whoever_points_at_what_a_year_leaves_is_found_by_an_index() -> None:
    missing = []
    for table in metadata.sorted_tables:
        begins = {next(iter(one.columns)).name for one in table.constraints if isinstance(one, UniqueConstraint)}
        begins |= {
            next(iter(one.columns)).name for one in table.indexes if one.dialect_options["postgresql"]["where"] is None
        }
        for tie in table.foreign_key_constraints:
            points = list(tie.columns)[-1].name
            if tie.referred_table.name in FORGOTTEN_BY_THE_THOUSAND and points not in begins:
                missing.append(f"{table.name}.{points}")

    assert missing == []


async def test_the_migrations_build_what_the_models_say(database_url: str) -> None:
    def differences(connection: Connection) -> list[object]:
        return compare_metadata(MigrationContext.configure(connection, opts={"compare_type": True}), metadata)

    engine = create_async_engine(database_url)
    async with engine.connect() as connection:
        found = await connection.run_sync(differences)
    await engine.dispose()

    assert found == []
