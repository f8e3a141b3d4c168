"""SMS by Twilio, against a small server that speaks Twilio's JSON and fails in Twilio's ways."""

import asyncio
import gc
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from urllib.parse import parse_qs

import pytest
from aiohttp import web
from twilio.rest import Client

from channels.sms import SMS_LIMITS, Heard, StatusReport, TwilioSms, outcome_of_status, read_status
from channels.twilio_transport import TwilioRefusalError, TwilioTransport
from hub.errors import (
    ChannelError,
    DeadAddressError,
    MisconfiguredError,
    RejectedError,
    StoppedError,
    TemporaryError,
    UnknownOutcomeError,
)
from hub.ports import LINK_CODE, Account, Body, ChannelName, Outgoing, Proof, Sent
from hub.settings import Settings

SCHOOL = Account(
    key="k1", channel=ChannelName.SMS, provider="twilio", address="Ecole Zay", login="AC" + "0" * 32, secret="t0ken"
)


class Twilio:
    """A Twilio of our own; `answer` decides what a phone number gets."""

    def __init__(self) -> None:
        self.posts: list[dict[str, str]] = []
        self.heads: list[dict[str, str]] = []
        self.listed: list[dict[str, object]] = []
        self.asked: list[dict[str, str]] = []
        self.answers: dict[str, Callable[[web.Request], web.StreamResponse | None]] = {}
        self.url = ""
        self.held = asyncio.Event()

    async def take(self, request: web.Request) -> web.StreamResponse:
        form = {name: values[0] for name, values in parse_qs((await request.read()).decode()).items()}
        self.posts.append(form)
        self.heads.append(dict(request.headers))
        if form["To"] in self.answers:
            answer = self.answers[form["To"]](request)
            if answer is None:
                await self.held.wait()
                return web.Response()
            return answer
        return web.json_response(self.message(form["To"], form["Body"]), status=201)

    async def list(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(dict(request.query))
        return web.json_response({"messages": self.listed, "page": 0, "page_size": 50, "next_page_uri": None})

    def message(self, to: str, body: str, **more: object) -> dict[str, object]:
        return {
            "sid": "SM" + to.strip("+"),
            "status": "queued",
            "to": to,
            "body": body,
            "num_segments": "2",
            "date_created": "Sat, 21 Nov 2026 10:00:00 +0000",
            "date_sent": None,
            "price": None,
            "error_code": None,
        } | more


@pytest.fixture
async def twilio() -> AsyncIterator[Twilio]:
    peer = Twilio()
    app = web.Application()
    app.router.add_post("/2010-04-01/Accounts/{sid}/Messages.json", peer.take)
    app.router.add_get("/2010-04-01/Accounts/{sid}/Messages.json", peer.list)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    peer.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield peer
    peer.held.set()
    await runner.cleanup()


@pytest.fixture
async def sms(twilio: Twilio) -> AsyncIterator[TwilioSms]:
    channel = TwilioSms(Settings(twilio_url=twilio.url, public_url="https://hub.example", send_deadline=5))
    yield channel
    await channel.close()


def a_message(
    to: str = "+33639980001",
    *,
    text: str = "Bonjour",
    account: Account = SCHOOL,
    link_code: str = "",
    valid_for: int | None = None,
) -> Outgoing:
    return Outgoing(
        attempt_id=7,
        token="tok7",
        to=to,
        body=Body(text=text, language="fr"),
        link_code=link_code,
        account=account,
        valid_for=valid_for,
    )


def an_error(code: int, status: int = 400, **headers: str) -> Callable[[web.Request], web.Response]:
    body = {"code": code, "message": "+33639980009 is not good", "status": status}
    return lambda _: web.json_response(body, status=status, headers=headers)


async def test_a_text_reaches_twilio_with_its_own_callback(twilio: Twilio, sms: TwilioSms) -> None:
    text = f"École : réunion à 18 h & plus = 100 % +1 https://hub.example/l/{LINK_CODE}"
    sent = await sms.send(a_message(text=text, link_code="abcdef123456", valid_for=90_000))

    assert sent == Sent("SM33639980001", segments=2, cost=None)
    assert twilio.posts == [
        {
            "To": "+33639980001",
            "From": "Ecole Zay",
            "Body": "École : réunion à 18 h & plus = 100 % +1 https://hub.example/l/abcdef123456",
            "StatusCallback": "https://hub.example/webhooks/twilio/k1/status/tok7",
            "ValidityPeriod": "36000",
        }
    ]
    assert twilio.heads[0]["Authorization"] == "Basic QUMwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDp0MGtlbg=="


async def test_a_messaging_service_stands_in_for_the_sender(twilio: Twilio, sms: TwilioSms) -> None:
    service = Account(
        key="k2", channel=ChannelName.SMS, provider="twilio", address="MG1", login=SCHOOL.login, secret="t"
    )
    await sms.send(a_message(account=service))
    assert twilio.posts[0]["MessagingServiceSid"] == "MG1"
    assert "From" not in twilio.posts[0]


async def test_a_hub_without_public_address_asks_for_no_callback(twilio: Twilio) -> None:
    sms = TwilioSms(Settings(twilio_url=twilio.url))
    await sms.send(a_message())
    await sms.close()
    assert set(twilio.posts[0]) == {"To", "From", "Body"}


async def test_sixty_texts_at_once_get_their_own_answers(twilio: Twilio, sms: TwilioSms) -> None:
    numbers = [f"+336399800{n:02}" for n in range(60)]
    sent = await asyncio.gather(*(sms.send(a_message(number)) for number in numbers))
    assert [one.provider_id for one in sent] == ["SM" + number.strip("+") for number in numbers]
    assert len(twilio.posts) == 60


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (21211, DeadAddressError),
        (21614, DeadAddressError),
        (21610, StoppedError),
        (21606, MisconfiguredError),
        (21408, MisconfiguredError),
        (21611, TemporaryError),
        (21617, RejectedError),
    ],
)
async def test_twilio_s_reasons_are_told_apart(
    twilio: Twilio, sms: TwilioSms, code: int, kind: type[ChannelError]
) -> None:
    twilio.answers["+33639980009"] = an_error(code)
    with pytest.raises(ChannelError) as refusal:
        await sms.send(a_message("+33639980009"))
    assert type(refusal.value) is kind
    assert refusal.value.code == str(code)


