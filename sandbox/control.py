"""The box's levers for a benchmark or another process: behave so, show the record, begin again."""

import orjson
from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel, ConfigDict, Field

from sandbox.behaviour import Behaviour, Behaviours
from sandbox.habits import Families, Habit
from sandbox.record import Record
from sandbox.wall import same_house


class BehaviourOrder(BaseModel):
    """How one address, or with null everybody, shall behave."""

    model_config = ConfigDict(extra="forbid")

    address: str | None = None
    behaviour: Behaviour


class HabitOrder(BaseModel):
    """What a family shall do by itself."""

    model_config = ConfigDict(extra="forbid")

    address: str
    habit: Habit
    delay: float = Field(default=0.0, ge=0)
    words: str = "1"


def router(record: Record, behaviours: Behaviours, families: Families) -> APIRouter:
    """JSON, one lever a path."""
    routes = APIRouter(prefix="/control", dependencies=[Depends(same_house)])

    @routes.post("/behaviour", status_code=204)
    async def behave(order: BehaviourOrder) -> None:
        behaviours.set(order.behaviour, order.address)

    @routes.post("/habit", status_code=204)
    async def habit(order: HabitOrder) -> None:
        families.set_habit(order.address, order.habit, delay=order.delay, words=order.words)

    @routes.get("/record")
    async def show(address: str | None = None) -> Response:
        return Response(_shown(record, address), media_type="application/json")

    @routes.post("/reset", status_code=204)
    async def reset() -> None:
        record.clear()
        behaviours.clear()
        families.clear()

    return routes


def _shown(record: Record, address: str | None) -> bytes:
    """Write out the record, or one address's part of it, with the counts of all."""
    whole = {
        "messages": record.messages if address is None else record.taken(address),
        "posts": [post for post in record.posts if address in {None, post.to}],
        "said": [said for said in record.said if address in {None, said.address}],
        "callbacks": record.callbacks if address is None else [],
        "counts": {f"{channel} {status}": n for (channel, status), n in record.counts().items()},
    }
    return orjson.dumps(whole, default=dict)
