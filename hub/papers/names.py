"""What a file is called: the name that it was given, without what could deceive whoever reads it."""

import unicodedata
from pathlib import PurePosixPath
from typing import Final

NAME_MAX: Final = 120
"""Characters of a name, its ending included."""
_KEPT_JOINERS: Final = "\u200c\u200d"
"""Without them a Persian or Hindi name is misspelt; they turn nothing round."""


def tidy(name: str, ending: str) -> str:
    """Give a name without folders, and without signs that are not seen or turn the writing round; it ends as it is.

    A name may come from any machine, so a backslash parts folders too. Source: Unicode Technical Report 36, section
    3.2 (bidirectional text spoofing): exe.fdp behind U+202E reads as pdf.exe.
    """
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    seen = "".join(sign for sign in unicodedata.normalize("NFC", last) if _is_seen(sign))
    stem = PurePosixPath(" ".join(seen.split())).stem.strip(" .")
    return f"{stem[: NAME_MAX - len(ending) - 1].rstrip(' .') or 'fichier'}.{ending}"


def shown(name: str) -> str:
    """Give a name to say back to who sent it, whatever stands in it."""
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    return "".join(sign for sign in last if _is_seen(sign)).strip()[:NAME_MAX] or "sans nom"


def _is_seen(sign: str) -> bool:
    return sign in _KEPT_JOINERS or (
        unicodedata.category(sign) not in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp") and sign not in '<>:"|?*'
    )
