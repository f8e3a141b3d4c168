"""The box is spoken to as the hub does: by Twilio's own client, by SMTP, by HTTP."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage, Message
from email.policy import SMTP
from typing import Any, cast

import aiosmtplib
import pytest
from aiohttp import ClientError, ClientSession, web
from aiohttp.test_utils import TestServer
from aiosmtpd.lmtp import LMTP
from aiosmtpd.smtp import Envelope
from twilio.base.exceptions import TwilioRestException
from twilio.http.async_http_client import AsyncTwilioHttpClient
from twilio.request_validator import RequestValidator
from twilio.rest import Client

from hub.errors import SettingsError
from hub.ports import ChannelName
from sandbox.behaviour import Behaviour, Receipts
from sandbox.box import Sandbox
from sandbox.config import ACCOUNT, SECRET, Label, SandboxConfig
from sandbox.habits import Habit
from sandbox.record import Act, Status

PHONE, OTHER_PHONE = "+33639981002", "+33639982143"
SCHOOL = "+33937000100"
PUBLIC = "https://ecole.test"

LINK_PAGE = """<form action="/elsewhere" method="post"><button name="act" value="wrong">Mauvais numéro</button></form>
<form action="" method="post"><input type="hidden" name="version" value="3">
<button name="act" value="acknowledge">J’ai lu</button></form>"""


@dataclass
class Hub:
    """A tiny school: it keeps what is posted to it."""

    url: str = ""
    lmtp: str = ""
    answers: list[int] = field(default_factory=list)
    posts: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    signed: list[bool] = field(default_factory=list)
    mails: list[tuple[str, str, Message]] = field(default_factory=list)
    back: str = ""

    async def post(self, request: web.Request) -> web.Response:
        fields = {key: str(value) for key, value in (await request.post()).items()}
        self.posts.append((request.path, fields))
        signature = request.headers.get("X-Twilio-Signature", "")
        url = (PUBLIC if request.query.get("public") else self.url) + request.path_qs
        self.signed.append(RequestValidator(SECRET).validate(url, fields, signature))
        if self.back:
            return web.Response(text=self.back, content_type="application/xml")
        return web.Response(status=self.answers.pop(0) if self.answers else 204)

    async def page(self, _: web.Request) -> web.Response:
        return web.Response(text=LINK_PAGE, content_type="text/html")

    async def handle_DATA(self, _server: LMTP, _session: object, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        mail = message_from_bytes(cast("bytes", envelope.content), policy=SMTP)
        self.mails.append((envelope.mail_from or "", envelope.rcpt_tos[0], cast("Message", mail)))
        return "250 Ok"

    def statuses(self) -> list[str]:
        return [fields["MessageStatus"] for path, fields in self.posts if path == "/status"]


@pytest.fixture
async def hub() -> AsyncIterator[Hub]:
    school = Hub()
    app = web.Application()
    app.add_routes([web.post("/{path:.*}", school.post), web.get("/{path:.*}", school.page)])
    mail = await asyncio.get_running_loop().create_server(lambda: LMTP(school), "127.0.0.1", 0)
    school.lmtp = f"127.0.0.1:{mail.sockets[0].getsockname()[1]}"
    async with TestServer(app) as server:
        school.url = str(server.make_url("")).rstrip("/")
        yield school
    mail.close()


@pytest.fixture
async def box(hub: Hub) -> AsyncIterator[Sandbox]:
    config = SandboxConfig(
        allow=True,
        inbound_url=f"{hub.url}/inbound",
        mail_back=hub.lmtp,
        routes={PUBLIC: hub.url},
        pause=0.001,
        directory={OTHER_PHONE: Label("Nour Mithal", "ar")},
    )
    async with Sandbox(config) as opened:
        yield opened


@asynccontextmanager
async def twilio(box: Sandbox, secret: str = SECRET) -> AsyncIterator[Any]:
    http = AsyncTwilioHttpClient()
    client = Client(ACCOUNT, secret, http_client=http)
    client.api.base_url = box.twilio_url
    try:
        yield client.messages
    finally:
        await http.close()


async def text(box: Sandbox, to: str = PHONE, body: str = "Bonjour", **more: Any) -> Any:
    async with twilio(box) as messages:
        return await messages.create_async(**{"to": to, "from_": SCHOOL, "body": body, **more})


def a_mail(to: str = "tiago@exemplo.test") -> EmailMessage:
    mail = EmailMessage(policy=SMTP)
    mail["From"] = "École <ecole@passerelle.test>"
    mail["To"] = to
    mail["Subject"] = "École fermée"
    mail["Message-ID"] = "<copy.7@passerelle.test>"
    mail["Reply-To"] = "reponse+r.42@passerelle.test"
    mail["List-Unsubscribe"] = f"<{PUBLIC}/u/42>, <mailto:desabo+42@passerelle.test>"
    mail["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    mail.set_content("A escola está fechada.")
    mail.add_alternative("<p>A escola está fechada.</p>", subtype="html")
    mail["Content-Language"] = "pt"
    return mail


async def post_mail(box: Sandbox, to: str = "tiago@exemplo.test") -> None:
    await aiosmtplib.send(
        a_mail(to),
        sender="rebond+b.42@passerelle.test",
        recipients=[to],
        hostname=box.smtp_host,
        port=box.smtp_port,
        start_tls=False,
    )


async def press(box: Sandbox, **form: str) -> str:
    async with ClientSession() as http, http.post(f"{box.wall_url}act", data=form) as answer:
        assert answer.status == 200
        return await answer.text()


async def wall(box: Sandbox, query: str = "") -> str:
    async with ClientSession() as http, http.get(box.wall_url + query) as answer:
        assert answer.status == 200
        return await answer.text()


def test_the_box_stays_shut_beside_real_families() -> None:
    with pytest.raises(SettingsError, match="PASSERELLE_DEMO"):
        Sandbox(SandboxConfig(allow=False))


async def test_a_text_is_answered_as_twilio_does_and_stands_in_the_record(box: Sandbox) -> None:
    sent = await text(box, body="École fermée, reçu ?")

    assert (sent.status, sent.num_segments, sent.price, sent.to) == ("queued", "1", None, PHONE)
    assert sent.date_created.tzinfo is not None
    (arrived,) = box.record.arrived("+33 6 39 98 10 02")
    assert (arrived.provider_id, arrived.text, arrived.from_) == (sent.sid, "École fermée, reçu ?", SCHOOL)
    assert box.record.counts() == {(ChannelName.SMS, Status.DELIVERED): 1}


async def test_a_wrong_secret_takes_nothing(box: Sandbox) -> None:
    async with twilio(box, "guessed") as messages:
        with pytest.raises(TwilioRestException) as refused:
            await messages.create_async(to=PHONE, from_=SCHOOL, body="Bonjour")

    assert (refused.value.status, refused.value.code) == (401, 20003)
    assert box.record.messages == []
    assert [post.answer for post in box.record.posts] == [401]


@pytest.mark.parametrize(
    ("wrong", "code"),
    [({"to": "0639981002"}, 21211), ({"body": ""}, 21602), ({"from_": ""}, 21603), ({"body": "x" * 1601}, 21617)],
)
async def test_what_twilio_cannot_send_is_refused(box: Sandbox, wrong: dict[str, str], code: int) -> None:
    with pytest.raises(TwilioRestException) as refused:
        await text(box, **wrong)

    assert (refused.value.status, refused.value.code) == (400, code)


async def test_the_list_finds_by_recipient_and_time_over_all_pages(box: Sandbox) -> None:
    sids = [(await text(box, body=f"Avis {n}")).sid for n in range(5)]
    await text(box, to=OTHER_PHONE)
    now = datetime.now(UTC)

    async with twilio(box) as messages:
        found = await messages.list_async(to=PHONE, date_sent_after=now - timedelta(minutes=1), page_size=2)
        none = await messages.list_async(to=PHONE, date_sent_before=now - timedelta(minutes=1))
        today = await messages.list_async(from_=SCHOOL, date_sent=now)
        one = await messages(sids[0]).fetch_async()

    assert [message.sid for message in found] == sids[::-1]
    assert none == []
    assert len(today) == 6
    assert (one.body, one.status) == ("Avis 0", "delivered")


@pytest.mark.parametrize(
    ("receipts", "told"),
    [
        (Receipts.PROMPT, ["queued", "sent", "delivered"]),
        (Receipts.LATE, ["queued", "sent", "delivered"]),
        (Receipts.NONE, []),
        (Receipts.DOUBLED, ["queued", "queued", "sent", "sent", "delivered", "delivered"]),
        (Receipts.REORDERED, ["delivered", "sent", "queued"]),
    ],
)
async def test_receipts_come_signed_as_the_network_pleases(
    box: Sandbox, hub: Hub, receipts: Receipts, told: list[str]
) -> None:
    box.behave(Behaviour(receipts=receipts, receipt_delay=0.01))
    sent = await text(box, status_callback=f"{hub.url}/status?attempt=7")
    await box.settled()

    assert hub.statuses() == told
    assert all(hub.signed)
    assert {fields["MessageSid"] for _, fields in hub.posts} <= {sent.sid}


async def test_an_early_receipt_comes_before_the_answer(box: Sandbox, hub: Hub) -> None:
    box.behave(Behaviour(receipts=Receipts.EARLY))
    await text(box, status_callback=f"{hub.url}/status")

    assert hub.statuses() == ["queued", "sent", "delivered"]


async def test_a_forged_receipt_does_not_verify(box: Sandbox, hub: Hub) -> None:
    box.behave(Behaviour(receipts=Receipts.FORGED))
    await text(box, status_callback=f"{hub.url}/status")
    await box.settled()

    assert hub.signed == [False, False, False]


async def test_a_signature_stands_over_the_public_address(box: Sandbox, hub: Hub) -> None:
    await text(box, status_callback=f"{PUBLIC}/status?public=1")
    await box.settled()

    assert hub.signed == [True, True, True]


async def test_a_receipt_is_repeated_while_the_hub_is_away(box: Sandbox, hub: Hub) -> None:
    hub.answers = [503, 500, 204]
    await text(box, status_callback=f"{hub.url}/status")
    await box.settled()

    assert hub.statuses() == ["queued", "queued", "queued", "sent", "delivered"]
    assert [callback.answer for callback in box.record.callbacks] == [503, 500, 204, 204, 204]


async def test_nothing_leaves_the_box_for_the_world(box: Sandbox) -> None:
    await text(box, status_callback="https://real.example/status")
    await box.settled()

    assert {callback.answer for callback in box.record.callbacks} == {0}


async def test_an_unknown_handset_is_reported_later(box: Sandbox, hub: Hub) -> None:
    box.behave(Behaviour(undelivered=30005), PHONE)
    await text(box, status_callback=f"{hub.url}/status")
    await box.settled()

    assert hub.statuses() == ["queued", "sent", "undelivered"]
    assert hub.posts[-1][1]["ErrorCode"] == "30005"
    assert box.record.arrived(PHONE) == []


@pytest.mark.parametrize("code", [21211, 21610, 21614])
async def test_a_phone_refuses_and_only_that_phone(box: Sandbox, code: int) -> None:
    box.behave(Behaviour(refuse=code), PHONE)
    with pytest.raises(TwilioRestException) as refused:
        await text(box)
    await text(box, to=OTHER_PHONE)

    assert (refused.value.status, refused.value.code) == (400, code)
    assert [message.address for message in box.record.messages] == [OTHER_PHONE]


async def test_a_line_cut_after_taking_leaves_a_text_that_the_list_shows(box: Sandbox) -> None:
    box.behave(Behaviour(hang_up=True), PHONE)
    with pytest.raises(ClientError):
        await text(box)

    assert [message.text for message in box.record.arrived(PHONE)] == ["Bonjour"]
    assert [(post.to, post.body, post.answer) for post in box.record.posts] == [(PHONE, "Bonjour", 0)]
    async with twilio(box) as messages:
        assert len(await messages.list_async(to=PHONE)) == 1


async def test_a_slow_answer_comes_after_the_text_was_taken(box: Sandbox) -> None:
    box.behave(Behaviour(latency=30), PHONE)
    sending = asyncio.create_task(text(box))
    await box.record.until(lambda record: len(record.messages) == 1)

    assert not sending.done()
    sending.cancel()


async def test_too_many_requests_say_when_to_come_back(box: Sandbox) -> None:
    box.behave(Behaviour(answer=429, retry_after=3, times=1), PHONE)
    async with ClientSession() as http:
        url = f"{box.twilio_url}/2010-04-01/Accounts/{ACCOUNT}/Messages.json"
        form = {"To": PHONE, "From": SCHOOL, "Body": "Bonjour"}
        login = {"Authorization": "Basic QUMwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDp0aGUtYm94LWhhcy1uby1zZWNyZXQ="}
        async with http.post(url, data=form, headers=login) as answer:
            assert (answer.status, answer.headers["Retry-After"]) == (429, "3")
            assert (await answer.json())["code"] == 20429
        async with http.post(url, data=form, headers=login) as answer:
            assert answer.status == 201
    assert len(box.record.messages) == 1


@pytest.mark.parametrize(("takes_first", "taken"), [(False, 0), (True, 1)])
async def test_a_server_error_may_hide_a_text_that_was_taken(box: Sandbox, *, takes_first: bool, taken: int) -> None:
    box.behave(Behaviour(answer=503, takes_first=takes_first))
    with pytest.raises(TwilioRestException) as failed:
        await text(box)

    assert failed.value.status == 503
    assert len(box.record.messages) == taken


async def test_random_failures_are_the_same_for_the_same_seed() -> None:
    async def failures() -> list[int]:
        async with Sandbox(SandboxConfig(allow=True, seed=3)) as box:
            box.behave(Behaviour(failing=0.5))
            for n in range(8):
                await asyncio.gather(text(box, to=f"+3363998100{n}"), return_exceptions=True)
            return [post.answer for post in box.record.posts]

    first = await failures()
    assert set(first) == {201, 503}
    assert await failures() == first


async def test_a_phone_that_is_off_gets_its_texts_when_it_is_switched_on(box: Sandbox, hub: Hub) -> None:
    await press(box, address=PHONE, do="off")
    await text(box, status_callback=f"{hub.url}/status")
    await box.settled()
    assert (hub.statuses(), box.record.arrived(PHONE)) == (["queued", "sent"], [])

    await press(box, address=PHONE, do="on")
    await box.settled()
    assert hub.statuses() == ["queued", "sent", "delivered"]
    assert len(box.record.arrived(PHONE)) == 1


async def test_a_text_that_came_twice_is_counted(box: Sandbox) -> None:
    for _ in range(2):
        await text(box)
    await text(box, to=OTHER_PHONE)

    assert box.record.repeats() == {(PHONE, "Bonjour"): 2}


async def test_a_mail_lies_in_its_mailbox_as_its_reader_sees_it(box: Sandbox) -> None:
    await post_mail(box)

    (mail,) = box.record.arrived("Tiago@exemplo.test")
    assert (mail.text, mail.html, mail.subject) == (
        "A escola está fechada.",
        "<p>A escola está fechada.</p>",
        "École fermée",
    )
    assert (mail.language, mail.from_) == ("pt", "ecole@passerelle.test")
    assert mail.headers.message_id == "<copy.7@passerelle.test>"
    assert mail.headers.reply_to == "reponse+r.42@passerelle.test"
    assert mail.headers.return_path == "rebond+b.42@passerelle.test"


@pytest.mark.parametrize(("code", "words"), [(550, "5.1.1 No such mailbox"), (451, "4.3.0 Local error")])
async def test_a_post_office_refuses_a_recipient(box: Sandbox, code: int, words: str) -> None:
    box.behave(Behaviour(rcpt=code), "tiago@exemplo.test")
    with pytest.raises(aiosmtplib.SMTPRecipientsRefused) as refused:
        await post_mail(box)

    assert (refused.value.recipients[0].code, words in refused.value.recipients[0].message) == (code, True)
    assert (box.record.messages, [post.answer for post in box.record.posts]) == ([], [code])


async def test_a_post_office_that_cuts_the_line_has_taken_the_mail(box: Sandbox) -> None:
    box.behave(Behaviour(hang_up=True), "tiago@exemplo.test")
    with pytest.raises(aiosmtplib.SMTPServerDisconnected):
        await post_mail(box)

    assert len(box.record.arrived("tiago@exemplo.test")) == 1


async def test_a_bounce_comes_back_to_the_sender_on_the_envelope(box: Sandbox, hub: Hub) -> None:
    box.behave(Behaviour(bounce="5.1.1"), "tiago@exemplo.test")
    await post_mail(box)
    await box.settled()

    ((sender, to, report),) = hub.mails
    assert (sender, to) == ("<>", "rebond+b.42@passerelle.test")
    assert report.get_content_type() == "multipart/report"
    status = next(part for part in report.walk() if part.get_content_type() == "message/delivery-status")
    _, each = cast("list[Message]", status.get_payload())
    assert (each["Action"], each["Status"], each["Final-Recipient"]) == (
        "failed",
        "5.1.1",
        "rfc822; tiago@exemplo.test",
    )
    original = next(part for part in report.walk() if part.get_content_type() == "text/rfc822-headers")
    assert b"<copy.7@passerelle.test>" in cast("bytes", original.get_payload(decode=True))
    assert box.record.arrived("tiago@exemplo.test") == []


async def test_an_answer_by_mail_reaches_reply_to(box: Sandbox, hub: Hub) -> None:
    await post_mail(box)
    page = await press(box, address="tiago@exemplo.test", do="reply", words="Obrigado")

    ((sender, to, mail),) = hub.mails
    assert (sender, to) == ("tiago@exemplo.test", "reponse+r.42@passerelle.test")
    assert (mail["In-Reply-To"], mail["Subject"]) == ("<copy.7@passerelle.test>", "Re: École fermée")
    body = cast("bytes", mail.get_payload(decode=True)).decode()
    assert body.startswith("Obrigado\r\n")
    assert "> A escola está fechada." in body
    assert "Obrigado" in page


async def test_the_wall_says_when_the_school_hears_no_mail() -> None:
    async with Sandbox(SandboxConfig(allow=True)) as box:
        await post_mail(box)
        assert "pas de réponse par e-mail" in await wall(box)
        assert "n’arriverait nulle part" in await press(box, address="tiago@exemplo.test", do="reply", words="Oui")


async def test_unsubscribing_is_one_post(box: Sandbox, hub: Hub) -> None:
    await post_mail(box)
    await press(box, address="tiago@exemplo.test", do="unsubscribe")

    assert hub.posts == [("/u/42", {"List-Unsubscribe": "One-Click"})]


async def test_an_answer_from_the_wall_comes_signed_to_the_school(box: Sandbox, hub: Hub) -> None:
    await text(box, to=OTHER_PHONE, body="مدرسة Trois-Ponts مغلقة.")
    page = await press(box, address=OTHER_PHONE, do="reply", words="شكراً")

    ((path, fields),) = hub.posts
    assert (path, hub.signed) == ("/inbound", [True])
    assert {key: fields[key] for key in ("From", "To", "Body", "NumMedia", "NumSegments", "AccountSid")} == {
        "From": OTHER_PHONE,
        "To": SCHOOL,
        "Body": "شكراً",
        "NumMedia": "0",
        "NumSegments": "1",
        "AccountSid": ACCOUNT,
    }
    assert '<div class="bubble mine" lang="ar" dir="rtl">' in page


async def test_what_the_school_says_back_at_once_stands_below_the_answer(box: Sandbox, hub: Hub) -> None:
    hub.back = '<?xml version="1.0" encoding="UTF-8"?><Response><Message>Merci &amp; à demain.</Message></Response>'
    await text(box)
    page = await press(box, address=PHONE, do="reply", words="Malade")

    bubbles = re.findall(r'<div class="(bubble[^"]*)".*?<p class="words said">(.*?)</p>', page)
    assert bubbles == [("bubble", "Bonjour"), ("bubble mine", "Malade"), ("bubble", "Merci &amp; à demain.")]
    assert [said.back for said in box.record.said] == ["Merci & à demain."]
    assert len(box.record.messages) == 1


async def test_a_name_cannot_be_answered(box: Sandbox, hub: Hub) -> None:
    await text(box, from_="Trois-Ponts")

    assert "c’est un nom, pas un numéro" in await wall(box)
    await press(box, address=PHONE, do="reply", words="Oui")
    assert hub.posts == []


async def test_the_wall_shows_each_text_in_its_own_direction(box: Sandbox) -> None:
    await text(box, to=OTHER_PHONE, body="مدرسة Trois-Ponts مغلقة.")
    await text(box, to=OTHER_PHONE, body="École fermée <b>ce matin</b>.")
    page = await wall(box, "?q=nour")

    assert '<div class="bubble" lang="ar" dir="rtl"><p class="words said">مدرسة' in page
    assert '<div class="bubble" lang="fr" dir="ltr"><p class="words said">École fermée &lt;b&gt;ce matin' in page
    assert "Nour Mithal" in page
    assert "06 39 98 21 43" in page


async def test_the_wall_stays_light_and_finds_a_number(box: Sandbox) -> None:
    box.directory.update({f"+3363998{n:04}": Label(f"Famille {n}", "fr") for n in range(412)})
    page = await wall(box)

    assert page.count('<li class="device') == 60
    assert "413 téléphones" in page
    assert "Famille 407<" in await wall(box, "?q=06+39+98+04+07")


async def test_the_link_is_acknowledged_by_its_own_form(box: Sandbox, hub: Hub) -> None:
    await text(box, body=f"École fermée. {PUBLIC}/r/abcdef123456.")
    await press(box, address=PHONE, do="acknowledge")

    assert hub.posts == [("/r/abcdef123456", {"version": "3", "act": "acknowledge"})]
    assert [(said.act, said.taken) for said in box.record.said] == [(Act.ACKNOWLEDGE, True)]


async def test_families_have_their_habits(box: Sandbox) -> None:
    box.set_habit(PHONE, Habit.ACKNOWLEDGE, delay=0.01)
    box.set_habit(OTHER_PHONE, Habit.DIGIT)
    for number in (PHONE, OTHER_PHONE, "+33639985210"):
        await text(box, to=number, body=f"École fermée. Répondez 1. {PUBLIC}/r/abc")
    await text(box, to=OTHER_PHONE, body="Merci, c'est noté.")
    await box.settled()

    assert [(said.address, said.act, said.words) for said in box.record.said] == [
        (OTHER_PHONE, Act.REPLY, "1"),
        (PHONE, Act.ACKNOWLEDGE, ""),
    ]


async def test_the_levers_work_from_another_process(box: Sandbox) -> None:
    async with ClientSession(box.twilio_url) as http:
        order = {"address": PHONE, "behaviour": {"refuse": 21610}}
        async with http.post("/control/behaviour", json=order) as answer:
            assert answer.status == 204
        async with http.post("/control/behaviour", json={"behaviour": {"mood": "bad"}}) as answer:
            assert answer.status == 422
        with pytest.raises(TwilioRestException):
            await text(box)
        await text(box, to=OTHER_PHONE)
        async with http.get("/control/record") as answer:
            record = await answer.json()
        assert [message["address"] for message in record["messages"]] == [OTHER_PHONE]
        assert [(post["to"], post["answer"]) for post in record["posts"]] == [(PHONE, 400), (OTHER_PHONE, 201)]
        async with http.post("/control/reset") as answer:
            assert answer.status == 204
    assert (box.record.messages, box.record.posts) == ([], [])


async def test_a_page_from_elsewhere_presses_nothing(box: Sandbox) -> None:
    headers = {"Sec-Fetch-Site": "cross-site"}
    async with ClientSession(box.twilio_url, headers=headers) as http:
        async with http.post("/control/reset") as answer:
            assert answer.status == 403
        async with http.post("/act", data={"address": PHONE, "do": "off"}) as answer:
            assert answer.status == 403


async def test_a_post_office_may_ask_for_a_password() -> None:
    async with Sandbox(SandboxConfig(allow=True, smtp_login=("ecole", "craie"))) as box:
        client = aiosmtplib.SMTP(hostname=box.smtp_host, port=box.smtp_port, start_tls=False)
        async with client:
            with pytest.raises(aiosmtplib.SMTPAuthenticationError):
                await client.login("ecole", "tableau")
        async with client:
            await client.login("ecole", "craie")
            await client.send_message(a_mail())

        assert len(box.record.messages) == 1
