"""How fast one sender may speak, and who speaks first."""

import asyncio

from hub.ports import Lane
from scheduler.pace import Pace


async def _turns(pace: Pace, lane: Lane, number: int, said: list[str]) -> None:
    for _ in range(number):
        await pace.turn(lane)
        said.append(lane.value)


async def test_a_sender_without_a_rate_never_waits() -> None:
    pace = Pace(None)
    async with asyncio.timeout(1):
        await _turns(pace, Lane.ROUTINE, 1000, [])


async def test_a_rate_is_kept() -> None:
    loop, pace = asyncio.get_running_loop(), Pace(50)
    begun = loop.time()
    await _turns(pace, Lane.ROUTINE, 11, [])
    assert loop.time() - begun >= 0.19


async def test_urgent_takes_the_next_slot_before_all_routine_that_waits() -> None:
    pace, said = Pace(100), list[str]()
    await pace.turn(Lane.ROUTINE)
    waiting = [asyncio.create_task(_turns(pace, Lane.ROUTINE, 1, said)) for _ in range(20)]
    await asyncio.sleep(0)
    await _turns(pace, Lane.URGENT, 3, said)

    assert said[:3] == ["urgent", "urgent", "urgent"]
    await asyncio.gather(*waiting)
    assert len(said) == 23


async def test_a_provider_that_asks_for_rest_gets_it() -> None:
    loop, pace = asyncio.get_running_loop(), Pace(None)
    pace.rest(0.15)
    begun = loop.time()
    await _turns(pace, Lane.URGENT, 2, [])
    assert loop.time() - begun >= 0.14


async def test_a_waiter_who_left_costs_no_slot() -> None:
    pace, said = Pace(20), list[str]()
    await pace.turn(Lane.ROUTINE)
    gone = asyncio.create_task(_turns(pace, Lane.URGENT, 1, said))
    stays = asyncio.create_task(_turns(pace, Lane.ROUTINE, 1, said))
    await asyncio.sleep(0)
    gone.cancel()
    async with asyncio.timeout(1):
        await stays
    assert said == ["routine"]


async def test_no_provider_silences_a_sender_for_longer_than_an_hour() -> None:
    pace = Pace(None)
    pace.rest(float("inf"))
    assert 3590 < pace.rest_left <= 3600
    pace.send_away()
