"""The command line: what it answers to a person and to a program, and what it refuses in one sentence."""

import asyncio
import json
import os
import shutil
import socket
import sqlite3
import subprocess
import sys
from base64 import b64encode
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import typer
from sqlalchemy import text

from bench.postgres import free_port
from cli.checkup import checkup
from cli.finding import State
from cli.main import front_desk
from cli.saying import many
from hub.database import Database
from hub.models.school import Role
from hub.people.importing import import_onde
from hub.people.schools import add_sender, open_school
from hub.people.staff import add_staff
from hub.ports import ChannelName
from hub.sealing import Keyring
from sandbox.families import make_school

COMMAND = [sys.executable, "-P", "-c", "from cli.main import run; run()"]
FORKING = """
import json, os, sys
import cli.checkup, cli.desk, cli.press, hub.notices.reach, hub.people.erasure, hub.people.importing, i18n.rendering
from cli.main import run

for line in sys.stdin:
    words, environment, folder = json.loads(line)
    child = os.fork()
    if child == 0:
        os.chdir(folder)
        os.environ.clear()
        os.environ.update(environment)
        for number, name in enumerate(("in", "out", "err")):
            os.dup2(os.open(name, os.O_RDONLY if name == "in" else os.O_WRONLY | os.O_CREAT | os.O_TRUNC), number)
        sys.stdin, sys.stdout, sys.stderr = open(0), open(1, "w"), open(2, "w")
        sys.argv = ["passerelle", *words]
        run()
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""
"""Imports once what a command imports each time, and forks for each command: the same process, a second earlier."""
BOSS = "direction@trois-ponts.test"


@dataclass(frozen=True)
class Said:
    """What a command came to."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out.splitlines()[-1])

    @property
    def lines(self) -> list[Any]:
        return [json.loads(line) for line in self.out.splitlines()]


@dataclass(frozen=True)
class Installation:
    """A folder with registers and a key; `passerelle` asks its command line, as a shell would."""

    folder: Path
    clerk: "subprocess.Popen[str]"

    @property
    def url(self) -> str:
        return f"sqlite+aiosqlite:///{self.folder / 'hub.db'}"

    def passerelle(self, *words: str, stdin: str | bytes = b"", **environment: str) -> Said:
        given = {name: value for name, value in os.environ.items() if not name.startswith("PASSERELLE_")}
        given |= {"PASSERELLE_DATABASE_URL": self.url, "PASSERELLE_DATA_DIR": str(self.folder)}
        given |= {f"PASSERELLE_{name}": value for name, value in environment.items()}
        given["PASSERELLE_MASTER_KEYS"] = environment.get("MASTER_KEYS", f"1:{b64encode(b'k' * 32).decode()}")
        (self.folder / "in").write_bytes(stdin.encode() if isinstance(stdin, str) else stdin)
        assert self.clerk.stdin
        assert self.clerk.stdout
        self.clerk.stdin.write(json.dumps([words, given, str(self.folder)]) + "\n")
        self.clerk.stdin.flush()
        code = int(self.clerk.stdout.readline())
        return Said(code, (self.folder / "out").read_text("utf-8"), (self.folder / "err").read_text("utf-8"))

    def rows(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(self.folder / "hub.db")) as connection:
            return connection.execute(sql, values).fetchall()


@pytest.fixture(scope="module")
def clerk() -> Iterator["subprocess.Popen[str]"]:
    """The process that answers one command after the other."""
    command = [sys.executable, "-P", "-c", FORKING]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield process
        assert process.stdin
        process.stdin.close()


@pytest.fixture
def bare(tmp_path: Path, clerk: "subprocess.Popen[str]") -> Installation:
    """An installation that nobody has set up."""
    return Installation(tmp_path, clerk)


@pytest.fixture(scope="module")
def furnished(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path, keyring: Keyring) -> Path:
    """Registers of a school with families, to be copied for each test."""
    folder = tmp_path_factory.mktemp("furnished")
    shutil.copy(sqlite_template, folder / "hub.db")
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, _furnish(f"sqlite+aiosqlite:///{folder / 'hub.db'}", keyring)).result()
    return folder / "hub.db"


async def _furnish(url: str, keyring: Keyring) -> None:
    now, families = datetime.now(UTC), make_school(pupils=30)
    database = Database(url)
    async with database.engine() as connection:
        school = await open_school(
            connection, keyring, slug="trois-ponts", name="École des Trois-Ponts", short_name="Trois-Ponts",
            phone="02 61 91 00 00", day=now.date(),
        )  # fmt: skip
        # these tests run at any hour
        await connection.execute(text("UPDATE school SET silent_from = NULL, silent_to = NULL"))
    async with database.school(school.key) as session:
        await add_staff(session, keyring, school.key, email=BOSS, role=Role.DIRECTOR, from_on=now.date())
        await add_sender(
            session, keyring, school.key, channel=ChannelName.SMS, provider="twilio", address="+33937000100"
        )
        await import_onde(
            session, keyring, school, pupils=families.pupils_csv, guardians=families.guardians_csv, full=True, now=now
        )
    await database.close()


@pytest.fixture
def school(tmp_path: Path, furnished: Path, clerk: "subprocess.Popen[str]") -> Installation:
    """A school of thirty pupils, one director, one SMS sender."""
    shutil.copy(furnished, tmp_path / "hub.db")
    return Installation(tmp_path, clerk)


