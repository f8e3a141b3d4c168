"""What goes wrong on the way home: twice, late, out of order, forged, empty, far too big, garbled, from somebody else.

Nothing is lost, nothing is believed that nobody vouches for, and nobody is thanked twice.
"""

from collections.abc import AsyncIterator
from datetime import timedelta
from email.message import EmailMessage
from email.policy import SMTP

import pytest
import pytest_asyncio
from factories import NOW
from journeys import TEXTS, WAYS, Family, Town, a_town, letter_of, on_page, text_of
from push_door import FOREIGN

from hub.notices.follow_up import correct
from hub.notices.headlines import Reader, headline
from hub.people.rights import rights_on
from hub.ports import NoticeKind, Slots
from hub.sealing import Keyring
from sandbox.behaviour import Behaviour, Receipts
from sandbox.record import Arrived

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.parametrize("town", ["sqlite"], indirect=True),
]
ABSENCE, MEETING, NEWS = NoticeKind.ABSENCE, NoticeKind.MEETING, NoticeKind.ANNOUNCEMENT
YES = {"sms": "oui", "mail": "oui", "chat": "oui", "push": "yes", "page": "oui"}
THANKS, WITHDRAWN, AGAIN = "Merci, c'est noté.", "Ce message a été retiré.", "Quelque chose n'a pas marché."
TEN = 10 * 1024 * 1024


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def town(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, keyring: Keyring, hashed: str
) -> AsyncIterator[Town]:
    async with a_town(request, tmp_path_factory.mktemp("town"), keyring, hashed) as opened:
        yield opened


async def kept(town: Town) -> list[int]:
    """How much the registers hold of what families said."""
    return [await town.count(table) for table in ("reply", "answer", "tray_item", "stop", "call_task")]


@pytest.mark.parametrize(
    ("way", "told"),
    [
        ("sms", [THANKS, "", ""]),
        ("mail", ["250", "250", "250"]),
        ("chat", [THANKS, "", ""]),
        ("push", ["noted", "already", "already"]),
        ("page", [THANKS, THANKS, THANKS]),
    ],
)
async def test_what_is_brought_twice_is_kept_once_and_thanked_once(town: Town, way: str, told: list[str]) -> None:
    family = await town.told(MEETING, way)
    before = len(town.box.record.taken(family.address))

    assert [await town.brings(family, YES[way]) for _ in told] == told

    assert [kind for kind, _, _ in await town.answers(family)] == ["yes"]
    assert await town.senses(family) == ([] if way == "push" else ["yes"])
    assert len(town.box.record.taken(family.address)) - before == (1 if way == "chat" else 0)


@pytest.mark.parametrize(
    ("way", "does", "told"),
    [
        ("sms", "oui", ""),
        ("mail", "oui", ""),
        ("chat", "oui", ""),
        ("chat", "[yes]", WITHDRAWN),
        ("push", "[yes]", "withdrawn"),
        ("page", "[yes]", f"410 {WITHDRAWN}"),
        ("page", "oui", f"410 {WITHDRAWN}"),
    ],
)
async def test_what_answers_a_withdrawn_notice_answers_nothing_and_is_read(
    town: Town, way: str, does: str, told: str
) -> None:
    family = await town.told(MEETING, way)
    assert (await town.desk.post(f"/suivi/{family.notice}/retirer", key=f"w{family.notice}")).status_code == 303

    assert await town.says(family, does) == told

    assert await town.answers(family) == []
    written = not does.startswith("[") and way != "page"
    assert await town.senses(family) == (["words"] if written else [])
    assert (does in await town.sees("inbox", family)) is written


async def corrected(town: Town, family: Family) -> Arrived:
    """The director puts the notice right: a day later; gives what arrives."""
    small = town.small
    async with small.database.school(small.school.key) as session:
        here = {"school_id": small.school.key}
        rights = await rights_on(session, staff_id=small.director, day=NOW.date(), **here)
        reader = Reader(small.director, rights, NOW.date())
        seen = await headline(session, small.keyring, notice_id=family.notice, reader=reader, **here)
        slots = Slots(starts_at=NOW.replace(day=27, hour=16), place="Salle 4", text="Merci de venir.")
        made = await correct(
            session,
            small.keyring,
            school=small.school,
            seen=seen,
            reader=reader,
            slots=slots,
            key=f"c{seen.notice_id}",
            now=NOW,
        )
    family.notice = made.notice_id
    await town.leaves(MEETING)
    return town.box.record.arrived(family.address)[-1]