async def test_no_error_repeats_the_phone_number(twilio: Twilio, sms: TwilioSms) -> None:
    twilio.answers["+33639980009"] = an_error(21211)
    with pytest.raises(DeadAddressError) as refusal:
        await sms.send(a_message("+33639980009"))
    assert "9980009" not in str(refusal.value) + str(refusal.value.__cause__)


@pytest.mark.parametrize(
    ("status", "kind"),
    [(401, MisconfiguredError), (404, MisconfiguredError), (418, RejectedError), (302, MisconfiguredError)],
)
async def test_an_answer_without_a_known_code_is_read_by_its_status(
    twilio: Twilio, sms: TwilioSms, status: int, kind: type[ChannelError]
) -> None:
    twilio.answers["+33639980009"] = lambda _: web.Response(text="<html>", status=status)
    with pytest.raises(kind):
        await sms.send(a_message("+33639980009"))


async def test_too_many_requests_says_how_long_to_wait(twilio: Twilio, sms: TwilioSms) -> None:
    twilio.answers["+33639980009"] = an_error(20429, 429, **{"Retry-After": "2"})
    with pytest.raises(TemporaryError) as refusal:
        await sms.send(a_message("+33639980009"))
    assert refusal.value.retry_after == 2.0


@pytest.mark.parametrize("status", [500, 502, 503])
async def test_a_failing_twilio_is_asked_once_and_leaves_us_in_doubt(
    twilio: Twilio, sms: TwilioSms, status: int
) -> None:
    twilio.answers["+33639980009"] = lambda _: web.Response(text="bad gateway", status=status)
    with pytest.raises(UnknownOutcomeError):
        await sms.send(a_message("+33639980009"))
    assert len(twilio.posts) == 1


async def test_a_line_cut_after_the_request_leaves_us_in_doubt(twilio: Twilio, sms: TwilioSms) -> None:
    def hang_up(request: web.Request) -> web.Response:
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    twilio.answers["+33639980009"] = hang_up
    with pytest.raises(UnknownOutcomeError):
        await sms.send(a_message("+33639980009"))
    assert len(twilio.posts) == 1


async def test_silence_past_the_deadline_leaves_us_in_doubt(twilio: Twilio) -> None:
    sms = TwilioSms(Settings(twilio_url=twilio.url, send_deadline=0.2))
    twilio.answers["+33639980009"] = lambda _: None
    with pytest.raises(UnknownOutcomeError):
        await sms.send(a_message("+33639980009"))
    await sms.close()


async def test_an_unreadable_yes_leaves_us_in_doubt(twilio: Twilio, sms: TwilioSms) -> None:
    for answer in ("<html>", "[]", "{}", "null"):
        twilio.answers["+33639980009"] = lambda _, text=answer: web.Response(text=text, status=201)  # type: ignore[misc]  # bound
        with pytest.raises(UnknownOutcomeError):
            await sms.send(a_message("+33639980009"))


@pytest.mark.parametrize("sid", ["", "SM\x00", "\ud800", "x" * 256, 5, ["SM1"], None])
async def test_a_message_named_by_nonsense_leaves_us_in_doubt(twilio: Twilio, sms: TwilioSms, sid: object) -> None:
    twilio.answers["+33639980009"] = lambda _: web.json_response(twilio.message("+33639980009", "") | {"sid": sid})

    with pytest.raises(UnknownOutcomeError):
        await sms.send(a_message("+33639980009"))


async def test_a_price_or_a_count_out_of_all_measure_is_not_known(twilio: Twilio, sms: TwilioSms) -> None:
    taken = twilio.message("+33639980009", "") | {"num_segments": "9" * 12, "price": "-1e30"}
    twilio.answers["+33639980009"] = lambda _: web.json_response(taken)

    assert await sms.send(a_message("+33639980009")) == Sent("SM33639980009", segments=1, cost=None)