def refused(said: Said, *, code: int = 1) -> str:
    """The one line on stderr of a command that did nothing."""
    assert said.code == code, said
    assert said.out == ""
    (line,) = said.err.splitlines()
    return line


# --- inspect -------------------------------------------------------------------------------------------------------


def test_a_text_is_counted_as_the_networks_do(bare: Installation) -> None:
    said = bare.passerelle("inspect", "sms", stdin='"Bonjour"\n"fête"\n"' + "a" * 161 + '"\n')

    assert said.code == 0
    assert said.lines == [
        {"encoding": "GSM-7", "units": 7, "segments": 1},
        {"encoding": "UCS-2", "units": 4, "segments": 1},
        {"encoding": "GSM-7", "units": 161, "segments": 2},
    ]


@pytest.mark.parametrize("line", ["Bonjour", "12", "null", '"open', "", "[" * 3000, '{"a": "b"}', "\udcff"])
def test_a_bad_line_gets_its_error_and_stops_nothing(bare: Installation, line: str) -> None:
    said = bare.passerelle("inspect", "sms", stdin=f'"a"\n{line}\n"b"\n'.encode("utf-8", "surrogateescape"))

    assert said.code == 0
    first, bad, last = said.lines
    assert (first["units"], last["units"]) == (1, 1)
    assert set(bad) == {"error"}


def test_a_line_feed_within_a_text_is_not_the_end_of_a_line(bare: Installation) -> None:
    said = bare.passerelle("inspect", "sms", stdin='"a\\nb"\r\n"c\x85d"\n"e\u2028f"')

    assert [answer["units"] for answer in said.lines] == [3, 3, 3]


def test_telephone_numbers_are_read_one_a_line(bare: Installation) -> None:
    said = bare.passerelle("inspect", "phone", stdin="06 39 98 10 00\nmaman\n\n+33 1 99 00 12 34\n")

    assert said.code == 0
    assert said.lines[0] == {"e164": "+33639981000", "kind": "mobile"}
    assert [set(answer) for answer in said.lines[1:3]] == [{"error"}, {"error"}]
    assert said.lines[3] == {"e164": "+33199001234", "kind": "landline"}


def test_a_number_is_read_as_in_the_schools_country(bare: Installation) -> None:
    said = bare.passerelle("inspect", "phone", "--region", "de", "--json", stdin="01512 3456789\n")

    assert said.lines == [{"e164": "+4915123456789", "kind": "mobile"}]


def test_a_region_is_two_letters(bare: Installation) -> None:
    assert "--region" in refused(bare.passerelle("inspect", "phone", "--region", "France"), code=2)


def test_a_mail_is_read_with_our_own_address_taken_from_to(bare: Installation) -> None:
    (bare.folder / "answer.eml").write_bytes(
        b"From: odile@familles.test\r\nTo: reponse+k.12.abc@ecole.test\r\nSubject: Re: Sortie\r\n"
        b"Content-Type: text/plain; charset=utf-8\r\n\r\nOui, merci.\r\n\r\n> Sortie jeudi ?\r\n"
    )

    said = bare.passerelle("inspect", "email", "answer.eml")

    assert said.lines == [
        {"file": "answer.eml", "reply": "Oui, merci.", "auto_reply": False, "bounce": None, "token": "k.12.abc"}
    ]


def test_a_mail_that_is_missing_does_not_hide_the_others(bare: Installation) -> None:
    (bare.folder / "empty.eml").write_bytes(b"")

    said = bare.passerelle("inspect", "email", "missing.eml", "empty.eml")

    assert said.code == 1
    assert [set(answer) >= {"file"} for answer in said.lines] == [True, True]
    assert "error" in said.lines[0]
    assert said.lines[1]["reply"] in (None, "")
    assert len(said.err.splitlines()) == 1


def test_ten_thousand_texts_take_a_moment(bare: Installation) -> None:
    said = bare.passerelle("inspect", "sms", stdin='"École des Trois-Ponts : jeudi à 9 h"\n' * 10_000)

    assert len(said.out.splitlines()) == 10_000


def test_inspect_opens_no_registers_and_knows_no_provider() -> None:
    """It must start at once: nothing that takes long may be imported."""
    script = "import sys; from cli.main import answer; answer(['inspect', 'phone']); print(*sorted(sys.modules))"
    done = subprocess.run([sys.executable, "-P", "-c", script], input=b"", capture_output=True, check=True, timeout=60)
    loaded = set(done.stdout.decode().split())

    assert not loaded & {
        "sqlalchemy",
        "sqlmodel",
        "twilio",
        "aiohttp",
        "fastapi",
        "cryptography",
        "alembic",
        "structlog",
    }


# --- the desk ------------------------------------------------------------------------------------------------------


def commands() -> list[tuple[str, ...]]:
    def walk(group: Any, path: tuple[str, ...]) -> list[tuple[str, ...]]:
        found = []
        for name, command in group.commands.items():
            found += walk(command, (*path, name)) if hasattr(command, "commands") else [(*path, name)]
        return found

    return walk(typer.main.get_command(front_desk()), ())


