"""The questions that many commands ask alike."""

from typing import Annotated

import typer

AsJson = Annotated[bool, typer.Option("--json", help="Répond en JSON, un objet par ligne.")]
SchoolSlug = Annotated[
    str | None, typer.Option("--school", metavar="SLUG", help="De quelle école ; inutile quand il n'y en a qu'une.")
]
AsStaff = Annotated[str | None, typer.Option("--as", metavar="EMAIL", help="Qui agit : quelqu'un de l'école.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Dit ce qui serait fait, et ne fait rien.")]
