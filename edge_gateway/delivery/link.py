"""One MQTT connection, from CONNECT to its end: the only file of the gateway that knows paho.

A lost link is thrown away, and with it paho's own memory: the window, not the client library, decides
what is sent again. Everything runs in the thread that calls; nothing here waits but `open` and `wait`.
"""

import logging
import select
import socket
import ssl
import time
from collections import Counter
from pathlib import Path
from typing import Any, Final, NamedTuple

from paho.mqtt import client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode
from paho.mqtt.reasoncodes import ReasonCode

from protocols.monitoring.envelopes import Envelope, EnvelopeError, Opened
from protocols.wire.errors import LocalProtocolError

from .sealing import envelope_of, is_kept_by_broker
from .settings import Settings

_CONNECT_TIMEOUT_S: Final = 5.0
_HANDSHAKE_TIMEOUT_S: Final = 10.0
_log: Final = logging.getLogger(__name__)


class LinkError(Exception):
    """The connection could not be made or is lost; the text says why."""


class Puback(NamedTuple):
    """The broker took the message `mid`. No proof that anybody else did."""

    mid: int


class Answer(NamedTuple):
    """A message on a subscribed topic. mid: for `acknowledge`; 0 when none is wanted (QoS 0)."""

    payload: bytes
    mid: int = 0
    topic: str = ""