def test_the_contract_names_these_commands() -> None:
    assert {" ".join(path) for path in commands()} >= {
        "demo", "serve", "worker", "migrate", "backup", "restore", "staff add", "import onde", "send", "reach",
        "inspect sms", "inspect phone", "inspect email", "doctor", "school add", "sender add", "erase guardian",
        "erase pupil",
    }  # fmt: skip


@pytest.mark.parametrize("path", commands(), ids=" ".join)
def test_every_command_answers_in_json_when_asked(path: tuple[str, ...]) -> None:
    command: Any = typer.main.get_command(front_desk())
    for name in path:
        command = command.commands[name]

    assert "--json" in {option for parameter in command.params for option in parameter.opts}


@pytest.mark.parametrize(
    "words",
    [(), ("nothing",), ("send",), ("reach", "twelve"), ("inspect",), ("staff", "add", "--role", "king"), ("--frob",)],
    ids=" ".join,
)
def test_what_is_not_understood_is_said_in_one_line(bare: Installation, words: tuple[str, ...]) -> None:
    assert refused(bare.passerelle(*words), code=2).startswith("passerelle: ")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ((), "Il manque une commande : passerelle --help les donne."),
        (("nothing",), "La commande « nothing » n'existe pas : passerelle --help les donne."),
        (("reach", "twelve"), "AVIS est un nombre entier."),
        (("reach", "0"), "AVIS est au moins 1."),
        (("reach", "1", "2"), "Trop de mots : 2."),
        (("reach", "1", "--frob"), "L'option --frob n'existe pas."),
        (("staff", "add", "--role", "king"), "--role est l'un de ceux-ci : 'director', 'office', 'teacher', 'deputy'."),
        (("staff", "add", "--role", "office"), "Il manque --email."),
        (("send", "--kind"), "L'option --kind attend une valeur."),
        (("doctor", "--json=1"), "L'option --json ne prend pas de valeur."),
        (("send", "--kind", "absence", "--to", "x", "--day", "x"), "--day est un jour, écrit comme 2026-11-25."),
        (("sender", "add", "--channel", "sms", "--address", "x", "--rate", "z"), "--rate est un nombre."),
        (("inspect", "phone", "--region", "France"), "--region : un pays s'écrit en deux lettres, comme FR."),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_it_is_said_in_french_as_all_the_rest(bare: Installation, words: tuple[str, ...], sentence: str) -> None:
    assert refused(bare.passerelle(*words), code=2) == f"passerelle: {sentence}"


def test_without_registers_the_first_step_is_named(bare: Installation) -> None:
    assert "passerelle migrate" in refused(bare.passerelle("reach", "1"))
    assert not (bare.folder / "hub.db").exists()


def test_a_setting_that_is_not_understood_is_named_without_its_value(bare: Installation) -> None:
    line = refused(bare.passerelle("reach", "1", LEASE="s3cret"))

    assert "PASSERELLE_LEASE" in line
    assert "s3cret" not in line


def test_a_lease_that_covers_no_sending_is_refused(bare: Installation) -> None:
    line = refused(bare.passerelle("reach", "1", LEASE="10", SEND_DEADLINE="10"))

    assert (
        line
        == "passerelle: Réglage mal compris : PASSERELLE_SEND_DEADLINE ; gardez-le plus court que PASSERELLE_LEASE."
    )


def test_a_database_that_does_not_answer_is_one_sentence(bare: Installation) -> None:
    line = refused(bare.passerelle("reach", "1", DATABASE_URL="postgresql+asyncpg://hub:s3cret@127.0.0.1:1/hub"))

    assert "ne répond pas" in line
    assert "s3cret" not in line


@pytest.mark.parametrize("process", ["serve", "worker"])
def test_a_process_that_cannot_start_says_why_in_one_sentence(bare: Installation, process: str) -> None:
    there = {"LISTEN": f"127.0.0.1:{free_port()}"}
    unreadable = refused(bare.passerelle(process, LEASE="s3cret"))
    away = refused(bare.passerelle(process, DATABASE_URL="postgresql+asyncpg://hub:s3cret@127.0.0.1:1/hub", **there))
    nowhere = refused(bare.passerelle(process, DATABASE_URL=f"sqlite+aiosqlite:///{bare.folder}/gone/hub.db", **there))

    assert "PASSERELLE_LEASE" in unreadable
    assert "ne répond pas" in away
    assert "dossier" in nowhere
    assert "s3cret" not in unreadable + away


@pytest.mark.parametrize("process", ["serve", "worker"])
def test_a_process_whose_master_keys_open_nothing_does_not_start(school: Installation, process: str) -> None:
    there = {"LISTEN": f"127.0.0.1:{free_port()}"}
    other = refused(school.passerelle(process, MASTER_KEYS=f"1:{b64encode(b'x' * 32).decode()}", **there))
    missing = refused(school.passerelle(process, MASTER_KEYS=f"2:{b64encode(b'k' * 32).decode()}", **there))

    assert "sous une autre clé maîtresse (version 1)" in other
    assert "sous une autre clé maîtresse (version 1)" in missing


def test_a_command_under_the_wrong_key_writes_nothing(school: Installation) -> None:
    said = school.passerelle(
        "staff", "add", "--email", "autre@trois-ponts.test", "--role", "office",
        MASTER_KEYS=f"1:{b64encode(b'x' * 32).decode()}",
    )  # fmt: skip

    assert "clé maîtresse" in refused(said)
    assert school.rows("SELECT count(*) FROM staff") == [(1,)]


