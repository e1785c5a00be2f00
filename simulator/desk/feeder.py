"""Plays NMEA into a serial port through pyserial at the pace at which the receiver spoke, or a multiple."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import serial

SILENCE_MAX_S = 10.0  # a longer gap in a recording is played as this
VOID_STEP_S = 1.0  # between two epochs that tell no time


def epochs(data: bytes) -> Iterator[tuple[float, bytes]]:
    """The epochs of a recording as (seconds since the one before, bytes).

    An epoch begins with an RMC or GGA of another time than the last, or of a kind that it has had: receivers
    send the two in either order, and some without a time while they see no satellite.
    """
    lines: list[bytes] = []
    kinds: set[bytes] = set()
    before: float | None = None
    at: float | None = None
    for line in data.splitlines(keepends=True):
        fields = line.strip().split(b",")
        kind = fields[0][3:]
        if kind in (b"RMC", b"GGA"):
            time = _seconds(fields[1] if len(fields) > 1 else b"")
            if kinds and (kind in kinds or time != at):
                yield _step(before, at), b"".join(lines)
                before, lines, kinds = at, [], set()
            at = time
            kinds.add(kind)
        lines.append(line)
    if lines:
        yield _step(before, at), b"".join(lines)


def _step(before: float | None, at: float | None) -> float:
    return VOID_STEP_S if at is None or before is None else min((at - before) % 86400, SILENCE_MAX_S)


class Feeder:
    """A thread that plays `data` into the tty at `path`; speed 2.0 is twice as fast as it was, 0 is at once.

    done: set when all was played or `stop` was called.
    """

    def __init__(self, path: str, data: bytes, speed: float = 1.0) -> None:
        self._path = path
        self._data = data
        self._speed = speed
        self._stop = threading.Event()
        self.done = threading.Event()
        self._thread = threading.Thread(target=self._play, name="feeder", daemon=True)

    def start(self) -> None:
        """Begins to play."""
        self._thread.start()

    def stop(self) -> None:
        """Ends playing; returns when the thread is gone."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()

    def _play(self) -> None:
        with serial.Serial(self._path, 115200, write_timeout=None) as port:
            for step_s, data in epochs(self._data):
                if self._speed and self._stop.wait(step_s / self._speed):
                    break
                port.write(data)
        self.done.set()


def _seconds(text: bytes) -> float | None:
    if len(text) < 6 or not text[:6].isdigit():
        return None
    return int(text[:2]) * 3600 + int(text[2:4]) * 60 + float(text[4:])
