"""The command's side: one question, one answer or a stream."""

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Final

from .address import address_of

ANSWER_S: Final = 10.0


class ControlError(Exception):
    """The gateway does not answer, or says why not."""


def ask(path: Path, word: str, **more: Any) -> Any:
    """The answer of the running gateway. Raises ControlError."""
    with _asked(path, {"ask": word, **more}, ANSWER_S) as lines:
        return _taken(lines.readline())["answer"]


def follow(path: Path, word: str, **more: Any) -> Iterator[dict[str, Any]]:
    """The lines of a stream, {"line": …} or {"left_out": how many}, until the gateway stops."""
    with _asked(path, {"ask": word, **more}, None) as lines:
        while text := lines.readline():
            yield _taken(text)


def is_running(path: Path) -> bool:
    """Whether a gateway listens there."""
    try:
        with socket.socket(socket.AF_UNIX) as connection, address_of(path) as name:
            connection.settimeout(ANSWER_S)
            connection.connect(name)
            return True
    except OSError:
        return False


@contextmanager
def _asked(path: Path, question: dict[str, Any], timeout_s: float | None) -> Iterator[IO[bytes]]:
    try:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(ANSWER_S)
            with address_of(path) as name:
                connection.connect(name)
            connection.sendall(json.dumps(question).encode() + b"\n")
            connection.settimeout(timeout_s)
            with connection.makefile("rb") as lines:
                yield lines
    except OSError as error:
        reason = error.strerror or error
        raise ControlError(f"no gateway answers at {path}: it does not run ({reason})") from error


def _taken(text: bytes) -> dict[str, Any]:
    if not text:
        raise ControlError("the gateway ended the conversation")
    answer: dict[str, Any] = json.loads(text)
    if "error" in answer:
        raise ControlError(answer["error"])
    return answer