def test_a_port_that_is_taken_is_one_sentence(bare: Installation) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        line = refused(bare.passerelle("serve", LISTEN=f"127.0.0.1:{other.getsockname()[1]}"))

    assert "un autre programme y écoute déjà" in line
    assert not (bare.folder / "hub.db").exists()


@pytest.mark.parametrize("proxies", ["*", "0.0.0.0/0", "::/0", "10.0.0.1,*", "s3cret"])
def test_not_everybody_may_say_who_a_visitor_is(bare: Installation, proxies: str) -> None:
    line = refused(bare.passerelle("serve", FORWARDED_ALLOW_IPS=proxies))

    assert "PASSERELLE_FORWARDED_ALLOW_IPS" in line
    assert "jamais tout le monde" in line
    assert "s3cret" not in line


@pytest.mark.parametrize("listen", ["8000", "localhost", "127.0.0.1:99999", ":8000"])
def test_a_place_to_listen_is_a_host_and_a_port(bare: Installation, listen: str) -> None:
    assert "PASSERELLE_LISTEN" in refused(bare.passerelle("serve", LISTEN=listen))


def test_words_that_are_not_utf8_are_refused(school: Installation) -> None:
    words = [os.fsencode(word) for word in ("send", "--kind", "urgent", "--to", "school", "--as", BOSS, "--text")]
    given = {"PASSERELLE_DATABASE_URL": school.url, "PATH": os.environ["PATH"]}
    done = subprocess.run([*COMMAND, *words, b"caf\xe9"], check=False, capture_output=True, timeout=60, env=given)

    assert (done.returncode, done.stdout) == (2, b"")


# --- setting up ----------------------------------------------------------------------------------------------------


def test_a_school_is_set_up_from_nothing(bare: Installation) -> None:
    assert bare.passerelle("migrate", "--json").json["revision"]
    opened = bare.passerelle(
        "school", "add", "--slug", "trois-ponts", "--name", "École des Trois-Ponts", "--short-name", "Trois-Ponts",
        "--phone", "02 61 91 00 00", "--json",
    )  # fmt: skip
    added = bare.passerelle("staff", "add", "--email", BOSS, "--role", "director", "--json")
    again = bare.passerelle("staff", "add", "--email", BOSS.upper(), "--role", "director", "--json")

    assert opened.json == {"school": 1, "slug": "trois-ponts"}
    assert (added.code, added.json["role"]) == (0, "director")
    assert again.json == added.json
    assert bare.rows("SELECT count(*) FROM staff") == [(1,)]


def test_a_lost_second_factor_is_taken_at_the_machine_itself(school: Installation) -> None:
    words = ("staff", "reset-second", "--email", BOSS, "--json")
    none = school.passerelle(*words)
    with closing(sqlite3.connect(school.folder / "hub.db")) as connection:
        connection.execute(
            "INSERT INTO staff_factor (school_id, staff_id, secret_sealed, made_at, confirmed_at) "
            "SELECT school_id, max(id), x'00', '2026-11-24 06:12:00', '2026-11-24 06:12:00' FROM staff "
            "WHERE id IN (SELECT staff_id FROM staff_right WHERE role = 'director') GROUP BY school_id"
        )
        connection.commit()
    taken = school.passerelle(*words)

    assert (none.code, taken.code) == (1, 0)
    assert "Cette personne n’a pas de second facteur." in none.err
    assert school.rows("SELECT count(*) FROM staff_factor") == [(0,)]
    assert school.rows("SELECT act, staff_id FROM audit WHERE subject = 'staff'") == [("second_factor_reset", None)]


def test_a_deputy_outside_the_school_is_given_the_alarm_and_no_class(school: Installation) -> None:
    words = ("staff", "add", "--email", "suppleante@circonscription.test", "--role", "deputy")

    assert "Seul un enseignant a des classes." in refused(school.passerelle(*words, "--class", "CP"))
    assert school.passerelle(*words).out.startswith("Membre 2 de l'équipe, suppléance.")
    assert school.rows("SELECT role, class_id FROM staff_right WHERE staff_id = 2") == [("deputy", None)]


def test_a_password_and_a_secret_come_from_stdin_alone(school: Installation) -> None:
    school.passerelle(
        "staff", "add", "--email", BOSS, "--role", "office", "--password-stdin", stdin="quatre mots sans lien\n"
    )
    school.passerelle(
        "sender", "add", "--channel", "email", "--address", "ecole@trois-ponts.test", "--login", "ecole",
        "--secret-stdin", stdin="jeton\n",
    )  # fmt: skip

    assert school.rows("SELECT password_hash LIKE '$argon2%' FROM staff") == [(1,)]
    sealed = school.rows("SELECT secret_sealed FROM sender WHERE channel = 'email'")[0][0]
    assert sealed
    assert b"jeton" not in sealed


def test_a_number_that_families_answer_to_says_where_their_answers_come_in(school: Installation) -> None:
    said = school.passerelle("sender", "add", "--channel", "sms", "--address", "+33937000100", "--two-way", "--json")

    at = f"/webhooks/twilio/{said.json['key']}"
    assert (said.json["inbound"], said.json["voice"]) == (f"{at}/inbound", f"{at}/voice")
    assert school.rows("SELECT 1 FROM sender WHERE key_name = ?", said.json["key"]) == [(1,)]


