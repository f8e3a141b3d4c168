"""What every door is given: the registers, the keys and the settings of this installation."""

from dataclasses import dataclass

from fastapi import Request
from starlette.requests import HTTPConnection

from hub.database import Database
from hub.sealing import Keyring
from hub.settings import Settings


@dataclass(frozen=True, slots=True)
class House:
    """The things that are the same for everybody who comes in."""

    settings: Settings
    database: Database
    keyring: Keyring


def house_of(request: Request) -> House:
    """Give the house that a request came to (set on the app by `web.app.create_app`)."""
    house: House = HTTPConnection(request.scope).app.state.house
    return house