@pytest.mark.parametrize(
    ("way", "does", "told", "answers"),
    [
        ("sms", "oui", THANKS, 1),  # to the last that came
        ("mail", "oui", "", 0),  # under the mail that does not count any more: a person reads it
        ("chat", "[yes]", WITHDRAWN, 0),
        ("push", "[yes]", "withdrawn", 0),
        ("page", "[yes]", f"410 {WITHDRAWN}", 0),
    ],
)
async def test_after_a_correction_the_old_message_takes_no_answer_and_the_new_one_does(
    town: Town, way: str, does: str, told: str, answers: int
) -> None:
    family = await town.told(MEETING, way)
    right = await corrected(town, family)

    assert await town.says(family, does) == told

    asked = "SELECT count(*) FROM answer WHERE notice_id = :n AND kind = 'yes'"
    assert await town.of(family, asked) == [(answers,)]
    assert len(await town.answers(family)) == answers
    family.got = right
    await town.says(family, does)
    assert await town.of(family, asked) == [(1,)]


@pytest.mark.parametrize(
    ("way", "does", "told", "answers"),
    [
        ("sms", "malade", "", 0),
        ("mail", "malade", "", 1),  # under the mail itself, however old
        ("chat", "malade", "", 0),
        ("push", "[ill]", "404 Ce lien ne s'ouvre plus.", 0),
        ("page", "[ill]", "404 Ce lien ne s'ouvre plus.", 0),
        ("page", "malade", "404 Ce lien ne s'ouvre plus.", 0),
    ],
)
async def test_after_a_fortnight_words_answer_only_what_they_stand_under(
    town: Town, way: str, does: str, told: str, answers: int
) -> None:
    family = await town.told(ABSENCE, way)
    town.at(NOW + timedelta(days=15))

    said = await town.says(family, does)
    town.at(NOW)

    assert said == told
    assert len(await town.answers(family)) == answers
    assert len(await town.senses(family)) == (0 if said else 1)


@pytest.mark.parametrize(
    ("way", "does", "told"),
    [
        ("sms", "oui", ""),
        ("mail", "oui", ""),
        ("chat", "oui", ""),
        ("chat", "[yes]", WITHDRAWN),
        ("push", "[yes]", "withdrawn"),
        ("page", "[yes]", f"410 {WITHDRAWN}"),
        ("page", "oui", THANKS),
    ],
)
async def test_once_a_meeting_has_begun_nobody_says_any_more_that_he_comes(
    town: Town, way: str, does: str, told: str
) -> None:
    family = await town.told(MEETING, way)
    town.at(NOW + timedelta(days=3))

    said = await town.says(family, does)
    town.at(NOW)

    assert said == told
    assert await town.answers(family) == []
    assert await town.senses(family) == ([] if does.startswith("[") else ["words"])


@pytest.mark.parametrize("way", WAYS)
async def test_an_answer_before_the_providers_own_shows_that_it_came(town: Town, way: str) -> None:
    family = await town.family(way)
    town.box.behave(Behaviour(receipts=Receipts.NONE), family.address)
    await town.press(family, MEETING)
    of_it = "(SELECT id FROM copy WHERE notice_id = :n)"
    await town.small.write(
        f"UPDATE attempt SET state = 'unknown', provider_id = NULL WHERE copy_id IN {of_it}",  # noqa: S608 (our own words)
        n=family.notice,
    )

    await town.brings(family, YES[way])
    if way == "sms":
        await town.box.phones.report(family.message, Behaviour(receipts=Receipts.REORDERED))

    assert await town.stands(family) == "acknowledged"
    assert await town.of(family, f"SELECT state FROM attempt WHERE copy_id IN {of_it}") == [("delivered",)]  # noqa: S608 (the same)


@pytest.mark.parametrize("way", ["sms", "mail", "chat", "page"])
async def test_of_two_messages_the_second_may_come_first_and_both_are_read(town: Town, way: str) -> None:
    """A notification takes no words."""
    family = await town.told(NEWS, way)

    await town.brings(family, "Et pour le retour ?", "2")
    await town.brings(family, "À quelle heure part le bus ?", "1")

    assert await town.senses(family) == ["words", "words"]
    thread = await town.reads(family)
    assert thread.index("Et pour le retour ?") < thread.index("À quelle heure part le bus ?")
    assert await town.of(family, "SELECT count(*) FROM thread WHERE guardian_id = :g") == [(1,)]