def test_a_line_of_notifications_makes_its_own_key(school: Installation) -> None:
    school.passerelle("sender", "add", "--channel", "push", "--address", "ecole@trois-ponts.test")

    (row,) = school.rows("SELECT provider, address, length(login), secret_sealed FROM sender WHERE channel = 'push'")
    assert row[:3] == ("webpush", "mailto:ecole@trois-ponts.test", 87)
    assert row[3]


def test_a_bot_is_added_by_its_name_or_by_asking_telegram_and_its_token_is_never_shown(school: Installation) -> None:
    token, nobody = "4242:abcdefghijklmnop", "http://127.0.0.1:1"
    words = ("sender", "add", "--channel", "chat", "--secret-stdin")

    said = school.passerelle(*words, "--address", "@ecole_bot", "--json", stdin=f"{token}\n")
    unsaid = refused(school.passerelle(*words, stdin=f"{token}\n", TELEGRAM_URL=nobody))
    no_token = refused(school.passerelle(*words, "--address", "ecole_bot", stdin="un secret\n"))
    no_name = refused(school.passerelle(*words, "--address", "école", stdin=f"{token}\n"))

    assert said.code == 0
    found = school.rows("SELECT address, provider, two_way, secret_sealed FROM sender WHERE channel = 'chat'")
    assert [row[:3] for row in found] == [("ecole_bot", "telegram", 1)]
    assert token.encode() not in found[0][3]
    assert "nommez le bot par --address" in unsaid
    assert "jeton d'un bot" in no_token
    assert "5 à 32 lettres" in no_name
    assert all(token not in line for line in (said.out, unsaid, no_token, no_name))


def test_a_short_password_is_refused_in_one_sentence(school: Installation) -> None:
    line = refused(
        school.passerelle("staff", "add", "--email", BOSS, "--role", "office", "--password-stdin", stdin="court\n")
    )

    assert "mot de passe" in line
    assert "court\n" not in line


def test_an_import_is_rehearsed_then_taken(school: Installation) -> None:
    school.passerelle(
        "school",
        "add",
        "--slug",
        "neuve",
        "--name",
        "École neuve",
        "--short-name",
        "Neuve",
        "--phone",
        "02 61 91 00 01",
    )
    school.passerelle("staff", "add", "--school", "neuve", "--email", BOSS, "--role", "director")
    families = make_school(seed=7, pupils=12)
    (school.folder / "e.csv").write_bytes(families.pupils_csv)
    (school.folder / "r.csv").write_bytes(families.guardians_csv)
    words = ("import", "onde", "--pupils", "e.csv", "--guardians", "r.csv", "--school", "neuve", "--as", BOSS)
    before = school.rows("SELECT count(*) FROM pupil")

    told = school.passerelle(*words, "--dry-run").out.splitlines()
    rehearsed = school.passerelle(*words, "--dry-run", "--json").json
    assert school.rows("SELECT count(*) FROM pupil") == before
    taken = school.passerelle(*words, "--json").json
    again = school.passerelle(*words, "--json").json

    assert told[:2] == ["Rien n'a été changé ; les fichiers diraient :", "  élèves de plus : 12"]
    assert (rehearsed["dry_run"], rehearsed["counts"]["new_pupils"]) == (True, 12)
    assert rehearsed["counts"] == taken["counts"]
    assert school.rows("SELECT count(*) FROM pupil") == [(before[0][0] + 12,)]
    assert again["changes_nothing"] is True


def test_a_file_that_is_not_there_is_one_sentence(school: Installation) -> None:
    assert "no.csv" in refused(school.passerelle("import", "onde", "--pupils", "no.csv", "--guardians", "no.csv"))


# --- sending -------------------------------------------------------------------------------------------------------


@pytest.fixture
def send(school: Installation) -> Callable[..., Said]:
    """Press a notice as the director."""

    def press(kind: str, to: str, *words: str, **more: Any) -> Said:
        return school.passerelle("send", "--kind", kind, "--to", to, "--as", BOSS, "--json", *words, **more)

    return press


def test_a_notice_is_published_once_per_key(school: Installation, send: Callable[..., Said]) -> None:
    words = ("urgent", "school", "--phrase", "call_us", "--key", "kermesse")

    first, second = send(*words).json, send(*words).json

    assert first["fresh"] is True
    assert first["adults"] > 30
    assert second == {**first, "fresh": False}
    assert school.rows("SELECT count(*) FROM notice") == [(1,)]
    reached = school.passerelle("reach", str(first["notice"]), "--json").json
    assert (reached["adults"], reached["states"]["to_call"]) == (first["adults"], first["to_call"])
    assert "adultes concernés" in school.passerelle("reach", str(first["notice"]), "--as", BOSS).out


def test_a_question_from_the_counter_has_the_patience_of_questions(
    school: Installation, send: Callable[..., Said]
) -> None:
    send("announcement", "class:CP A", "--text", "Avez-vous lu le règlement ?", "--question", "--by-family")

    assert school.rows("SELECT needs, patience FROM notice") == [("one", 172800)]
    phrase = ("--phrase", "closed", "--day", "2026-11-25", "--half-day", "day", "--question", "--as", BOSS)
    refused = school.passerelle("send", "--kind", "urgent", "--to", "school", *phrase)
    assert "Il manque le texte du message." in refused.err


