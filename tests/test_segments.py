"""Segments: our count is the operator's count, and we know what makes a text dear."""

import fcntl
import json
import random
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from i18n.segments import Segments, count, dear_characters

NODE = Path(__file__).parent / "node"
JOINED = re.compile("[\u0300-\u036f\u200d\ufe0f\U0001f1e6-\U0001f1ff\U0001f3fb-\U0001f3ff]|\r\n")
"""Signs that Twilio never splits between segments; a lone \\r\\n it would send as \\n."""


@pytest.fixture(scope="session")
def twilio() -> Path:
    """The script that asks Twilio's own calculator; its package is fetched once, by its lock file."""
    assert shutil.which("npm"), "node and npm are needed: apt-get install nodejs npm"
    with (NODE / "package-lock.json").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (NODE / "node_modules" / "sms-segments-calculator").is_dir():
            command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
            subprocess.run(command, cwd=NODE, check=True, capture_output=True, timeout=120)
    return NODE / "segments.js"


def asked(twilio: Path, texts: list[str]) -> list[Segments]:
    run = subprocess.run(
        ["node", twilio], input=json.dumps(texts), capture_output=True, check=True, text=True, timeout=60
    )
    return [Segments(*row) for row in json.loads(run.stdout)]


def random_texts(how_many: int) -> list[str]:
    dice = random.Random(1907)
    plain = "abcdefghij àéèù'.,:?ÉÇ0123456789\n\rΔ"
    alphabets = [
        plain,
        plain + "€[]^{}~|\\\f",
        plain * 6 + "êçœ’…«»\u00a0ğışб",
        "سامي غياب،يوم 0123",
        "ab€ê😀𝄞",
        "€",
        "😀",
    ]
    edges = [0, 1, 2, 66, 67, 68, 69, 70, 71, 133, 134, 135, 152, 153, 154, 159, 160, 161, 305, 306, 307]
    texts = []
    for _ in range(how_many):
        alphabet = dice.choice(alphabets)
        length = dice.choice(edges) if dice.random() < 0.6 else dice.randrange(200)
        texts.append("".join(dice.choices(alphabet, k=length)))
    return texts


def test_we_count_as_twilio_does(twilio: Path) -> None:
    texts = [text for text in random_texts(3_300) if not JOINED.search(text)]

    theirs = asked(twilio, texts)

    assert len(texts) >= 3_000
    different = [
        (text, mine, their) for text, mine, their in zip(texts, map(count, texts), theirs, strict=True) if mine != their
    ]
    assert different == []


def test_twilio_never_counts_less_than_we_do_where_signs_are_joined(twilio: Path) -> None:
    dice = random.Random(26)
    signs = ["a", "ê", "👨‍👩‍👧", "🇫🇷", "👍🏽", "e\u0301", "❤️"]
    texts = ["".join(dice.choices(signs, k=dice.randrange(1, 60))) for _ in range(500)]

    theirs = asked(twilio, texts)

    ours = [count(text) for text in texts]
    assert [(one.encoding, one.units) for one in ours] == [(one.encoding, one.units) for one in theirs]
    assert all(0 <= their.segments - mine.segments <= 1 for mine, their in zip(ours, theirs, strict=True))


@pytest.mark.parametrize(
    ("text", "encoding", "units", "segments"),
    [
        ("", "GSM-7", 0, 1),
        ("a" * 160, "GSM-7", 160, 1),
        ("a" * 161, "GSM-7", 161, 2),
        ("a" * 306, "GSM-7", 306, 2),
        ("a" * 307, "GSM-7", 307, 3),
        ("€" * 80, "GSM-7", 160, 1),
        ("€" * 81, "GSM-7", 162, 2),
        ("a" * 152 + "€" + "a" * 152, "GSM-7", 306, 3),
        ("^[]", "GSM-7", 6, 1),
        ("Ça", "GSM-7", 2, 1),
        ("reçu", "UCS-2", 4, 1),
        ("ê" * 70, "UCS-2", 70, 1),
        ("ê" * 71, "UCS-2", 71, 2),
        ("ê" * 134, "UCS-2", 134, 2),
        ("ê" * 135, "UCS-2", 135, 3),
        ("ê" * 66 + "😀" + "ê" * 66, "UCS-2", 134, 3),
        ("\t", "UCS-2", 1, 1),
        ("\ud83d", "UCS-2", 1, 1),
    ],
)
def test_the_borders_are_where_the_standard_puts_them(text: str, encoding: str, units: int, segments: int) -> None:
    counted = count(text)

    assert (counted.encoding, counted.units, counted.segments) == (encoding, units, segments)


def test_the_dear_characters_are_named_once_in_reading_order() -> None:
    assert dear_characters("L’enfant a reçu « ça », l’œil…") == ("’", "ç", "«", "»", "œ", "…")
    assert dear_characters("Réunion à 18 h [salle 3] : 5 €") == ()
