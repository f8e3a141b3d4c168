"""What families answered to a question stands on the board of who asked, by whatever button or word it came."""

import pytest
from desks import TEACHER, Desk
from factories import NOW, by_sms
from test_roll_pages import plain

from hub.notices.chairs import Coming, chairs

ANSWER = (
    "INSERT INTO answer (school_id, notice_id, guardian_id, kind, number, through, at) "
    "SELECT school_id, notice_id, guardian_id, '{kind}', {number}, 'page', :at FROM delivery WHERE guardian_id = :who"
)


async def says(desk: Desk, guardian_id: int, kind: str, number: int | None = None) -> None:
    at = NOW.replace(tzinfo=None).isoformat(" ") if desk.on_sqlite else NOW
    await desk.small.write(ANSWER.format(kind=kind, number=number or "NULL"), who=guardian_id, at=at)


async def asked(desk: Desk) -> list[int]:
    """Ask three adults of CP A and one of CE1 B; gives their ids."""
    here = await desk.small.family(
        *(by_sms(f"+3363998100{n}", name=name) for n, name in enumerate(("Ada", "Bob", "Cyd")))
    )
    there = await desk.small.family(by_sms("+33639981009", name="Dan"), children=("Basile",), class_label="CE1 B")
    await desk.press()
    return here + there


async def test_who_comes_and_how_many_is_read_by_who_asked(desk: Desk) -> None:
    ada, bob, _, dan = await asked(desk)
    await desk.enter()
    assert "Réponses" not in (await desk.web.get("/suivi/1")).text

    await says(desk, ada, "yes")
    await says(desk, bob, "no")
    await says(desk, dan, "count", 3)

    board = plain((await desk.web.get("/suivi/1")).text)
    assert "Réponses 2 oui (3 personnes annoncées), 1 non , 1 adulte sans réponse." in board.replace(
        " , 1 non", ", 1 non"
    )
    for line in ("Ada Exemple oui Capucine, CP A", "Bob Exemple non Capucine, CP A", "Dan Exemple 3 personnes Basile"):
        assert line in board


async def test_a_teacher_reads_the_figures_of_all_and_the_names_of_own_classes(desk: Desk) -> None:
    ada, _, _, dan = await asked(desk)
    await says(desk, ada, "yes")
    await says(desk, dan, "no")
    await desk.small.write("UPDATE notice SET audience = 'class:CP A'")
    await desk.enter(TEACHER)

    board = plain((await desk.web.get("/suivi/1")).text)
    assert "1 oui" in board
    assert "1 non" in board
    assert "Ada Exemple oui" in board
    assert "Dan" not in board


async def test_who_has_no_right_any_more_counts_no_more(desk: Desk) -> None:
    ada, bob, *_ = await asked(desk)
    await says(desk, ada, "yes")
    await says(desk, bob, "yes")
    await desk.small.write("UPDATE link SET kind = 'barred' WHERE guardian_id = :ada", ada=ada)
    await desk.enter()

    board = plain((await desk.web.get("/suivi/1")).text)
    assert "1 oui" in board
    assert "Ada" not in board


@pytest.mark.parametrize(
    ("coming", "needed"),
    [
        ([], 0),
        ([(None, {1})], 1),
        ([(None, {1}), (None, {1})], 2),  # both parents come
        ([(3, {1}), (4, {1})], 4),  # both announce the family
        ([(3, {1}), (None, {1})], 3),
        ([(2, {1, 2}), (2, {1, 2})], 2),  # siblings in two classes
        ([(2, {1, 2}), (2, {1}), (3, {2})], 7),  # three households
    ],
)
def test_two_parents_who_announce_the_same_family_need_its_chairs_once(
    coming: list[tuple[int | None, set[int]]], needed: int
) -> None:
    assert chairs(Coming(number, frozenset(pupils)) for number, pupils in coming) == needed


async def test_the_board_says_how_many_chairs_and_a_change_of_mind_counts(desk: Desk) -> None:
    ada, bob, _, dan = await asked(desk)
    await desk.enter()
    await says(desk, ada, "count", 3)
    await says(desk, bob, "count", 2)
    await says(desk, dan, "yes")

    assert "Prévoyez 4 chaises" in plain((await desk.web.get("/suivi/1")).text)

    await desk.small.write(f"UPDATE answer SET kind = 'no', number = NULL WHERE guardian_id = {ada}")  # noqa: S608 (ours)
    assert "Prévoyez 3 chaises" in plain((await desk.web.get("/suivi/1")).text)
