"""Notifications by Web Push, against the push service of the box, which checks and opens like the real ones."""

import asyncio
import json
import socket
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
from aiohttp import ClientSession, web
from aiohttp.test_utils import TestServer
from cryptography.hazmat.primitives.asymmetric import ec

from channels.push import PUSH_LIMITS, WebPush, payload, topic
from channels.push_hosts import Subscription, origin_of, read_subscription, read_value, service_of
from channels.push_sealing import CLEAR_MOST, MOST, seal, seal_with, stamp, unwritten, written
from hub.errors import (
    ChannelError,
    DeadAddressError,
    MisconfiguredError,
    RejectedError,
    TemporaryError,
    UnknownOutcomeError,
)
from hub.people.push_lines import push_keys
from hub.ports import LINK_CODE, Account, Body, Button, ChannelName, Outgoing, Proof
from hub.settings import Settings
from sandbox.behaviour import Behaviour
from sandbox.box import Sandbox
from sandbox.config import SandboxConfig
from sandbox.push_opening import CURVE, BrowserKeys, complaint, open_sealed
from sandbox.push_service import Browser
from sandbox.record import Act, Status

PUBLIC, SECRET = push_keys()
SCHOOL = Account(
    key="k1",
    channel=ChannelName.PUSH,
    provider="webpush",
    address="mailto:ecole@trois-ponts.test",
    login=PUBLIC,
    secret=SECRET,
)
READ = (Button("acknowledge", "J’ai lu"),)
WHY = (Button("ill", "Malade"), Button("other_reason", "Autre"), Button("should_be_here", "Devrait être là"))


@pytest.fixture
async def box() -> AsyncIterator[Sandbox]:
    async with Sandbox(SandboxConfig(allow=True)) as opened:
        yield opened


@pytest.fixture
async def channel(box: Sandbox) -> AsyncIterator[WebPush]:
    made = WebPush(Settings(push_hosts=box.push_host))
    yield made
    await made.close()


def a_message(to: str, **more: Any) -> Outgoing:
    body = Body(
        text="Le chauffage est en panne.",
        language="fr",
        subject="École des Trois-Ponts",
        buttons=READ,
        link=f"https://hub.test/l/{LINK_CODE}",
    )
    message = Outgoing(
        attempt_id=1,
        token="a.1.abc",
        to=to,
        body=body,
        link_code="abcdef123456",
        account=SCHOOL,
        message_id="<m.7.abc@hub.test>",
        valid_for=3600,
    )
    return message._replace(**more)


def with_body(message: Outgoing, **changes: Any) -> Outgoing:
    return message._replace(body=replace(message.body, **changes))


def test_a_message_is_closed_as_the_standard_shows() -> None:
    """RFC 8291, appendix A, byte for byte."""
    own = ec.derive_private_key(
        int.from_bytes(unwritten("yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"), "big"), ec.SECP256R1()
    )
    closed = seal_with(
        own,
        unwritten("DGv6ra1nlYgDCS1FRnbzlw"),
        b"When I grow up, I want to be a watermelon",
        p256dh="BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",
        auth="BTBZMqHH6r4Tts7J_aSIgg",
    )
    assert written(closed) == (
        "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl"
        "7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
    )


def test_two_messages_are_never_closed_alike_and_only_their_browser_opens_them() -> None:
    keys, stranger = (BrowserKeys(ec.generate_private_key(CURVE), bytes(16)) for _ in range(2))
    one, other = (seal(b"Bonjour", p256dh=written(keys.public), auth=written(keys.auth)) for _ in range(2))

    assert one[:16] != other[:16]
    assert one[21:86] != other[21:86]
    assert open_sealed(one, keys) == open_sealed(other, keys) == b"Bonjour"
    assert open_sealed(one, stranger) is None
    assert open_sealed(one[:-1] + bytes([one[-1] ^ 1]), keys) is None