def test_who_is_left_stands_with_the_reason_and_who_calls(school: Installation, send: Callable[..., Said]) -> None:
    notice = str(send("urgent", "school", "--phrase", "call_us").json["notice"])
    with closing(sqlite3.connect(school.folder / "hub.db")) as connection, connection:
        connection.execute(
            "UPDATE guardian SET language = 'ar', first_name = 'Odile', family_name = 'Exemple'"
            " WHERE id = (SELECT guardian_id FROM delivery WHERE state = 'to_call' ORDER BY id LIMIT 1)"
        )
        connection.execute("UPDATE staff SET name = 'Mme Modèle'")
        connection.execute(
            "UPDATE call_task SET owner_id = 1, taken_at = '2026-11-24 07:15:00.000000'"
            " WHERE delivery_id = (SELECT id FROM delivery WHERE state = 'to_call' ORDER BY id LIMIT 1)"
        )

    said = school.passerelle("reach", notice).out.splitlines()

    assert "  en français : 0 sur" in "\n".join(said)
    (mine,) = [line for line in said if "Odile" in line]
    assert mine.startswith("  à appeler : Odile ")
    assert "en arabe" in mine
    assert "au dossier" in mine
    assert mine.endswith("pris par Mme Modèle")
    assert all(
        line.endswith("personne ne l'a pris") for line in said if "à appeler : " in line and line not in (mine, said[2])
    )


def test_a_rehearsal_counts_and_keeps_nothing(school: Installation, send: Callable[..., Said]) -> None:
    said = send("urgent", "class:CP A", "--text", "L'école ferme à midi.", "--dry-run").json

    assert said["notice"] is None
    assert said["adults"] > 0
    assert school.rows("SELECT count(*) FROM notice") == [(0,)]


def test_a_rehearsal_shows_what_families_would_read_and_what_it_may_cost(school: Installation) -> None:
    with closing(sqlite3.connect(school.folder / "hub.db")) as connection, connection:
        connection.execute("UPDATE sender SET price = 700")
    words = ("send", "--kind", "urgent", "--to", "class:CP A", "--text", "Fermeture à midi.", "--as", BOSS, "--dry-run")

    said, told = school.passerelle(*words).out.splitlines(), school.passerelle(*words, "--json").json

    assert said[0].startswith("Rien n'est parti. Ce serait : ")
    assert any(line.startswith("  par SMS : ") for line in said)
    assert any(line.startswith("  en français : ") for line in said)
    assert any(
        line.startswith("  un SMS : 1 segment au plus ; en tout ") and line.endswith(" € environ") for line in said
    )
    assert any("le SMS en français : Trois-Ponts, URGENT : Fermeture à midi." in line for line in said)
    assert told["segments"] == 1
    assert told["cost"] > 0
    assert told["sms"]["fr"].startswith("Trois-Ponts, URGENT : Fermeture à midi.")


def test_a_ready_phrase_leaves_at_once_in_every_language(send: Callable[..., Said]) -> None:
    blanks = ("--day", "2026-11-24", "--half-day", "morning", "--place", "salle des fêtes")
    told = send("urgent", "school", "--phrase", "closed", *blanks).json
    rehearsed = send("urgent", "school", "--phrase", "closed", *blanks, "--dry-run").json

    assert told["leaves_at"] <= told_now()
    assert (
        "L'école est fermée mardi 24 novembre matin. Accueil des enfants : salle des fêtes." in rehearsed["sms"]["fr"]
    )


def test_own_words_to_everybody_wait_a_minute_unless_somebody_seconds_them(
    school: Installation, send: Callable[..., Said]
) -> None:
    school.passerelle("staff", "add", "--email", "secretariat@trois-ponts.test", "--role", "office")

    alone = send("announcement", "school", "--text", "Piscine jeudi.")
    seconded = send(
        "announcement", "school", "--text", "Piscine vendredi.", "--seconder", "secretariat@trois-ponts.test"
    )

    assert alone.json["leaves_at"] > told_now()
    assert seconded.json["leaves_at"] <= told_now()


def test_an_alarm_and_its_drill_are_sent_from_the_command_line(school: Installation, send: Callable[..., Said]) -> None:
    drill = send("crisis", "school", "--phrase", "sheltered", "--exercise")
    real = send("crisis", "school", "--phrase", "over", "--place", "mairie", "--starts-at", "2099-11-24T16:30")

    assert (drill.code, real.code) == (0, 0)
    assert school.rows("SELECT kind, state FROM notice ORDER BY id") == [
        ("crisis", "cancelled"),
        ("crisis", "published"),
    ]
    assert school.rows("SELECT count(*) FROM call_task") == [(0,)]


def told_now() -> str:
    return datetime.now(UTC).isoformat()


def test_one_is_not_many() -> None:
    assert [many(0, "adulte"), many(1, "adulte"), many(2, "adulte")] == ["0 adulte", "1 adulte", "2 adultes"]
    assert many(2, "ligne remise", "lignes remises") == "2 lignes remises"


