"""The log book: JSON lines on stderr with ids and states; never a name, an address, a text or a token."""

import logging
import os
import sys

import structlog
from structlog.typing import EventDict

_TALKATIVE = {
    "aiogram": logging.WARNING,
    "aiohttp": logging.WARNING,
    "aiosmtplib": logging.WARNING,
    "alembic": logging.WARNING,
    "asyncio": logging.ERROR,
    "mail.log": logging.ERROR,  # aiosmtpd: addresses
    "mail.debug": logging.ERROR,
    "sqlalchemy": logging.WARNING,  # statements with their values
    "taskiq": logging.WARNING,
    "twilio": logging.CRITICAL,  # its client writes bodies and numbers at INFO and DEBUG
    "uvicorn": logging.WARNING,
    "uvicorn.access": logging.CRITICAL,  # paths hold tokens
    "uvicorn.error": logging.WARNING,
}
"""What libraries may write at most; several would otherwise write numbers, texts or tokens."""


def keep_logs(level: int = logging.INFO) -> None:
    """Open the log book, from this level of ours on; a library's own words go in only when something is wrong."""
    structlog.configure(
        processors=[
            _who,
            structlog.stdlib.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    book = logging.StreamHandler(sys.stderr)
    book.setFormatter(_WhereOnly())
    logging.basicConfig(level=logging.WARNING, handlers=[book], force=True)
    for name, most in _TALKATIVE.items():
        logging.getLogger(name).setLevel(most)


def _who(_logger: object, _name: str, line: EventDict) -> EventDict:
    """Say which process writes: the books of several may be bound together."""
    return {"pid": os.getpid(), **line}


class _WhereOnly(logging.Formatter):
    """Of a library's warning, only who warned, how gravely, and the kind of error: its words may hold anything."""

    def format(self, record: logging.LogRecord) -> str:
        """Write one JSON line."""
        kind = record.exc_info[0].__name__ if record.exc_info and record.exc_info[0] else None
        line = {"event": "a library warns", "library": record.name, "level": record.levelname.lower(), "kind": kind}
        return str(structlog.processors.JSONRenderer()(None, "", line))