async def test_a_browser_shows_the_school_the_words_and_one_button(box: Sandbox, channel: WebPush) -> None:
    browser = box.push.subscribe(PUBLIC)

    sent = await channel.send(a_message(browser.value))

    (arrived,) = box.record.arrived(browser.value)
    assert (arrived.subject, arrived.text, arrived.language) == (
        "École des Trois-Ponts",
        "Le chauffage est en panne.",
        "fr",
    )
    assert arrived.link == "https://hub.test/l/abcdef123456"
    assert arrived.buttons == (("acknowledge", "J’ai lu"),)
    assert arrived.from_ == "mailto:ecole@trois-ponts.test"
    assert (sent.provider_id, sent.segments, sent.cost) == (arrived.provider_id, 1, 0)
    assert (channel.name, channel.proof, channel.limits) == (ChannelName.PUSH, Proof.ACCEPTED, PUSH_LIMITS)


async def test_the_headers_are_those_of_the_standard_and_say_nothing_else(box: Sandbox, channel: WebPush) -> None:
    browser = box.push.subscribe(PUBLIC)
    for urgent, seconds in ((True, 3600), (False, None)):
        await channel.send(a_message(browser.value, urgent=urgent, valid_for=seconds))

    urgent, routine = (dict(message.headers.every) for message in box.record.arrived(browser.value))
    for headers in (urgent, routine):
        headers.pop("authorization")
        headers.pop("host")
        headers.pop("content-length")
    same = {
        "content-encoding": "aes128gcm",
        "content-type": "application/octet-stream",
        "topic": topic(a_message(browser.value)),
    }
    assert urgent == {**same, "ttl": "3600", "urgency": "high"}
    assert routine == {**same, "ttl": "86400", "urgency": "normal"}


def test_a_topic_is_the_same_for_every_try_of_a_copy_and_tells_nothing() -> None:
    first, again = a_message("x"), a_message("x", attempt_id=2, token="a.2.abc", link_code="zzzzzzzzzzzz")
    other = a_message("x", message_id="<m.8.abc@hub.test>")

    assert topic(first) == topic(again) != topic(other)
    assert len(topic(first)) == 32
    assert topic(first).replace("-", "").replace("_", "").isalnum()
    assert json.loads(payload(first))["tag"] == topic(first)


async def test_what_waits_for_a_browser_is_replaced_by_a_repeat(box: Sandbox, channel: WebPush) -> None:
    browser = box.push.subscribe(PUBLIC)
    box.behave(Behaviour(off=True), browser.value)

    await channel.send(a_message(browser.value))
    await channel.send(a_message(browser.value, attempt_id=2))
    await channel.send(a_message(browser.value, attempt_id=3, message_id="<m.8.abc@hub.test>"))
    box.phones.switch(browser.value, on=True)

    states = [message.status for message in box.record.taken(browser.value)]
    assert states == [Status.REPLACED, Status.DELIVERED, Status.DELIVERED]
    await box.settled()


def test_an_absence_has_three_answers_so_the_tap_opens_the_page() -> None:
    shown = json.loads(payload(with_body(a_message("x"), buttons=WHY)))

    assert shown["actions"] == []
    assert shown["url"] == "https://hub.test/l/abcdef123456"


def test_without_a_public_page_there_is_nothing_to_press() -> None:
    shown = json.loads(payload(with_body(a_message("x"), link=None)))

    assert shown["actions"] == []
    assert "url" not in shown


@pytest.mark.parametrize(
    "text",
    ["mot " * 2000, "«\u00a0été\u00a0» \n" * 900, 'a\\"' * 3000, "مدرسة مغلقة " * 700, "x" * 5000, "👩‍👧 école " * 600],
)
async def test_a_long_text_is_cut_at_a_word_and_fills_one_message(box: Sandbox, channel: WebPush, text: str) -> None:
    browser = box.push.subscribe(PUBLIC)
    message = with_body(a_message(browser.value), text=text)

    await channel.send(message)

    (arrived,) = box.record.arrived(browser.value)
    assert arrived.text.endswith("…")
    kept = arrived.text[:-1]
    assert text.startswith(kept)
    assert text[len(kept)].isspace() or text == "x" * 5000 or " " not in text
    assert CLEAR_MOST - 40 < len(payload(message)) <= CLEAR_MOST
    assert int(arrived.headers.every["content-length"]) <= MOST
    assert arrived.link == "https://hub.test/l/abcdef123456"