@pytest.mark.parametrize(
    ("kind", "option", "sentence"),
    [
        ("absence", "--text", "--kind urgent pour vos propres mots"),
        ("absence", "--subject", "retirez --subject"),
        ("absence", "--place", "--place ne va qu'avec --kind meeting."),
        ("announcement", "--half-day", "--half-day ne va qu'avec --kind absence."),
        ("urgent", "--starts-at", "--starts-at ne va qu'avec --kind meeting."),
    ],
)
def test_what_families_would_never_read_is_refused(
    school: Installation, send: Callable[..., Said], kind: str, option: str, sentence: str
) -> None:
    value = "morning" if option == "--half-day" else "2026-11-25T07:30"

    assert sentence in refused(send(kind, "pupil:1", option, value))
    assert school.rows("SELECT count(*) FROM notice") == [(0,)]


def test_an_absence_without_a_day_is_of_this_half_day(school: Installation, send: Callable[..., Said]) -> None:
    pupil = school.rows("SELECT min(id) FROM pupil")[0][0]

    said = send("absence", f"pupil:{pupil}")

    assert said.code == 0
    assert school.rows("SELECT lane FROM notice") == [("urgent",)]


def test_a_moment_without_a_zone_is_the_schools(school: Installation, send: Callable[..., Said]) -> None:
    send("announcement", "school", "--text", "Bonjour.", "--at", "2099-07-01T08:00")

    assert school.rows("SELECT due_at FROM notice")[0][0].startswith("2099-07-01 06:00")


def test_a_text_of_four_million_characters_is_one_sentence(send: Callable[..., Said]) -> None:
    line = refused(send("urgent", "school", "--text", "-", stdin="é" * 4_000_000))

    assert "trop long" in line


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (("announcement", "school"), "texte"),
        (("announcement", "everybody", "--text", "x"), "school, class:NOM"),
        (("announcement", "class:CM9", "--text", "x"), "classe"),
        (("announcement", "pupil:999999", "--text", "x"), "élève"),
        (("meeting", "school", "--text", "x"), "heure"),
        (("meeting", "school", "--starts-at", "demain"), "2026-11-25T07:30"),
        (("crisis", "school", "--phrase", "closed"), "n'est pas au recueil"),
        (("crisis", "class:CP A", "--phrase", "sheltered"), "toute l’école"),
        (("crisis", "school", "--text", "x"), "--text ne va qu'avec"),
        (("urgent", "school", "--phrase", "closed"), "Il manque le jour"),
        (("urgent", "school", "--text", "x", "--seconder", BOSS), "seconde personne"),
        (("reminder", "school", "--phrase", "joined_chat"), "ne s’envoie pas à la main"),
        (("homework", "school", "--subject", "x", "--text", "x"), "ne s’envoie pas à la main"),
        (("code", "school", "--text", "x"), "ne s’envoie pas à la main"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else None,
)
def test_a_notice_that_cannot_be_is_refused(send: Callable[..., Said], words: tuple[str, ...], named: str) -> None:
    assert named in refused(send(*words))


def test_somebody_must_have_written_it(school: Installation) -> None:
    words = ("send", "--kind", "urgent", "--to", "school", "--text", "x")

    assert "--as" in refused(school.passerelle(*words))
    assert "n'a cette adresse" in refused(school.passerelle(*words, "--as", "nobody@trois-ponts.test"))


# --- forgetting ----------------------------------------------------------------------------------------------------


def test_somebody_is_forgotten_only_when_it_is_meant(school: Installation) -> None:
    adult = school.rows("SELECT min(id) FROM guardian")[0][0]

    assert "--yes" in refused(school.passerelle("erase", "guardian", str(adult)))
    assert school.rows("SELECT family_name <> '' FROM guardian WHERE id = ?", adult) == [(1,)]

    assert school.passerelle("erase", "guardian", str(adult), "--yes", "--json").json == {
        "erased": "guardian",
        "id": adult,
    }
    assert school.rows("SELECT family_name FROM guardian WHERE id = ?", adult) == [("",)]
    assert refused(school.passerelle("erase", "pupil", "999999", "--yes"))


def test_a_backup_comes_back_and_still_forgets(school: Installation) -> None:
    adult = school.rows("SELECT min(id) FROM guardian")[0][0]
    kept = school.passerelle("backup", "away.gz", "--json").json
    school.passerelle("erase", "guardian", str(adult), "--yes")
    (school.folder / "hub.db").unlink()
    school.passerelle("migrate")

    back = school.passerelle("restore", "away.gz", "--json").json

    assert kept["keys"] == "away.gz.keys"
    assert (back["rows"], back["erased_again"]) == (kept["rows"], 1)
    assert school.rows("SELECT family_name FROM guardian WHERE id = ?", adult) == [("",)]
    assert "pas vide" in refused(school.passerelle("restore", "away.gz"))


# --- doctor --------------------------------------------------------------------------------------------------------


