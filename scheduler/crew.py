"""The posters of one sender: one stands ready, and more are called only while the others are on their way."""

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any

Post = Callable[[], Coroutine[Any, Any, None]]


class Crew:
    """As many posters as messages are under way, and one more, at most `most`.

    With ten messages a second two or three do for a sender; sixty-four for each of two thousand schools would fill the
    memory with people who wait.
    """

    def __init__(self, group: asyncio.TaskGroup, most: int) -> None:
        self._group, self._left = group, most
        self._standing = 0
        self._post: Post | None = None

    def begin(self, post: Post) -> None:
        """Call the first; each works until it finds the end of the queue."""
        self._post = post
        self._call()

    @contextmanager
    def away(self) -> Iterator[None]:
        """While one hands over, another stands ready."""
        self._standing -= 1
        if self._standing == 0:
            self._call()
        try:
            yield
        finally:
            self._standing += 1

    def _call(self) -> None:
        if self._left and self._post is not None:
            self._left -= 1
            self._standing += 1
            self._group.create_task(self._post())