async def forged(town: Town, way: str, family: Family, other: Family) -> list[object]:
    """Try what a forger can; gives what is answered."""
    if way == "sms":
        fields = text_of(family, "3")
        return [
            await town.posts_text(fields, secret="somebody else's"),
            await town.posts_text(fields, body=b"From=%2B33639980001&MessageSid=SM1&Body=STOP"),
            (await town.web.post(TEXTS, data=fields)).status_code,
        ]
    if way == "mail":
        mailbox, _, rest = family.reply_to.partition("+")
        changed = f"{mailbox}+{rest[:-20]}0000{rest[-16:]}"
        letter = letter_of(family, "3")
        of_another_box = family.message.headers.return_path.replace("rebond", "reponse")
        elsewhere = family.reply_to.replace("hub.test", "ailleurs.test")
        return [await town.hands_over(to, letter) for to in (changed, of_another_box, elsewhere)]
    if way == "chat":
        other.got = family.message
        [data, _] = family.message.buttons[0]
        stolen = {**town.box.chats.shown(family.message), "chat": {"id": int(other.address), "type": "private"}}
        query = {"id": "1", "from": {"id": 1, "is_bot": False, "first_name": "X"}, "chat_instance": "1"}
        await town.box.chats.bring(
            family.message.account, {"callback_query": {**query, "data": data, "message": stolen}}
        )
        return [await town.posts_update(family, "1", text="3", word="x" * 32), town.notes[-1]]
    return [
        (await town.web.post(family.link, data={"act": "should_be_here"}, headers=FOREIGN)).status_code,
        (await town.web.post(f"{family.link[:-1]}!", data={"act": "should_be_here"})).status_code,
        (await town.web.post(family.link, data={"act": "should_be_here", "guardian": str(other.guardian)})).status_code,
    ]


@pytest.mark.parametrize(
    ("way", "told"),
    [
        ("sms", ["403", "403", 403]),
        ("mail", [550, 550, 550]),
        ("chat", [403, "Ce bouton n’est pas pour ce chat."]),
        ("push", [403, 404, 410]),
        ("page", [403, 404, 410]),
    ],
)
async def test_what_is_forged_is_refused_and_nothing_is_kept(town: Town, way: str, told: list[object]) -> None:
    family, other = await town.told(ABSENCE, way), await town.told(ABSENCE, way)
    before = await kept(town)

    assert await forged(town, way, family, other) == told

    assert await kept(town) == before


@pytest.mark.parametrize(
    ("way", "told", "senses"),
    [
        ("sms", "", ["words"]),
        ("mail", "250", ["words"]),
        ("push", "400", []),
        ("page", "400", []),
    ],
)
async def test_an_empty_answer_answers_nothing(town: Town, way: str, told: str, senses: list[str]) -> None:
    """Telegram sends none."""
    family = await town.told(ABSENCE, way)

    assert (await town.brings(family, "")).split(" ")[0] == told

    assert await town.answers(family) == []
    assert await town.senses(family) == senses


