"""A broker that takes publishes and never says PUBACK: nothing is said twice on one connection."""

import socket
import threading
from contextlib import suppress

import pytest

from tests.monitoring.mix import make_mix

from .journal_in_memory import JournalInMemory
from .settings import Config, Mqtt, delivery_of
from .waiting import wait_for

CONNECT, PUBLISH, SUBSCRIBE = 1, 3, 8


class SilentBroker:
    """Answers CONNECT and SUBSCRIBE. `published`: how many PUBLISH packets each connection brought."""

    def __init__(self) -> None:
        self.published: list[int] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                self.published.append(0)
                threading.Thread(
                    target=self._serve, args=(connection, len(self.published) - 1), daemon=True
                ).start()

    def _serve(self, connection: socket.socket, number: int) -> None:
        with suppress(OSError), connection, connection.makefile("rb") as stream:
            while head := stream.read(1):
                body = stream.read(_length(stream))
                kind = head[0] >> 4
                if kind == CONNECT:
                    connection.sendall(b"\x20\x02\0\0")
                elif kind == SUBSCRIBE:
                    connection.sendall(b"\x90\x03" + body[:2] + b"\x01")
                elif kind == PUBLISH:
                    self.published[number] += 1


def _length(stream) -> int:  # type: ignore[no-untyped-def]
    value, shift = 0, 0
    while True:
        byte = stream.read(1)[0]
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return value


def test_what_is_not_acknowledged_is_sent_again_on_the_next_connection_only(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """MQTT 3.1.1 [MQTT-4.4.0-1]; and the client library would keep every copy in memory."""
    broker, journal = SilentBroker(), JournalInMemory()
    journal.append(make_mix(100))
    delivery = delivery_of(Config(Mqtt(broker.port, receipt_timeout_s=0.05)), journal)
    delivery.start()
    wait_for(lambda: len(broker.published) >= 3, lambda: str(broker.published))
    delivery.stop()
    broker.close()
    assert broker.published[:2] == [2, 2], "two batches on each connection"
    assert "no PUBACK" in caplog.text
    assert journal.confirmed_sequence == 0