def test_the_doctor_says_what_an_outbound_only_hub_cannot_do(school: Installation) -> None:
    said = school.passerelle("doctor", "--json", TWILIO_URL="http://127.0.0.1:1", SMTP_HOST="127.0.0.1", SMTP_PORT="1")

    findings = {finding["what"]: finding for finding in said.json["findings"]}
    assert (said.code, said.json["well"]) == (0, True)
    assert findings["database"]["state"] == "ok"
    assert findings["public address"]["sentence"].startswith("sortie seule : ")
    lost = [findings[f"without {what}"]["sentence"].split()[0] for what in ("links", "buttons", "calls", "haste")]
    assert lost == ["Les", "Aucune", "Un", "Par"]
    assert [findings[what]["state"] for what in ("sms provider", "mail server", "mail listener")] == ["warning"] * 3
    assert findings["email senders"]["state"] == "warning"
    given = {"TWILIO_URL": "http://127.0.0.1:1", "SMTP_HOST": "127.0.0.1", "SMTP_PORT": "1"}
    public = school.passerelle("doctor", "--json", PUBLIC_URL="https://ecole.example", **given)
    assert [finding for finding in public.json["findings"] if finding["what"].startswith("without")] == []


def test_a_mailbox_that_is_none_is_refused_without_being_said_aloud(bare: Installation) -> None:
    line = refused(bare.passerelle("reach", "1", IMAP_URL="http://nom:tressecret@serveur"))

    assert "IMAP_URL" in line
    assert "tressecret" not in line


def test_the_doctor_says_what_notifications_need_and_what_is_lost_without(school: Installation) -> None:
    def found(**given: str) -> list[tuple[str, str]]:
        nobody = {"TWILIO_URL": "http://127.0.0.1:1", "SMTP_HOST": "127.0.0.1", "SMTP_PORT": "1"}
        findings = school.passerelle("doctor", "--json", **nobody, **given).json["findings"]
        return [(one["state"], one["sentence"]) for one in findings if one["what"] == "push senders"]

    without = found()
    school.passerelle("sender", "add", "--channel", "push", "--address", "ecole@trois-ponts.test")
    outbound, plain = found(), found(PUBLIC_URL="http://ecole.example")
    well = found(PUBLIC_URL="https://ecole.example")
    more = found(PUBLIC_URL="https://ecole.example", PUSH_HOSTS="127.0.0.1:8010")
    with closing(sqlite3.connect(school.folder / "hub.db")) as connection, connection:
        connection.execute("UPDATE sender SET secret_sealed = NULL WHERE channel = 'push'")
    [(state, bare)] = found(PUBLIC_URL="https://ecole.example")

    services = "Clé présente ; services permis : ceux de Chrome, Firefox, Safari et Edge"
    assert without == []
    assert outbound == [("warning", "Clé présente, mais sans adresse publique aucune famille ne peut en demander.")]
    assert plain == [("warning", "Clé présente, mais sans https:// aucun navigateur n'en propose.")]
    assert well == [("ok", f"{services}.")]
    assert more == [("ok", f"{services}, et 1 autre (PASSERELLE_PUSH_HOSTS).")]
    assert (state, bare.startswith("Sans clé : ")) == ("error", True)


def test_the_doctor_finds_an_installation_that_cannot_work(bare: Installation) -> None:
    key = bare.folder / "master.keys"
    key.write_text(f"1:{b64encode(b'k' * 32).decode()}\n")
    key.chmod(0o644)
    given = {"PASSERELLE_DATABASE_URL": bare.url, "PASSERELLE_DATA_DIR": str(bare.folder), "PATH": os.environ["PATH"]}
    given |= {"PASSERELLE_TWILIO_URL": "http://127.0.0.1:1", "PASSERELLE_SMTP_PORT": "1"}

    done = subprocess.run(
        [*COMMAND, "doctor"], check=False, capture_output=True, timeout=60, env=given, cwd=bare.folder
    )

    assert done.returncode == 1
    assert "erreur    base : sqlite, n'a pas de registres" in done.stdout.decode()
    assert "erreur    clés maîtresses : D'autres peuvent lire master.keys (mode 644)" in done.stdout.decode()
    assert len(done.stderr.decode().splitlines()) == 1


def test_the_doctor_finds_a_key_that_opens_nothing(school: Installation) -> None:
    given = {"TWILIO_URL": "http://127.0.0.1:1", "SMTP_HOST": "127.0.0.1", "SMTP_PORT": "1"}
    wrong = school.passerelle("doctor", "--json", MASTER_KEYS=f"1:{b64encode(b'x' * 32).decode()}", **given)
    right = school.passerelle("doctor", "--json", **given)

    (found,) = [finding for finding in wrong.json["findings"] if finding["what"] == "sealed keys"]
    assert (wrong.code, found["state"]) == (1, "error")
    assert "sous une autre clé maîtresse" in found["sentence"]
    assert "sealed keys" not in {finding["what"] for finding in right.json["findings"]}


async def test_the_doctor_warns_of_a_login_that_passes_the_walls(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    superuser = f"{postgres_url}/template".replace("postgresql://", "postgresql+asyncpg://")
    monkeypatch.setenv("PASSERELLE_MASTER_KEYS", f"1:{b64encode(b'k' * 32).decode()}")
    monkeypatch.setenv("PASSERELLE_TWILIO_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("PASSERELLE_SMTP_PORT", "1")

    async def walls(url: str) -> list[State]:
        monkeypatch.setenv("PASSERELLE_DATABASE_URL", url)
        return [finding.state for finding in await checkup() if finding.what == "walls"]

    assert await walls(superuser) == [State.WARNING]
    assert await walls(superuser.replace("postgres@", "hub@")) == []
