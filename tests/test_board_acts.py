"""The board itself: calling from it, who may read a number there, and that one printing serves all who look."""

import re
import zlib

import pytest
from desks import TEACHER, Desk, on_one_database
from factories import NOW, Adult, by_sms
from starlette.types import Message, Receive, Scope, Send
from watching import PHONE_AND_MAIL

from hub.notices.calls import LEFT_LYING
from web.airmail import Airmail
from web.board import Boards, Picture
from web.callers import SEAM, for_reader


async def test_a_call_is_taken_and_ended_on_the_board_and_one_comes_back_to_where_one_was(desk: Desk) -> None:
    await desk.small.family(by_sms("+33639981002", name="Ada"), by_sms("+33639981003", name="Bob"))
    await desk.press()
    await desk.nobody_answers()
    await desk.enter()
    board = (await desk.web.get("/suivi/1")).text
    assert 'form="geste" formaction="/appeler/1/prendre?reste=1" aria-label="Appeler Ada Exemple"' in board
    assert "981002" not in board

    taken = await desk.post("/appeler/1/prendre?reste=1", avis="1")
    board = (await desk.web.get("/suivi/1")).text
    assert 'href="tel:+33639981002" aria-label="Appeler Ada Exemple au 06 39 98 10 02"' in board
    assert "Vous appelez depuis 7\u00a0h\u00a012" in board
    for act in ("Joint", "Sans réponse", "Faux numéro", "Prévenu autrement", "Rendre l’appel"):
        assert f'aria-label="{act}\u00a0: Ada Exemple"' in board
        assert f'aria-label="{act}\u00a0: Bob Exemple"' not in board
    unanswered = await desk.post("/appeler/1/fini?reste=1", avis="1", outcome="no_answer")
    await desk.post("/appeler/2/prendre?reste=2", avis="1")
    reached = await desk.post("/appeler/2/fini?reste=2", avis="1", outcome="reached")

    assert [one.headers["location"] for one in (taken, unanswered, reached)] == [
        "/suivi/1#reste-1",
        "/suivi/1#reste-1",
        "/suivi/1#appeler",
    ]
    board = (await desk.web.get("/suivi/1")).text
    assert 'id="reste-1"' in board
    assert 'id="reste-2"' not in board
    assert "Sans réponse à 7\u00a0h\u00a012" in board


async def test_a_colleague_sees_who_calls_and_no_number(desk: Desk) -> None:
    await desk.small.family(by_sms("+33639981002", name="Ada"))
    await desk.press()
    await desk.nobody_answers()
    await desk.small.write("UPDATE notice SET audience = 'class:CP A'")
    await desk.small.write(
        "UPDATE call_task SET owner_id = :director, taken_at = opened_at", director=desk.small.director
    )
    await desk.enter(TEACHER)

    for path in ("/suivi/1", "/appeler", "/appeler?avis=1"):
        text = (await desk.web.get(path)).text
        assert "Mme Exemple appelle depuis 7\u00a0h\u00a012" in text, path
        assert "06 39 98 •• 02" in text, path
        assert "981002" not in text, path
        assert "98 10 02" not in text, path
        assert "formaction" not in text, path
        assert SEAM not in text, path

    await desk.small.write("UPDATE call_task SET taken_at = :long_ago", long_ago=_stored(desk, NOW - LEFT_LYING))
    assert 'aria-label="Appeler Ada Exemple"' in (await desk.web.get("/suivi/1")).text


async def test_another_way_is_offered_where_there_is_one_and_refused_in_a_sentence_where_not(desk: Desk) -> None:
    await desk.small.family(Adult(name="Ada", reached_by=PHONE_AND_MAIL), Adult(name="Bob"))
    await desk.press()
    await desk.small.write("UPDATE attempt SET state = 'failed', error_kind = 'rejected', look_at = NULL")
    await desk.small.write("DELETE FROM call_task")
    await desk.nobody_answers()
    await desk.enter()
    board = (await desk.web.get("/suivi/1")).text
    assert 'aria-label="Autre voie\u00a0: Ada Exemple"' in board
    assert 'aria-label="Autre voie\u00a0: Bob Exemple"' not in board
    tasks = [row[0] for row in await desk.small.rows("SELECT id FROM call_task ORDER BY delivery_id")]

    done = await desk.post(f"/appeler/{tasks[0]}/autre-voie?reste=1", avis="1")
    refused = await desk.post(f"/appeler/{tasks[1]}/autre-voie?reste=2", avis="1")
    again = await desk.post(f"/appeler/{tasks[0]}/autre-voie?reste=1", avis="1")

    assert (done.status_code, done.headers["location"]) == (303, "/suivi/1#appeler")
    assert (refused.status_code, again.status_code) == (422, 404)
    assert "Il n’y a pas d’autre voie pour cet adulte" in refused.text
    assert await desk.small.rows("SELECT state FROM delivery ORDER BY id") == [("on_the_way",), ("to_call",)]


async def test_an_act_about_another_class_or_by_a_stranger_is_refused(desk: Desk) -> None:
    await desk.small.family(by_sms("+33639981002", name="Ada"), class_label="CE1 B")
    await desk.press()
    await desk.nobody_answers()
    await desk.enter(TEACHER)

    for act in ("prendre", "autre-voie", "rendre"):
        assert (await desk.post(f"/appeler/1/{act}")).status_code == 403, act
        assert (await desk.post(f"/appeler/1/{act}", token="0" * 32)).status_code == 403, act
    assert await desk.small.rows("SELECT owner_id, done_at FROM call_task") == [(None, None)]


