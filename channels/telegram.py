"""The line to Telegram: aiogram's Bot over one kept session, which never asks twice by itself.

aiogram takes a second or two to load: only who has a bot loads this room, and in a thread.
"""

import asyncio
import re
from typing import Any, NoReturn, TypeVar

import aiohttp
from aiogram import Bot
from aiogram.client.session.base import BaseSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.exceptions import (
    ClientDecodeError,
    TelegramAPIError,
    TelegramBadRequest,
    TelegramForbiddenError,
    TelegramMigrateToChat,
    TelegramNetworkError,
    TelegramNotFound,
    TelegramRetryAfter,
    TelegramServerError,
    TelegramUnauthorizedError,
)
from aiogram.methods.base import TelegramMethod
from aiogram.types import InlineKeyboardButton, InlineKeyboardMarkup, LinkPreviewOptions, MessageEntity, ReplyParameters
from aiogram.utils.token import TokenValidationError, validate_token
from multidict import CIMultiDict
from yarl import URL

from hub.errors import (
    BusyAddressError,
    ChannelError,
    DeadAddressError,
    MisconfiguredError,
    RejectedError,
    StoppedError,
    TemporaryError,
    UnknownOutcomeError,
)

KEEP_ALIVE = 10.0
"""Seconds that an idle connection is kept, as for Twilio."""
ASKED_TO_WAIT = 1
"""Seconds to wait when Telegram asks for it and does not say how long."""

Result = TypeVar("Result")


class UnreachableError(TelegramNetworkError):
    """Nobody opened: surely nothing was taken."""


class MisdirectedError(TelegramAPIError):
    """Whoever answers at this address is no Bot API."""


class Line(BaseSession):
    """aiogram's session over one tuned aiohttp session; `deadline` in seconds for one request.

    Errors hold no address of the Bot API: the token stands in it.
    """

    def __init__(self, base_url: str, *, deadline: float, connections: int) -> None:
        super().__init__(api=TelegramAPIServer.from_base(base_url), timeout=deadline)
        self._connections = connections
        self._session: aiohttp.ClientSession | None = None

    async def make_request(
        self,
        bot: Bot,
        method: TelegramMethod[Result],
        timeout: float | None = None,  # noqa: ASYNC109 (aiogram's signature)
    ) -> Result:
        """Ask once. Raises UnreachableError when nothing left, TelegramNetworkError when no answer came."""
        seconds = timeout or self.timeout
        try:
            async with self._open().post(
                URL(self.api.api_url(token=bot.token, method=method.__api_method__), encoded=True),
                data=self._form(bot, method),
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(total=seconds, connect=min(seconds, self.timeout) / 2),
            ) as answer:
                content = (await answer.read()).decode(errors="replace")
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            raise UnreachableError(method=method, message="unreachable") from error
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise TelegramNetworkError(method=method, message="no answer") from error
        if 300 <= answer.status < 400:
            raise MisdirectedError(method=method, message=str(answer.status))
        try:
            checked = self.check_response(bot=bot, method=method, status_code=answer.status, content=content)
        except ClientDecodeError as error:
            if answer.status < 300:
                raise
            _unreadable(method, answer.status, error)
        except TelegramAPIError as error:
            if answer.status == 429 and not isinstance(error, TelegramRetryAfter):
                raise TelegramRetryAfter(method=method, message="", retry_after=ASKED_TO_WAIT) from error
            raise
        return checked.result  # type: ignore[return-value] # an answer without error has its result

    async def close(self) -> None:
        """Let go of the connections; a later request opens new ones."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def stream_content(self, *_: Any, **__: Any) -> NoReturn:  # type: ignore[override] # noqa: ANN401 (aiogram's)
        """Fetch no files: families' pictures stay where they are."""
        raise NotImplementedError

    def _form(self, bot: Bot, method: TelegramMethod[Any]) -> bytes:
        values = {
            name: self.prepare_value(value, bot=bot, files={})
            for name, value in method.model_dump(warnings=False).items()
        }
        given = {name: value for name, value in values.items() if value}
        return URL.build(query=given).raw_query_string.encode()

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=self._connections, keepalive_timeout=KEEP_ALIVE),
                cookie_jar=aiohttp.DummyCookieJar(),
                headers=CIMultiDict({"User-Agent": "passerelle", "Content-Type": "application/x-www-form-urlencoded"}),
                loop=asyncio.get_running_loop(),
            )
        return self._session


