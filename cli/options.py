"""The questions that many commands ask alike."""

from typing import Annotated

import typer

AsJson = Annotated[bool, typer.Option("--json", help="Answer in JSON, one object a line.")]
SchoolSlug = Annotated[
    str | None, typer.Option("--school", metavar="SLUG", help="Which school; may be left out when there is only one.")
]
AsStaff = Annotated[str | None, typer.Option("--as", metavar="EMAIL", help="Who does it: a member of the staff.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and do nothing.")]
