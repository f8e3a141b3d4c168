"""The front of the house on a real server: the wicket where receipts are taken, and whom we believe about a visitor."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest
from factories import a_school
from fastapi import Request
from twilio.request_validator import RequestValidator

from hub.database import Database
from hub.sealing import Keyring
from hub.settings import Settings
from web.app import create_app, web_server
from web.house import House

PUBLIC = "https://hub.test"
on_one_database = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@asynccontextmanager
async def a_server(house: House) -> AsyncIterator[httpx.AsyncClient]:
    """The whole house, served at a socket as the command line does."""
    app = create_app(house)

    async def who(request: Request) -> str:
        return request.client.host if request.client else ""

    app.add_api_route("/who", who)
    with socket.create_server(("127.0.0.1", 0)) as threshold:
        server = web_server(app)
        serving = asyncio.create_task(server.serve(sockets=[threshold]))
        while not server.started:
            await asyncio.wait({serving}, timeout=0.02)
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{threshold.getsockname()[1]}") as web:
            yield web
        server.should_exit = True
        await asyncio.wait_for(serving, 5)


@on_one_database
@pytest.mark.parametrize(
    ("proxies", "seen"),
    [("127.0.0.1,::1", "203.0.113.9"), ("127.0.0.0/8", "203.0.113.9"), ("192.0.2.1", "127.0.0.1"), ("", "127.0.0.1")],
)
async def test_only_a_proxy_that_was_named_says_who_a_visitor_is(
    database: Database, keyring: Keyring, proxies: str, seen: str
) -> None:
    async with a_server(House(Settings(forwarded_allow_ips=proxies), database, keyring)) as web:
        answer = await web.get("/who", headers={"X-Forwarded-For": "203.0.113.9"})

    assert answer.json() == seen


@on_one_database
async def test_receipts_are_taken_at_the_wicket_behind_the_porter(database: Database, keyring: Keyring) -> None:
    await a_school(database, keyring)
    path = f"/webhooks/twilio/trois-ponts-sms/status/{keyring.token('a', 1)}"
    signature = RequestValidator("token").compute_signature(f"{PUBLIC}{path}", {"MessageStatus": "sent"})
    ours = {"Host": "hub.test", "X-Twilio-Signature": signature}
    async with a_server(House(Settings(public_url=PUBLIC), database, keyring)) as web:
        signed = await web.post(path, data={"MessageStatus": "sent"}, headers=ours)
        forged = await web.post(path, data={"MessageStatus": "delivered"}, headers=ours)
        foreign = await web.post(path, data={"MessageStatus": "sent"}, headers=ours | {"Host": "ailleurs.test"})
        heavy = await web.post(path, content=b"x" * 70_000, headers=ours)
        looked_at = await web.get(path, headers=ours)

    assert signed.status_code == 404  # well signed, but no try of ours
    assert [answer.status_code for answer in (forged, foreign, heavy, looked_at)] == [403, 400, 413, 404]
    for answer in (signed, forged, foreign, heavy):
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["strict-transport-security"] == "max-age=31536000"
