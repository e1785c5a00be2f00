"""A wire tap: a TCP proxy before the broker that keeps every byte of both directions.

`unpacked` is what anybody at the wire could make of it without a key: messages taken out of MQTT, batches of
either form decoded with the bodies in them, and every zlib or zstd stream wherever one begins.
"""

import contextlib
import re
import socket
import threading
import zlib
from collections.abc import Iterator
from types import TracebackType

import zstandard

from protocols.monitoring import json_form
from protocols.monitoring.forms import decode_batch
from protocols.wire.errors import ProtocolError

STREAM_BYTES_MAX = 8 * 1024 * 1024  # of one compressed stream, unpacked
PUBLISH = 3
_ZLIB = re.compile(rb"\x78[\x01\x5e\x9c\xda]")
_ZSTD = re.compile(re.escape(zstandard.FRAME_HEADER))


class Tap:
    """`port` takes what is meant for the broker at `target`; `captured()` is all that passed so far."""

    def __init__(self, host: str, target: int) -> None:
        self._target = (host, target)
        self._listener = socket.create_server((host, 0))
        self.port: int = self._listener.getsockname()[1]
        self._streams: list[bytearray] = []
        self._sockets: list[socket.socket] = []
        self._lock = threading.Lock()

    def __enter__(self) -> "Tap":
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._listener.close()
        for each in self._sockets:
            each.close()

    def captured(self) -> bytes:
        """Each stream whole, one after the other, so that nothing is hidden by how it was split."""
        return b"\n".join(self.streams())

    def streams(self) -> list[bytes]:
        """Every direction of every connection."""
        with self._lock:
            return [bytes(each) for each in self._streams]

    def everything(self) -> bytes:
        """What passed, and all that can be unpacked of it."""
        return b"\n".join([self.captured(), *(part for each in self.streams() for part in unpacked(each))])

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:  # closed
                return
            broker = socket.create_connection(self._target)
            self._sockets += [client, broker]
            for one, other in ((client, broker), (broker, client)):
                stream = bytearray()
                self._streams.append(stream)
                threading.Thread(target=self._copy, args=(one, other, stream), daemon=True).start()

    def _copy(self, one: socket.socket, other: socket.socket, stream: bytearray) -> None:
        try:
            while data := one.recv(65536):
                with self._lock:
                    stream += data
                other.sendall(data)
            other.shutdown(socket.SHUT_WR)
        except OSError:
            return


def unpacked(stream: bytes) -> Iterator[bytes]:
    """What stands in one direction of an MQTT connection, packed."""
    for payload in published(stream):
        with contextlib.suppress(ProtocolError, ValueError):
            yield json_form.encode(decode_batch(payload))
    yield from _inflated(stream)


def published(stream: bytes) -> Iterator[bytes]:
    """The payload of each whole PUBLISH (MQTT 3.1.1)."""
    at = 0
    while at < len(stream):
        kind, length, body = stream[at], 0, at + 1
        for shift in range(0, 28, 7):
            if body >= len(stream):
                return
            length |= (stream[body] & 0x7F) << shift
            body += 1
            if stream[body - 1] < 0x80:
                break
        at = body + length
        if kind >> 4 == PUBLISH and at <= len(stream):
            topic_end = body + 2 + int.from_bytes(stream[body : body + 2], "big")
            yield stream[topic_end + (2 if kind & 0b110 else 0) : at]


def _inflated(data: bytes) -> Iterator[bytes]:
    for found in _ZLIB.finditer(data):
        with contextlib.suppress(zlib.error):
            yield zlib.decompressobj().decompress(data[found.start() :], STREAM_BYTES_MAX)
    for found in _ZSTD.finditer(data):
        with contextlib.suppress(zstandard.ZstdError):
            unpacker = zstandard.ZstdDecompressor().decompressobj()
            yield unpacker.decompress(data[found.start() :])