def a_bot(token: str, line: Line) -> Bot:
    """Make a bot on a line that others may share. Raises MisconfiguredError for what is no token."""
    try:
        validate_token(token)
    except TokenValidationError as error:
        raise MisconfiguredError("The chat sender has no token of a bot") from error
    return Bot(token, session=line)


IN_A_ROW = 4
"""Numbers side by side; words have a row each."""


async def post(
    bot: Bot,
    chat: str,
    *,
    title: str,
    text: str,
    buttons: tuple[tuple[str, str], ...],
    link: tuple[str, str] | None,
    answers: int | None = None,
) -> int:
    """Say it in a chat, `title` in bold above the text; gives the message's number.

    `buttons` are (what comes back, label), `link` is (address, label). Nothing in the text is markup. `answers`: the
    number of the message that it quotes, if that still stands in the chat.
    Raises a child of ChannelError.
    """
    made = [InlineKeyboardButton(text=label, callback_data=data) for data, label in buttons]
    numbers = [button for button in made if button.text.isdecimal()]
    rows = [numbers[at : at + IN_A_ROW] for at in range(0, len(numbers), IN_A_ROW)]
    rows += [[button] for button in made if not button.text.isdecimal()]
    if link is not None:
        rows.append([InlineKeyboardButton(text=link[1], url=link[0])])
    bold = MessageEntity(type="bold", offset=0, length=len(title.encode("utf-16-le")) // 2)
    try:
        sent = await bot.send_message(
            int(chat),
            f"{title}\n{text}" if title else text,
            entities=[bold] if title else None,
            reply_markup=InlineKeyboardMarkup(inline_keyboard=rows) if rows else None,
            link_preview_options=LinkPreviewOptions(is_disabled=True),
            reply_parameters=None
            if answers is None
            else ReplyParameters(message_id=answers, allow_sending_without_reply=True),
        )
    except (TelegramAPIError, ClientDecodeError) as error:
        raise ours(error) from error
    return sent.message_id


def ours(error: TelegramAPIError | ClientDecodeError) -> ChannelError:
    """Map an error of Telegram's. Source: Bot API, « Making requests », and the descriptions that its server gives."""
    if isinstance(error, TelegramRetryAfter):
        return BusyAddressError("Telegram asks to wait", code="429", retry_after=float(error.retry_after))
    if isinstance(error, TelegramForbiddenError | TelegramBadRequest) and _GONE.search(error.message):
        return DeadAddressError("There is no such chat any more", code="gone")
    kind, sentence = next((told for of, told in _MEANS if isinstance(error, of)), _REFUSED)
    return kind(sentence, code=type(error).__name__.removeprefix("Telegram").removesuffix("Error").lower())


_GONE = re.compile(r"(chat|user)[ _]not[ _]found|peer[ _]id[ _]invalid|deactivated", re.IGNORECASE)
_REFUSED: tuple[type[ChannelError], str] = (RejectedError, "Telegram refuses the message")
_MEANS: tuple[tuple[type[Exception], tuple[type[ChannelError], str]], ...] = (
    (UnreachableError, (TemporaryError, "Telegram cannot be reached")),
    (TelegramForbiddenError, (StoppedError, "This chat does not want the bot")),
    (TelegramUnauthorizedError, (MisconfiguredError, "Telegram does not know this bot")),
    (TelegramNotFound, (MisconfiguredError, "Telegram does not know this bot")),
    (MisdirectedError, (MisconfiguredError, "Whoever answers is not Telegram")),
    (TelegramMigrateToChat, (DeadAddressError, "This chat has become another")),
    (TelegramNetworkError, (UnknownOutcomeError, "Telegram's answer was lost")),
    (TelegramServerError, (UnknownOutcomeError, "Telegram's answer was lost")),
    (ClientDecodeError, (UnknownOutcomeError, "Telegram's answer cannot be read")),
)
"""What each error means, the first that fits; all others are a refusal of this one message."""


def _unreadable(method: TelegramMethod[Any], status: int, error: ClientDecodeError) -> NoReturn:
    """Tell by the status alone what an answer in no JSON means; it comes from something that stands before Telegram."""
    if status == 429:
        raise TelegramRetryAfter(method=method, message="", retry_after=ASKED_TO_WAIT) from error
    if status >= 500:
        raise TelegramServerError(method=method, message=str(status)) from error
    raise TelegramAPIError(method=method, message=str(status)) from error
