"""The shell: a serial port on one side, a socket to the gateway on the other, until it is told to stop."""

import contextlib
import logging
import os
import select
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import serial

from ..log import event
from .fixes import Receiver, body_of
from .reporter import EDITION, Reporter

READ_BYTES: Final = 4096
HELD_BYTES_MAX: Final = (
    256 * 1024
)  # of a terminal's bytes while the gateway is away; then the newest are lost
RECONNECT_S: Final = 2.0
REST_S: Final = 0.2
_log = logging.getLogger(__name__)


class LineError(Exception):
    """The port cannot be used; the message says why."""


def serve(
    port: str,
    baud: int,
    gateway: tuple[str, int],
    receiver: tuple[bytes, Path, float] | None,
    stopped: Callable[[], bool],
) -> None:
    """Until `stopped()`. receiver: (phone, file that keeps its code, seconds between reports) for a bare
    receiver, None for a terminal. Raises LineError when the port cannot be opened or is gone."""
    try:
        line = serial.Serial(port, baud, timeout=0)
    except (OSError, ValueError, serial.SerialException) as error:
        raise LineError(f"{port}: {error}") from error
    side = _Receiver(*receiver) if receiver else _Terminal()
    with line:
        event(_log, logging.INFO, "serial line open", port=port, baud=baud)
        _run(line, side, gateway, stopped)


class _Terminal:
    """Speaks JT/T 808 itself: bytes are carried as they are."""

    def __init__(self) -> None:
        self._held = bytearray()

    def opened(self) -> None:
        """A terminal notices by itself that nobody knows it on a new connection."""

    def from_port(self, data: bytes) -> None:
        self._held += data[: max(0, HELD_BYTES_MAX - len(self._held))]

    def from_gateway(self, data: bytes) -> bytes:
        return data

    def to_gateway(self) -> bytes:
        out, self._held = self._held, bytearray()
        return bytes(out)


class _Receiver:
    """A bare receiver with a terminal that we play for it."""

    def __init__(self, phone: bytes, code_file: Path, interval_s: float) -> None:
        self._code_file = code_file
        code = code_file.read_text("ascii").strip() if code_file.exists() else ""
        self._reporter = Reporter(phone, code)
        self._receiver = Receiver()
        self._interval_s = interval_s
        self._due_s = 0.0

    def opened(self) -> None:
        self._reporter.opened(_now_ms())

    def from_port(self, data: bytes) -> None:
        for fix in self._receiver.receive(data):
            if time.monotonic() >= self._due_s:
                self._due_s = time.monotonic() + self._interval_s
                self._reporter.report(body_of(fix, EDITION), _now_ms())

    def from_gateway(self, data: bytes) -> bytes:
        before = self._reporter.code
        self._reporter.receive(data, _now_ms())
        if self._reporter.code != before:
            _keep(self._code_file, self._reporter.code)
        return b""

    def to_gateway(self) -> bytes:
        self._reporter.tick(_now_ms())
        return self._reporter.data_to_send()


def _run(
    line: serial.Serial, side: _Terminal | _Receiver, gateway: tuple[str, int], stopped: Callable[[], bool]
) -> None:
    link: socket.socket | None = None
    retry_s = 0.0
    try:
        while not stopped():
            if link is None and time.monotonic() >= retry_s:
                link = _connected(gateway)
                retry_s = time.monotonic() + RECONNECT_S
                if link is not None:
                    side.opened()
            watched: list[Any] = [line] if link is None else [line, link]
            ready, _, _ = select.select(watched, [], [], REST_S)
            if line in ready:
                side.from_port(_read(line))
            if link is not None and not _exchange(line, side, link, link in ready):
                link.close()
                link = None
    finally:
        if link is not None:
            link.close()


def _exchange(line: serial.Serial, side: _Terminal | _Receiver, link: socket.socket, readable: bool) -> bool:
    """Both ways; whether the link still lives."""
    try:
        if readable:
            data = link.recv(READ_BYTES)
            if not data:
                return False
            back = side.from_gateway(data)
            if back:
                line.write(back)
        out = side.to_gateway()
        if out:
            link.sendall(out)
    except OSError:
        return False
    return True


def _read(line: serial.Serial) -> bytes:
    try:
        data: bytes = line.read(READ_BYTES)
    except (OSError, serial.SerialException) as error:
        raise LineError(f"{line.port}: the port is gone: {error}") from error
    return data


def _connected(gateway: tuple[str, int]) -> socket.socket | None:
    try:
        return socket.create_connection(gateway, 5.0)
    except OSError as error:
        event(_log, logging.WARNING, "the gateway is not reached", error=str(error))
        return None


def _keep(path: Path, code: str) -> None:
    """The code, for our user only, replaced in one step."""
    half = path.with_name(path.name + ".new")
    with contextlib.suppress(FileNotFoundError):
        half.unlink()
    with os.fdopen(os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(code)
        file.flush()
        os.fsync(file.fileno())
    os.replace(half, path)


def _now_ms() -> int:
    return int(time.monotonic() * 1000)