def test_a_text_that_fits_exactly_is_not_cut() -> None:
    room = CLEAR_MOST - len(payload(with_body(a_message("x"), text="")))
    assert json.loads(payload(with_body(a_message("x"), text="é" * (room // 2))))["body"] == "é" * (room // 2)
    assert json.loads(payload(with_body(a_message("x"), text="e" * (room + 1))))["body"] == "e" * (room - 3) + "…"


@pytest.mark.parametrize(
    ("answer", "error", "wait"),
    [
        (404, DeadAddressError, None),
        (410, DeadAddressError, None),
        (429, TemporaryError, 7.0),
        (500, TemporaryError, 7.0),
        (503, TemporaryError, 7.0),
        (408, TemporaryError, 7.0),
        (400, RejectedError, None),
        (413, RejectedError, None),
        (302, RejectedError, None),
        (401, RejectedError, None),
        (403, RejectedError, None),
    ],
)
async def test_each_refusal_means_what_the_standard_says(
    box: Sandbox, channel: WebPush, answer: int, error: type[ChannelError], wait: float | None
) -> None:
    browser = box.push.subscribe(PUBLIC)
    box.behave(Behaviour(answer=answer, retry_after=7), browser.value)

    with pytest.raises(error) as refusal:
        await channel.send(a_message(browser.value))

    assert refusal.value.code == str(answer)
    assert getattr(refusal.value, "retry_after", None) == wait
    assert box.record.arrived(browser.value) == []
    assert browser.endpoint not in str(refusal.value)


async def test_a_refusal_without_a_delay_leaves_the_delay_to_us(box: Sandbox, channel: WebPush) -> None:
    browser = box.push.subscribe(PUBLIC)
    box.behave(Behaviour(answer=500), browser.value)

    with pytest.raises(TemporaryError) as refusal:
        await channel.send(a_message(browser.value))
    assert refusal.value.retry_after is None


async def test_a_lost_answer_leaves_us_in_doubt_and_is_never_repeated(box: Sandbox) -> None:
    browser, channel = box.push.subscribe(PUBLIC), WebPush(Settings(push_hosts=box.push_host, send_deadline=1.0))
    message = a_message(browser.value)
    for behaviour in (Behaviour(hang_up=True), Behaviour(latency=30.0)):
        box.behave(behaviour, browser.value)
        with pytest.raises(UnknownOutcomeError):
            await channel.send(message)

    await channel.close()
    assert len(box.record.posts) == 2
    assert await channel.find(message, since=box.record.posts[0].at, known=frozenset()) is None
    assert box.record.repeats() == {}  # the same topic and tag: it shows once


async def test_a_service_that_cannot_be_reached_surely_has_nothing(unused_tcp_port: int) -> None:
    channel = WebPush(Settings(push_hosts=f"127.0.0.1:{unused_tcp_port}", send_deadline=1.0))
    browser = Browser(
        f"http://127.0.0.1:{unused_tcp_port}/push/x", PUBLIC, BrowserKeys(ec.generate_private_key(CURVE), bytes(16))
    )
    with pytest.raises(TemporaryError):
        await channel.send(a_message(browser.value))
    await channel.close()


async def test_an_ended_subscription_is_dead(box: Sandbox, channel: WebPush) -> None:
    browser = box.push.subscribe(PUBLIC)
    box.push.unsubscribe(browser)

    with pytest.raises(DeadAddressError):
        await channel.send(a_message(browser.value))


async def test_one_browser_under_another_key_does_not_stop_the_school(box: Sandbox, channel: WebPush) -> None:
    ours, other = box.push.subscribe(PUBLIC), box.push.subscribe(push_keys()[0])

    await channel.send(a_message(ours.value))
    with pytest.raises(DeadAddressError):
        await channel.send(a_message(other.value))

    fresh = WebPush(Settings(push_hosts=box.push_host))
    for _ in range(5):
        with pytest.raises(RejectedError):
            await fresh.send(a_message(other.value))
    await fresh.close()


async def test_a_key_that_all_browsers_refuse_stops_the_sender(box: Sandbox, channel: WebPush) -> None:
    one, two, three = (box.push.subscribe(push_keys()[0]) for _ in range(3))

    for browser, error in ((one, RejectedError), (two, RejectedError), (three, MisconfiguredError)):
        with pytest.raises(error):
            await channel.send(a_message(browser.value))


@pytest.mark.parametrize("secret", ["", "!", "AA", "A" * 60])
async def test_a_sender_without_a_key_stops_and_says_so(box: Sandbox, channel: WebPush, secret: str) -> None:
    browser = box.push.subscribe(PUBLIC)
    with pytest.raises(MisconfiguredError):
        await channel.send(a_message(browser.value, account=replace(SCHOOL, secret=secret)))
    assert box.record.posts == []


def test_a_stamp_is_made_once_an_hour_for_each_service_and_key() -> None:
    fcm, apple = "https://fcm.googleapis.com", "https://web.push.apple.com"
    noon = 1_795_000_000 // 3600 * 3600
    first = stamp(SECRET, subject="mailto:a@b.test", origin=fcm, now=noon)

    assert stamp(SECRET, subject="mailto:a@b.test", origin=fcm, now=noon + 3599) == first
    assert stamp(SECRET, subject="mailto:a@b.test", origin=fcm, now=noon + 3600) != first
    assert stamp(SECRET, subject="mailto:a@b.test", origin=apple, now=noon) != first
    claims = json.loads(unwritten(first.split(".")[1]))
    assert claims == {"aud": fcm, "exp": noon + 43_200, "sub": "mailto:a@b.test"}


async def test_the_box_refuses_what_a_real_service_would(box: Sandbox) -> None:
    """Else the other tests would prove little."""
    origin = f"http://{box.push_host}"
    good = {
        "ttl": "60",
        "content-encoding": "aes128gcm",
        "authorization": stamp(SECRET, subject="mailto:a@b.test", origin=origin, now=int(time.time())),
    }

    def refused(key: str = PUBLIC, body: bytes = b"x", **changes: str) -> int | None:
        return complaint({**good, **changes}, body, origin=origin, key=key)

    old = stamp(SECRET, subject="mailto:a@b.test", origin=origin, now=int(time.time()) - 50_000)
    elsewhere = stamp(SECRET, subject="mailto:a@b.test", origin="https://fcm.googleapis.com", now=int(time.time()))
    forged = good["authorization"].replace(PUBLIC, push_keys()[0])
    assert refused() is None
    assert refused(ttl="") == 400
    assert refused(topic="x" * 33) == 400
    assert refused(urgency="now") == 400
    assert refused(**{"content-encoding": "aesgcm"}) == 400
    assert refused(authorization="") == 401
    assert refused(body=b"x" * 4097) == 413
    assert {refused(authorization=said) for said in (old, elsewhere, forged)} == {403}
    assert refused(key=push_keys()[0]) == 403
    assert refused(key="", authorization=forged) == 403


GOOD = {
    "https://fcm.googleapis.com/fcm/send/abc:def": "https://fcm.googleapis.com",
    "https://updates.push.services.mozilla.com/wpush/v2/gAAA-_": "https://updates.push.services.mozilla.com",
    "https://web.push.apple.com/QGuQ": "https://web.push.apple.com",
    "https://wns2-par02p.notify.windows.com/w/?token=BQYA%2b": "https://wns2-par02p.notify.windows.com",
    "https://fcm.googleapis.com:443/x": "https://fcm.googleapis.com",
}
BAD = [
    "http://fcm.googleapis.com/x",
    "https://fcm.googleapis.com:444/x",
    "https://fcm.googleapis.com:80/x",
    "https://fcm.googleapis.com",
    "https://fcm.googleapis.com/",
    "https://fcm.googleapis.com.evil.test/x",
    "https://evil.test/fcm.googleapis.com/x",
    "https://evilfcm.googleapis.com/x",
    "https://push.apple.com/x",
    "https://evil.testpush.apple.com/x",
    "https://.push.apple.com/x",
    "https://a..push.apple.com/x",
    "https://fcm.googleapis.com@127.0.0.1/x",
    "https://user:pass@fcm.googleapis.com/x",
    "https://fcm.googleapis.com\\@evil.test/x",
    "https://evil.test#.push.apple.com/x",
    "https://evil.test?.push.apple.com/x",
    "https://evil.test%2f.push.apple.com/x",
    "https://127.0.0.1/x",
    "https://127.1/x",
    "https://2130706433/x",
    "https://0x7f000001/x",
    "https://[::1]/x",
    "https://169.254.169.254/latest/meta-data",
    "https://10.0.0.1/x",
    "https://localhost/x",
    "http://127.0.0.1:8013/x",
    "HTTPS://fcm.googleapis.com/x",
    "https://FCM.googleapis.com/x",
    "https://fcm.googleapis.com./x",
    "https://ｆcm.googleapis.com/x",
    "https://fcm.googleapis.com/x\r\nHost: evil.test",
    "https://fcm.googleapis.com/x y",
    " https://fcm.googleapis.com/x",
    "https:/fcm.googleapis.com/x",
    "//fcm.googleapis.com/x",
    "ftp://fcm.googleapis.com/x",
    "file:///etc/passwd",
    "https://fcm.googleapis.com/" + "x" * 2001,
    "",
]


@pytest.mark.parametrize("endpoint", GOOD)
def test_the_browsers_own_services_are_asked(endpoint: str) -> None:
    assert origin_of(endpoint) == GOOD[endpoint]


@pytest.mark.parametrize("endpoint", BAD)
async def test_nobody_else_is_ever_asked(channel: WebPush, endpoint: str) -> None:
    assert origin_of(endpoint, "") is None
    keys = BrowserKeys(ec.generate_private_key(CURVE), bytes(16))
    with pytest.raises(RejectedError):
        await channel.send(a_message(Browser(endpoint, PUBLIC, keys).value))


def test_a_named_service_may_speak_plainly_on_this_machine_alone() -> None:
    hosts = "127.0.0.1:8013,push.ecole.test:8443,localhost:9"
    assert origin_of("http://127.0.0.1:8013/push/x", hosts) == "http://127.0.0.1:8013"
    assert origin_of("https://push.ecole.test:8443/x", hosts) == "https://push.ecole.test:8443"
    assert origin_of("http://push.ecole.test:8443/x", hosts) is None
    assert origin_of("http://127.0.0.1:8014/x", hosts) is None
    assert origin_of("http://127.0.0.1/x", hosts) is None
    assert origin_of("http://fcm.googleapis.com/x", "fcm.googleapis.com:80") is None


@pytest.mark.parametrize("hosts", ["*", "https://push.test:1", "push.test", "push.test:", "a b:1"])
def test_a_service_that_is_no_place_is_refused_at_the_start(hosts: str) -> None:
    with pytest.raises(ValueError, match="hôte:port"):
        Settings(push_hosts=hosts)


async def test_a_redirect_is_not_followed() -> None:
    seen: list[str] = []

    async def take(request: web.Request) -> web.Response:
        seen.append(request.path)
        return web.Response(status=307, headers={"Location": "/elsewhere"})

    app = web.Application()
    app.add_routes([web.post("/{path:.*}", take)])
    runner = web.AppRunner(app)
    await runner.setup()
    with socket.socket() as threshold:
        threshold.bind(("127.0.0.1", 0))
        port = threshold.getsockname()[1]
        await web.SockSite(runner, threshold).start()
        channel = WebPush(Settings(push_hosts=f"127.0.0.1:{port}"))
        browser = Browser(
            f"http://127.0.0.1:{port}/push/x", PUBLIC, BrowserKeys(ec.generate_private_key(CURVE), bytes(16))
        )
        with pytest.raises(RejectedError):
            await channel.send(a_message(browser.value))
        await channel.close()
        await runner.cleanup()
    assert seen == ["/push/x"]


def test_a_subscription_is_kept_in_one_spelling() -> None:
    keys = BrowserKeys(ec.generate_private_key(CURVE), b"\xfb\xff" * 8)
    browser = Browser("https://fcm.googleapis.com/fcm/send/x", PUBLIC, keys)
    given: dict[str, Any] = browser.subscription
    padded = {
        "endpoint": given["endpoint"],
        "keys": {"p256dh": given["keys"]["p256dh"] + "=", "auth": "+//7//v/+//7//v/+//7/w=="},
    }

    assert read_subscription(given) == read_subscription(padded) == read_value(browser.value)
    assert read_value(browser.value).value == browser.value  # type: ignore[union-attr] # just read
    assert browser.endpoint not in repr(read_value(browser.value))


@pytest.mark.parametrize(
    "given",
    [
        None,
        [],
        "x",
        {},
        {"endpoint": "https://fcm.googleapis.com/x"},
        {"endpoint": "https://fcm.googleapis.com/x", "keys": []},
        {"endpoint": 7, "keys": {"p256dh": PUBLIC, "auth": "A" * 22}},
        {"endpoint": "https://fcm.googleapis.com/x", "keys": {"p256dh": "A" * 87, "auth": "A" * 22}},
        {"endpoint": "https://fcm.googleapis.com/x", "keys": {"p256dh": PUBLIC, "auth": "A" * 21}},
        {"endpoint": 'https://fcm.googleapis.com/x"', "keys": {"p256dh": PUBLIC, "auth": "A" * 22}},
    ],
)
def test_what_is_no_subscription_is_not_read(given: object) -> None:
    assert read_subscription(given) is None


def test_an_address_that_is_no_subscription_is_not_read() -> None:
    for value in ("", "{", "[]", "null", "+33639980001", '{"endpoint":"https://fcm.googleapis.com/x"}'):
        assert read_value(value) is None


def test_a_browser_stays_with_its_service() -> None:
    assert service_of("https://wns2-par.notify.windows.com/x") == service_of("https://wns2-ams.notify.windows.com/y")
    assert service_of("https://web.push.apple.com/x") != service_of("https://fcm.googleapis.com/x")
    assert isinstance(Subscription("e", "p", "a").value, str)


async def test_many_messages_leave_side_by_side_over_few_lines(box: Sandbox, channel: WebPush) -> None:
    browsers = [box.push.subscribe(PUBLIC) for _ in range(100)]
    await asyncio.gather(*(channel.send(a_message(browser.value)) for browser in browsers))

    assert all(len(box.record.arrived(browser.value)) == 1 for browser in browsers)


async def test_the_wall_shows_a_notification_and_presses_its_button(box: Sandbox, channel: WebPush) -> None:
    browser = box.push.subscribe(PUBLIC)
    pressed: list[dict[str, str]] = []

    async def page(request: web.Request) -> web.Response:
        pressed.append({key: str(value) for key, value in (await request.post()).items()})
        return web.Response()

    app = web.Application()
    app.add_routes([web.post("/l/{code}", page)])
    async with TestServer(app) as hub, ClientSession() as http:
        link = f"http://127.0.0.1:{hub.port}/l/{LINK_CODE}"
        await channel.send(with_body(a_message(browser.value), link=link))
        async with http.get(box.wall_url) as answer:
            wall = await answer.text()
        form = {"address": browser.value, "do": "button", "words": "acknowledge"}
        async with http.post(f"{box.wall_url}act", data=form) as answer:
            assert answer.status == 200

    assert "Le chauffage est en panne." in wall
    assert "Notification" in wall
    assert "J’ai lu" in wall
    assert browser.endpoint not in wall.split('name="address"')[0]
    assert pressed == [{"act": "acknowledge"}]
    (said,) = box.record.said
    assert (said.act, said.words, said.taken) == (Act.ACKNOWLEDGE, "J’ai lu", True)
