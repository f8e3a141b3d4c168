"""Making a machine ready: who may not install Debian's packages is told which ones, and nothing is half done."""

import shutil
import subprocess
from pathlib import Path

import pytest

HOUSE = Path(__file__).resolve().parent.parent
WITHOUT_VENV = """#!/bin/sh
case "$2" in
  *ensurepip*) exit 1 ;;
  *"[:2]"*) echo python3.11 ;;
esac
"""
"""Debian's Python 3.11 as it stands before python3.11-venv is installed."""


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    """A clone that nobody has set up, on a machine where one is not root and Python makes no venv."""
    (tmp_path / "scripts").mkdir()
    for name in ("Makefile", "scripts/setup.sh", "requirements.lock", "pyproject.toml"):
        shutil.copy(HOUSE / name, tmp_path / name)
    for name, script in {"id": "#!/bin/sh\necho 1000\n", "python3.11": WITHOUT_VENV}.items():
        command = tmp_path / "bin" / name
        command.parent.mkdir(exist_ok=True)
        command.write_text(script)
        command.chmod(0o755)
    return tmp_path


def test_what_one_may_not_install_is_named_in_one_line(bare: Path) -> None:
    given = {"PATH": f"{bare / 'bin'}:/usr/bin:/bin"}

    done = subprocess.run(
        ["make", "demo"], cwd=bare, env=given, check=False, capture_output=True, text=True, timeout=60
    )

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.splitlines()[:2] == [
        "setup: missing here, and only root on Debian can add them: apt-get install python3.11-venv",
        "setup: without python3.11-venv, python3.11 cannot make .venv",
    ]
    assert not (bare / ".venv").exists()