@on_one_database
async def test_the_board_lists_thirty_and_says_how_many_more_there_are(desk: Desk) -> None:
    for number in range(16):
        await desk.small.family(Adult(name=f"Ada{number}"), Adult(name=f"Bob{number}"), children=["Élu"])
    await desk.press()
    await desk.enter()

    board = (await desk.web.get("/suivi/1")).text

    assert len(re.findall(r'<li class="person"', board)) == 30
    assert 'et 2 autres&nbsp;: <a href="/appeler?avis=1">la liste d’appel</a>' in board
    assert "32 personnes à appeler" in board
    assert (await desk.web.get("/appeler?avis=1")).text.count('<li class="person"') == 32


@on_one_database
async def test_a_teacher_whose_pupils_are_all_told_is_not_told_that_nobody_is_left(desk: Desk) -> None:
    await desk.small.family(by_sms("+33639981002", name="Ada"))
    await desk.small.family(Adult(name="Bob"), children=["Sami"], class_label="CE1 B")
    await desk.press()
    author = (await desk.small.rows("SELECT id FROM staff WHERE name = 'M. Modèle' ORDER BY id DESC"))[0][0]
    await desk.small.write("UPDATE notice SET author_id = :author", author=author)
    await desk.enter(TEACHER)

    board = (await desk.web.get("/suivi/1")).text

    assert "Personne parmi vos élèves." in board
    assert "Bob" not in board


@on_one_database
async def test_the_board_draws_minute_by_minute_and_says_it_in_words_and_in_a_table(desk: Desk) -> None:
    await desk.small.family(by_sms("+33639981001", name="Ada"), by_sms("+33639981002", name="Bob"))
    await desk.press()
    await desk.small.write("UPDATE delivery SET state = 'acknowledged' WHERE id = 1")
    await desk.enter()

    board = (await desk.web.get("/suivi/1")).text

    assert '<path class="f-ack" d="M2 60h16v60h-16z"/>' in board
    assert "la moitié à 7\u00a0h\u00a012, 1 adulte sur 2 à 7\u00a0h\u00a012, dont 1 a confirmé." in board
    assert "<li><time>7\u00a0h\u00a012</time> <span>1 adulte sait</span></li>" in board
    assert '<th scope="row">7\u00a0h\u00a012</th><td class="num">1</td><td class="num">1</td>' in board


def test_one_printing_serves_all_and_shows_a_number_to_its_caller_alone() -> None:
    printed = f"<p>a</p>{SEAM}7{SEAM}06 39 98 10 02{SEAM}06 39 98 •• 02{SEAM}<p>b</p>"

    assert for_reader(printed, 7) == "<p>a</p>06 39 98 10 02<p>b</p>"
    assert for_reader(printed, 77) == "<p>a</p>06 39 98 •• 02<p>b</p>"
    assert for_reader("<p>a</p>", 7) == "<p>a</p>"


def test_a_name_cannot_open_a_seam() -> None:
    with pytest.raises(ValueError, match="zip"):
        for_reader(f"a{SEAM}7{SEAM}", 7)


async def test_where_nothing_changes_a_watcher_hears_that_the_line_holds() -> None:
    boards = Boards(every=0.01)

    async def look(mark: str) -> Picture | None:
        return None if mark else Picture("1", "ici", over=False)

    heard = [picture async for picture in boards.follow("a", look, seconds=0.3, breath=0.08)]

    assert heard[0] == Picture("1", "ici", over=False)
    assert heard[1:] == [None] * len(heard[1:])
    assert len(heard) >= 3
    assert boards.watched == 0


def _stored(desk: Desk, moment: object) -> object:
    return f"{moment:%Y-%m-%d %H:%M:%S.%f}" if desk.on_sqlite else moment


async def test_a_piece_of_a_stream_leaves_whole_and_thin() -> None:
    sent: list[Message] = []

    async def rooms(scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", scope["kind"])]})
        for piece in (b"data: une planche\n\n" * 50, b"data: une autre\n\n"):
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b""})

    async def post(message: Message) -> None:
        sent.append(message)

    async def hear() -> Message:
        return {"type": "http.request"}

    scope = {"type": "http", "headers": [(b"accept-encoding", b"gzip, br")], "kind": b"text/event-stream"}
    await Airmail(rooms)(scope, hear, post)
    opened = zlib.decompressobj(16 + zlib.MAX_WBITS)
    assert (b"content-encoding", b"gzip") in sent[0]["headers"]
    assert opened.decompress(sent[1]["body"]) == b"data: une planche\n\n" * 50
    assert opened.decompress(sent[2]["body"]) == b"data: une autre\n\n"
    assert len(sent[1]["body"]) < 80

    for other in ({"kind": b"text/html"}, {"headers": []}):
        sent.clear()
        await Airmail(rooms)({**scope, **other}, hear, post)
        assert [one.get("body") for one in sent[2:]] == [b"data: une autre\n\n", b""]


@on_one_database
async def test_a_stream_of_nobody_is_refused_and_not_led_to_the_door(desk: Desk) -> None:
    await desk.small.family(by_sms())
    await desk.press()

    page = await desk.web.get("/suivi/1")
    stream = await desk.web.get("/suivi/1/direct", headers={"Accept": "text/html, text/event-stream"})

    assert (page.status_code, stream.status_code) == (303, 401)
