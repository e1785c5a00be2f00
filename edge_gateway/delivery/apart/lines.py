"""JSON lines on a pair of sockets between the gateway and its delivery process.

To the gateway: {"watch": sequence}, {"ask": number, "destination": name, "confirm" | "cut_loose" | "reject" |
"set_aside": arguments}, {"stats": {destination: figures}}. From it: {"begin": …} first of all, {"at":
sequence, "record_bytes": n}, {"done": number, "error": text or null, "position": [confirmed, ahead, lost]},
{"log": [level, form]}, {"stop": true}. When a side ends, however it goes, the other reads the end.
"""

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from typing import Any, Final

LINE_BYTES_MAX: Final = 16 << 20  # a receipt that rejects every record of the largest batch, with reasons
_READ_BYTES: Final = 64 * 1024


class Lines:
    """One end. `say` from any thread; iterate in one: gives what the other end says until it is gone."""

    def __init__(self, end: socket.socket) -> None:
        self._end = end
        self._lock = threading.Lock()

    def say(self, line: dict[str, Any], wait: bool = True) -> bool:
        """Tells the other end; gives whether it could be told. Without `wait` an end that does not listen is
        cut off instead: whoever calls may not be held up."""
        data = json.dumps(line, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
        with self._lock:
            with suppress(OSError):  # it is gone, or its buffer is full: the same for us
                if wait:
                    self._end.sendall(data)
                    return True
                if self._end.send(data, socket.MSG_DONTWAIT) == len(data):
                    return True
            self._cut()
            return False

    def __iter__(self) -> Iterator[dict[str, Any]]:
        pieces: list[bytes] = []  # of a line without an end; joined once, for it may be long
        size = 0
        while data := self._receive():
            first, *others = data.split(b"\n")
            if others:
                yield json.loads(b"".join([*pieces, first]))
                for line in others[:-1]:
                    yield json.loads(line)
                pieces, size, first = [], 0, others[-1]
            pieces.append(first)
            size += len(first)
            if size > LINE_BYTES_MAX:
                break
        self.close()

    def close(self) -> None:
        """Ends it: the other end reads the end, and so does who iterates here."""
        with self._lock:
            self._cut()

    def _receive(self) -> bytes:
        try:
            return self._end.recv(_READ_BYTES)
        except OSError:
            return b""

    def _cut(self) -> None:
        try:
            self._end.shutdown(socket.SHUT_RDWR)
        except OSError:
            return  # it was cut already
