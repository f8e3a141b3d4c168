"""The front desk: `passerelle …`, one command for each thing one may ask or do; every refusal is one sentence.

Commands import what they need when they run: `inspect` must answer at once, and knows neither the registers nor a
provider. Exit codes: 0 done, 1 refused, 2 not understood, 70 a fault of ours, 130 interrupted.
"""

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from traceback import walk_tb

import typer

from cli import inspecting
from cli.misread import misread
from cli.saying import complain
from hub.errors import PasserelleError

REFUSED, NOT_UNDERSTOOD, OUR_FAULT, INTERRUPTED = 1, 2, 70, 130


def front_desk(first_word: str | None = None) -> typer.Typer:
    """Furnish the desk; for `inspect` alone, the other rooms stay shut, which saves a third of its time."""
    app = typer.Typer(
        name="passerelle",
        help="Un relais entre l'école et les familles : on écrit une fois, chaque parent est joint.",
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
    )
    app.add_typer(inspecting.app, name="inspect")
    if first_word != "inspect":
        from cli import forgetting, registering, sending, upkeep

        for room in (registering, forgetting, sending, upkeep):
            room.furnish(app)
    return app


def run() -> None:
    """Answer the command that this process was started with."""
    sys.exit(answer(sys.argv[1:]))


def answer(arguments: Sequence[str]) -> int:
    """Do what was asked and give the exit code; whatever goes wrong is one line on stderr, without anybody's data."""
    try:
        _refuse_broken(arguments)
        desk = front_desk(arguments[0] if arguments else None)
        code = desk(list(arguments), prog_name="passerelle", standalone_mode=False)
    except PasserelleError as error:
        return _refused(str(error), REFUSED)
    except typer.TyperException as error:
        return _refused(misread(error), NOT_UNDERSTOOD)
    except (KeyboardInterrupt, typer.Abort):
        return INTERRUPTED
    except BrokenPipeError:  # whoever read our answer has read enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return REFUSED
    except Exception as error:  # noqa: BLE001 (the outermost door: its text may hold a name or a number)
        return _refused(f"Une faute de notre côté : {_where(error)}.", OUR_FAULT)
    return code if isinstance(code, int) else 0


def _refused(sentence: str, code: int) -> int:
    complain(sentence)
    return code


def _refuse_broken(arguments: Sequence[str]) -> None:
    """Refuse what a terminal with another alphabet made of an é; only names of files may be anything."""
    if arguments[:1] != ["inspect"] and any("\ud800" <= sign <= "\udfff" for word in arguments for sign in word):
        raise typer.BadParameter("ce n'est pas de l'UTF-8.", param_hint="Les mots de cette commande")


def _where(error: BaseException) -> str:
    """Name the kind of fault and the last line of ours that it came through."""
    ours = [frame for frame, _ in walk_tb(error.__traceback__) if "site-packages" not in frame.f_code.co_filename]
    return f"{type(error).__name__} dans {Path(ours[-1].f_code.co_filename).name}, {ours[-1].f_code.co_name}"


if __name__ == "__main__":
    run()