async def test_nobody_at_home_surely_took_nothing(unused_tcp_port: int) -> None:
    sms = TwilioSms(Settings(twilio_url=f"http://127.0.0.1:{unused_tcp_port}"))
    with pytest.raises(TemporaryError):
        await sms.send(a_message())
    await sms.close()


async def test_a_full_house_surely_took_nothing(twilio: Twilio) -> None:
    transport = TwilioTransport(twilio.url, deadline=0.4, connections=1)
    messages = Client(SCHOOL.login, SCHOOL.secret, http_client=transport).messages
    twilio.answers["+33639980009"] = lambda _: None
    first, second = await asyncio.gather(
        *(messages.create_async(to="+33639980009", from_="E", body=text) for text in "ab"), return_exceptions=True
    )
    await transport.close()
    assert (type(first), type(second)) == (UnknownOutcomeError, TemporaryError)
    assert [post["Body"] for post in twilio.posts] == ["a"]


async def test_every_twilio_host_is_replaced(twilio: Twilio) -> None:
    transport = TwilioTransport(twilio.url, deadline=5, connections=1)
    client = Client(SCHOOL.login, SCHOOL.secret, http_client=transport)
    with pytest.raises(TwilioRefusalError) as refusal:
        await client.lookups.v2.phone_numbers("+33639980001").fetch_async()
    await transport.close()
    assert refusal.value.status == 404


async def test_a_lost_message_is_found_by_its_text(twilio: Twilio, sms: TwilioSms) -> None:
    text = f"Votre page : {LINK_CODE}"
    twilio.listed = [
        twilio.message("+33639980001", "Votre page : abcdef123456", sid="SM1"),
        twilio.message("+33639980001", "Autre chose", sid="SM2"),
        twilio.message("+33639980001", "Votre page : abcdef123456", sid="SM3", price="-0.0750", num_segments="0"),
    ]
    found = await sms.find(
        a_message(text=text, link_code="abcdef123456"),
        since=datetime(2026, 11, 21, 10, 0, 0, 900_000, tzinfo=UTC),
        known=frozenset({"SM1"}),
    )
    assert found == Sent("SM3", segments=1, cost=750)
    assert twilio.asked[0]["To"] == "+33639980001"


async def test_an_older_message_with_the_same_text_is_another_one(twilio: Twilio, sms: TwilioSms) -> None:
    twilio.listed = [twilio.message("+33639980001", "Bonjour", sid="SM1")]
    since = datetime(2026, 11, 21, 10, 0, 2, tzinfo=UTC)
    assert await sms.find(a_message(), since=since, known=frozenset()) is None


async def test_a_twilio_that_cannot_say_is_asked_later(unused_tcp_port: int, twilio: Twilio) -> None:
    for url in (f"http://127.0.0.1:{unused_tcp_port}", f"{twilio.url}/nowhere"):
        sms = TwilioSms(Settings(twilio_url=url))
        with pytest.raises(TemporaryError):
            await sms.find(a_message(), since=datetime(2026, 11, 21, tzinfo=UTC), known=frozenset())
        await sms.close()


async def test_a_sender_without_a_secret_is_misconfigured(sms: TwilioSms) -> None:
    bare = Account(key="k3", channel=ChannelName.SMS, provider="twilio", address="Ecole")
    with pytest.raises(MisconfiguredError):
        await sms.send(a_message(account=bare))


@pytest.mark.parametrize(
    ("status", "code", "report"),
    [
        ("queued", None, StatusReport(Heard.ACCEPTED)),
        ("sent", None, StatusReport(Heard.ACCEPTED)),
        ("delivered", None, StatusReport(Heard.DELIVERED)),
        ("read", None, StatusReport(Heard.DELIVERED)),
        ("undelivered", "30005", StatusReport(Heard.FAILED, DeadAddressError, "30005")),
        ("undelivered", "30003", StatusReport(Heard.FAILED, TemporaryError, "30003")),
        ("failed", "30007", StatusReport(Heard.FAILED, MisconfiguredError, "30007")),
        ("failed", "30999", StatusReport(Heard.FAILED, RejectedError, "30999")),
        ("failed", None, StatusReport(Heard.FAILED, TemporaryError)),
        ("something-new", None, StatusReport(Heard.ACCEPTED)),
    ],
)
def test_a_status_says_how_far_the_text_got(status: str, code: str | None, report: StatusReport) -> None:
    assert outcome_of_status(status, code) == report


def test_a_callback_is_read_from_its_form() -> None:
    form = {"MessageSid": "SM1", "MessageStatus": "undelivered", "ErrorCode": "30006"}
    assert read_status(form) == StatusReport(Heard.FAILED, DeadAddressError, "30006")


async def test_the_channel_says_what_it_proves_and_carries(sms: TwilioSms) -> None:
    assert (sms.name, sms.proof) == (ChannelName.SMS, Proof.HANDSET)
    assert SMS_LIMITS.text_max == 1600


async def test_closing_leaves_nothing_open(twilio: Twilio) -> None:
    sms = TwilioSms(Settings(twilio_url=twilio.url))
    await sms.send(a_message())
    await sms.close()
    await sms.close()
    del sms
    gc.collect()