@pytest.mark.parametrize(
    ("way", "told"), [("sms", "413"), ("mail", 552), ("chat", "413"), ("push", "413"), ("page", "413")]
)
async def test_ten_megabytes_are_refused_before_they_are_read(town: Town, way: str, told: object) -> None:
    family = await town.told(ABSENCE, way)
    before = await kept(town)

    if way == "mail":
        letter = letter_of(family, "malade") + (b"x" * 78 + b"\r\n") * (TEN // 80)
        assert await town.hands_over(family.reply_to, letter) == told
    else:
        assert (await town.brings(family, "x" * TEN)).split(" ")[0] == told

    assert await kept(town) == before
    assert (await town.brings(family, {"push": "ill"}.get(way, "malade"))).split(" ")[0] not in ("413", "552")
    assert [kind for kind, _, _ in await town.answers(family)] == ["ill"]


async def test_nine_megabytes_by_mail_are_kept_whole(town: Town) -> None:
    family = await town.told(ABSENCE, "mail")
    mail = EmailMessage(policy=SMTP)
    mail["From"], mail["Subject"], mail["Message-ID"] = family.address, "RE", "<9@familles.test>"
    mail.set_content("Malade, voici le certificat.")
    mail.add_attachment(b"x" * 6_500_000, maintype="image", subtype="jpeg", filename="certificat.jpg")

    assert await town.hands_over(family.reply_to, mail.as_bytes()) == 250

    assert await town.small.rows("SELECT max(size) FROM reply_attachment") == [(6_500_000,)]
    assert "certificat.jpg" in await town.sees("turn", family)


CHARSETS = {
    "latin-1, said to be utf-8": (
        "utf-8",
        "Elle est à la maison, fièvre.".encode("latin-1"),
        "Elle est à la maison, fièvre.",
    ),
    "unknown": ("x-unknown", b"Elle a de la fievre, desolee.", "Elle a de la fievre, desolee."),
    "utf-8, said to be ascii": ("us-ascii", "Fièvre depuis hier.".encode(), "Fièvre depuis hier."),
}


@pytest.mark.parametrize("charset", list(CHARSETS))
async def test_a_mail_in_a_wrong_charset_is_read(town: Town, charset: str) -> None:
    family = await town.told(ABSENCE, "mail")
    said, body, words = CHARSETS[charset]
    head = f"From: {family.address}\r\nSubject: RE\r\nMessage-ID: <{said}@familles.test>\r\nMIME-Version: 1.0\r\n"
    head += f"Content-Type: text/plain; charset={said}\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"

    assert await town.hands_over(family.reply_to, head.encode() + body) == 250

    assert words in await town.sees("turn", family)


@pytest.mark.parametrize(("way", "told"), [("sms", ""), ("chat", 400), ("push", "400"), ("page", THANKS)])
async def test_bytes_that_are_no_letters_break_nothing(town: Town, way: str, told: object) -> None:
    family = await town.told(ABSENCE, way)
    if way == "sms":
        fields = text_of(family, "fi\ufffdvre\ufffd")
        body = b"&".join(
            f"{name}={'fi%E8vre%FF' if name == 'Body' else value.replace('+', '%2B')}".encode()
            for name, value in fields.items()
        )
        said: object = await town.posts_text(fields, body=body)
    elif way == "chat":
        said = await town.posts_update(family, "1", raw=b'{"update_id": 1, "message": {"text": "fi\xe8vre"}}')
    else:
        form = {"page": b"act=words&key=k&words=fi%E8vre", "push": b"act=%FF"}[way]
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        answer = await town.web.post(family.link, content=form, headers=headers)
        said = on_page(answer) if way == "page" else str(answer.status_code)

    assert said == told
    assert await town.answers(family) == []
    assert await town.senses(family) == (["words"] if way in ("sms", "page") else [])


async def test_a_mail_of_the_other_parent_or_of_anybody_is_kept_with_a_doubt_and_not_believed(town: Town) -> None:
    family = await town.told(ABSENCE, "mail")
    other = await town.joins(family, "autre@familles.test")
    waiting = await town.count("tray_item")

    for number, sender in enumerate(("autre@familles.test", "inconnu@ailleurs.test")):
        assert await town.brings(family, "malade", str(number), sender=sender) == "250"

    assert await town.answers(family) == []
    assert await town.stands(family) == "on_the_way"
    assert await town.count("tray_item") - waiting == 2
    assert "Ce courriel ne vient pas de l'adresse connue." in await town.sees("turn", family)
    assert await town.of(family, "SELECT count(*) FROM reply WHERE guardian_id IS NOT NULL AND notice_id = :n") == [
        (0,)
    ]
    assert await town.small.rows("SELECT count(*) FROM thread WHERE guardian_id = :g", g=other) == [(0,)]


async def test_a_text_of_an_unknown_number_waits_in_the_tray_and_is_not_answered(town: Town) -> None:
    family = await town.told(ABSENCE, "sms")
    waiting = await town.count("tray_item")

    assert await town.brings(family, "Capucine a la grippe", From="+33639987777") == ""

    assert await town.answers(family) == []
    assert await town.count("tray_item") - waiting == 1
    assert "Capucine a la grippe" in await town.sees("tray", family)


async def test_a_chat_that_nobody_joined_is_told_how_and_nothing_is_kept(town: Town) -> None:
    family = await town.told(ABSENCE, "chat")
    stranger = Family(0, 0, "chat", "79999")
    town.box.chats.open("79999")
    before = await kept(town)

    told = await town.brings(stranger, "malade")

    assert told.startswith("Ce chat n'est pas encore relié à une famille : personne ne lit ce que vous écrivez ici.")
    assert await kept(town) == before
    assert await town.answers(family) == []
