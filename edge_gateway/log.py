"""The log: lines of text or JSON on standard error. Authentication codes never come here.

`event` gives a message its fields; `Throttle` keeps one noisy peer from filling the disk.
"""

import json
import logging
import sys
import time
from typing import Any, Final

PEERS_REMEMBERED: Final = 10_000
QUIET_S: Final = 60.0  # a peer is named once a minute for each cause


def configure(level: str, form: str) -> None:
    """Sends the root logger to standard error. level: debug…error; form: text or json."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Json() if form == "json" else _Text())
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)


def event(logger: logging.Logger, level: int, message: str, **fields: object) -> None:
    """Logs a message with fields, which stay fields in JSON."""
    if logger.isEnabledFor(level):
        logger.log(level, message, extra={"fields": fields})


class Throttle:
    """Says whether a (peer, cause) may be named again, and how often it was not meanwhile. Bounded: when it
    is full it forgets all."""

    def __init__(self) -> None:
        self._last: dict[tuple[str, str], tuple[float, int]] = {}  # → when it was named, left out since

    def permit(self, peer: str, cause: str, now_s: float) -> int | None:
        """How many lines were left out, at most once in QUIET_S for each peer and cause; None in between."""
        key = (peer, cause)
        last_s, left_out = self._last.get(key, (now_s - QUIET_S, 0))
        if now_s - last_s < QUIET_S:
            self._last[key] = (last_s, left_out + 1)
            return None
        if len(self._last) >= PEERS_REMEMBERED:
            self._last.clear()
        self._last[key] = (now_s, 0)
        return left_out

    def allows(self, peer: str, cause: str, now_s: float) -> bool:
        """The same for who does not tell how many were left out."""
        return self.permit(peer, cause, now_s) is not None


def _time_of(record: logging.LogRecord) -> str:
    seconds = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
    return f"{seconds}.{int(record.msecs):03d}Z"


class _Text(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        """One line, and a traceback where there is one."""
        fields: dict[str, Any] = getattr(record, "fields", {})
        shown = "".join(f" {name}={value}" for name, value in fields.items())
        line = f"{_time_of(record)} {record.levelname.lower():7} {record.getMessage()}{shown}"
        return f"{line}\n{self.formatException(record.exc_info)}" if record.exc_info else line


class _Json(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        """One JSON object."""
        line: dict[str, Any] = {
            "time": _time_of(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **getattr(record, "fields", {}),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False, default=str)