class Link:
    """`open()`, then `wait()` and `events()` until LinkError; `publish()` once `ready`.

    `topics`, or else the settings' answers_topic, are subscribed with QoS 1 before the link is ready; none,
    or "", subscribes nothing.
    keeps_answers: the broker keeps each answer until `acknowledge` and gives it again on the next connection;
    otherwise what came is acknowledged at once.
    envelope: seals what is published and opens what comes; it should outlive the link, to know repetitions.
    refused: how often an answer could not be opened, by result code; such a one is acknowledged and dropped.
    """

    def __init__(
        self,
        settings: Settings,
        keeps_answers: bool = False,
        topics: tuple[str, ...] = (),
        envelope: Envelope | None = None,
    ) -> None:
        self._keeps_answers = keeps_answers
        self.ready = False
        self._settings = settings
        self._topics = topics or ((settings.answers_topic,) if settings.answers_topic else ())
        self._envelope = envelope or envelope_of(settings)
        self._opened: dict[int, Opened] = {}  # what came and is not acknowledged, by message id
        self.refused: Counter[int] = Counter()
        self._fault = ""
        self._events: list[Puback | Answer] = []
        self._ready_by_s = 0.0
        self._client = self._make_client(settings.client_id)

    def open(self) -> None:
        """Connects; raises LinkError. The link is ready only some `wait`s later."""
        try:
            self._secure()
            self._client.connect(self._settings.host, self._settings.port, self._settings.keepalive_s)
        except (OSError, ValueError) as error:
            raise LinkError(f"{self._settings.host}:{self._settings.port}: {error}") from error
        self._ready_by_s = time.monotonic() + _HANDSHAKE_TIMEOUT_S

    def publish(self, topic: str, payload: bytes) -> int:
        """Seals and hands over a QoS 1 message, gives its id, which a Puback names later. Raises LinkError.

        A message that is sent again is sealed anew, so the receiver takes no resend for a repetition.
        """
        try:
            sealed = self._envelope.seal(payload, topic, _now_ms())
        except LocalProtocolError as error:
            raise LinkError(f"envelope: {error}") from error
        info = self._client.publish(topic, sealed, qos=1)
        if info.rc != MQTTErrorCode.MQTT_ERR_SUCCESS:
            raise LinkError(f"publish: {mqtt.error_string(info.rc)}")
        return info.mid

    def acknowledge(self, mid: int) -> None:
        """The broker may forget this answer of this connection."""
        if mid:
            opened = self._opened.pop(mid, None)
            if opened is not None:
                self._envelope.accept(opened)
            self._client.ack(mid, 1)

    def wait(self, wake: socket.socket, timeout_s: float) -> None:
        """Sleeps until the broker or `wake` has something or the time is over, then moves bytes.

        Raises LinkError when the connection is over, refused, or its handshake takes too long.
        """
        connection = self._client.socket()
        if connection is None:
            raise LinkError(self._fault or "connection lost")
        # TLS may hold decrypted bytes that the kernel no longer shows.
        buffered = isinstance(connection, ssl.SSLSocket) and connection.pending() > 0
        ready = self._poll(connection.fileno(), wake, 0.0 if buffered else timeout_s)
        if ready & select.POLLOUT:
            self._check(self._client.loop_write())
        if buffered or ready & ~select.POLLOUT:
            self._check(self._client.loop_read())
        self._check(self._client.loop_misc())
        self._check_handshake()

    def events(self) -> list[Puback | Answer]:
        """What came since the last call, in order."""
        events, self._events = self._events, []
        return events

    def close(self) -> None:
        """Says goodbye where it still can. The broker keeps the session and collects receipts."""
        self._client.disconnect()
        connection = self._client.socket()
        if connection is not None:
            connection.close()

    def _make_client(self, client_id: str) -> mqtt.Client:
        client = mqtt.Client(
            CallbackAPIVersion.VERSION2,
            client_id=client_id,
            clean_session=not self._topics,
            protocol=mqtt.MQTTv311,
            reconnect_on_failure=False,
            manual_ack=self._keeps_answers,
        )
        client.connect_timeout = _CONNECT_TIMEOUT_S
        client.max_inflight_messages_set(0)  # the window is the bound
        client.on_connect = self._on_connect
        client.on_subscribe = self._on_subscribe
        client.on_message = self._on_message
        client.on_publish = self._on_publish
        return client

    def _secure(self) -> None:
        settings = self._settings
        if settings.ca_file:
            self._client.tls_set(
                ca_certs=settings.ca_file,
                certfile=settings.certificate_file or None,
                keyfile=settings.key_file or None,
                tls_version=ssl.PROTOCOL_TLS_CLIENT,
            )
        if settings.username:
            password = (
                Path(settings.password_file).read_text("utf-8").strip() if settings.password_file else None
            )
            self._client.username_pw_set(settings.username, password)

    def _poll(self, connection: int, wake: socket.socket, timeout_s: float) -> int:
        """What the descriptor `connection` is ready for, as poll events. (select() fails on descriptors above
        1023, which a gateway with a thousand terminals has.)"""
        poller = select.poll()
        wanted = select.POLLIN | (select.POLLOUT if self._client.want_write() else 0)
        poller.register(connection, wanted)
        poller.register(wake, select.POLLIN)
        return dict(poller.poll(timeout_s * 1000)).get(connection, 0)

    def _check(self, code: MQTTErrorCode) -> None:
        if code != MQTTErrorCode.MQTT_ERR_SUCCESS or self._fault:
            raise LinkError(self._fault or mqtt.error_string(code))

    def _check_handshake(self) -> None:
        if not self.ready and time.monotonic() > self._ready_by_s:
            raise LinkError("the broker does not answer CONNECT and SUBSCRIBE")

    def _on_connect(self, client: mqtt.Client, _data: Any, _flags: Any, code: ReasonCode, _more: Any) -> None:
        if code.is_failure:
            self._fault = f"the broker refuses the connection: {code}"
        elif self._topics:
            client.subscribe([(topic, 1) for topic in self._topics])
        else:
            self.ready = True

    def _on_subscribe(
        self, _client: mqtt.Client, _data: Any, _mid: int, codes: list[ReasonCode], _more: Any
    ) -> None:
        if any(code.is_failure for code in codes):
            self._fault = f"the broker refuses the subscription to {', '.join(self._topics)}"
        else:
            self.ready = True

    def _on_message(self, _client: mqtt.Client, _data: Any, message: mqtt.MQTTMessage) -> None:
        mid = message.mid if message.qos else 0
        fresh = not (message.retain and is_kept_by_broker(message.topic))
        try:
            opened = self._envelope.begin(bytes(message.payload), message.topic, _now_ms(), fresh=fresh)
        except EnvelopeError as error:
            self.refused[error.code] += 1
            _log.warning("a message on %s is not opened: %s", message.topic, error)
            self.acknowledge(mid if self._keeps_answers else 0)
            return
        if fresh and mid and self._keeps_answers:
            self._opened[mid] = opened
        elif fresh:
            self._envelope.accept(opened)
        self._events.append(Answer(opened.payload, mid, message.topic))

    def _on_publish(self, _client: mqtt.Client, _data: Any, mid: int, _code: Any, _more: Any) -> None:
        self._events.append(Puback(mid))


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
