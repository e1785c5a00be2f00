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
    """Says whether a (peer, cause) may be named again. Bounded: when it is full it forgets all."""

    def __init__(self) -> None:
        self._last_s: dict[tuple[str, str], float] = {}

    def allows(self, peer: str, cause: str, now_s: float) -> bool:
        """At most once in QUIET_S for each peer and cause."""
        key = (peer, cause)
        last_s = self._last_s.get(key)
        if last_s is not None and now_s - last_s < QUIET_S:
            return False
        if len(self._last_s) >= PEERS_REMEMBERED:
            self._last_s.clear()
        self._last_s[key] = now_s
        return True


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
