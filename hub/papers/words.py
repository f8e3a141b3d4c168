"""The words of a document as they are kept: sealed under the school's key, so that a stolen register tells nothing."""

from typing import Any

from hub.sealing import Seal

TITLE, TEXT = b"document.title", b"document.text"


def title_of(row: Any, seal: Seal) -> str:  # noqa: ANN401 (a row of document)
    """Read the title of a document."""
    return seal.open(row.title_sealed, TITLE).decode()


def text_of(row: Any, seal: Seal) -> str:  # noqa: ANN401 (a row of document)
    """Read the words of a document; empty when there are none."""
    return "" if row.text_sealed is None else seal.open(row.text_sealed, TEXT).decode()
