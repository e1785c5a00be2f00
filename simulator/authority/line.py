"""The authority's line for freight: documents and anchors come in; receipts, codes and snapshots go out.

A client of its own beside the positions' service, with a durable session of its own. Order for documents:
open, keep, receipt, and only then PUBACK; killed in between, the broker delivers again and the reference
is known. What goes to trucks is kept by the caller until the broker has it (`sent`). Says nothing of what
is in it.
"""

from __future__ import annotations

import logging
import queue
import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Callable
from typing import Any, Final

from paho.mqtt import client as mqtt
from paho.mqtt.reasoncodes import ReasonCode

from protocols.monitoring.documents import (
    DocumentReceipt,
    Upload,
    decode_upload,
    encode_document_receipt,
)
from protocols.monitoring.envelopes import Envelope, EnvelopeError, PlainEnvelope
from protocols.monitoring.topics import (
    DEFAULT_PREFIX,
    anchors_filter,
    codes_topic,
    document_receipts_topic,
    documents_filter,
    gateway_of,
    snapshots_topic,
)
from protocols.wire.errors import RemoteProtocolError

from .session import KEEPALIVE_S, durable_client

_LOG: Final = logging.getLogger(__name__)
_WAITING_MAX: Final = 10_000  # messages that wait for a connection; what is beyond is refused by `send_…`
ANCHOR_BYTES_MAX: Final = 64 * 1024


class Line:
    """`start()` connects in the background; `stop()` leaves the durable session behind.

    take: keeps the documents of a message and answers. anchor: (gateway, payload) of an evidence anchor.
    on_connected: what waits may be sent now; called in a thread of the line's own, so it must only take note.
    envelope: of all topics; used from several threads.
    """

    def __init__(
        self,
        broker: tuple[str, int],
        take: Callable[[Upload], DocumentReceipt],
        *,
        anchor: Callable[[str, bytes], None],
        on_connected: Callable[[], None],
        prefix: str = DEFAULT_PREFIX,
        client_id: str = "authority-freight",
        envelope: Envelope | None = None,
    ) -> None:
        self._broker, self._prefix = broker, prefix
        self._take, self._anchor = take, anchor
        self._on_connected = on_connected
        self._envelope: Envelope = envelope or PlainEnvelope()
        self._under_way: dict[int, str] = {}  # number of a publish → name of the code push
        self._acknowledged: queue.SimpleQueue[int] = queue.SimpleQueue()
        self.counts: Counter[str] = Counter()
        self._ready = threading.Event()
        self._client = self._make_client(client_id)

    def start(self) -> None:
        """Begins to connect; returns at once."""
        self._client.connect_async(*self._broker, keepalive=KEEPALIVE_S)
        self._client.loop_start()

    def wait_until_ready(self, timeout_s: float) -> bool:
        """Whether the subscriptions stood within `timeout_s`."""
        return self._ready.wait(timeout_s)

    def stop(self) -> None:
        """Leaves the broker."""
        self._client.disconnect()
        self._client.loop_stop()

    def send_code(self, gateway: str, name: str, payload: bytes) -> None:
        """Sends a message for a terminal's screen; `sent` gives the name when the broker has it."""
        sealed, topic = self._sealed(payload, codes_topic(self._prefix, gateway), gateway)
        info = self._client.publish(topic, sealed, qos=1)
        if info.rc in (mqtt.MQTT_ERR_SUCCESS, mqtt.MQTT_ERR_NO_CONN):
            self._under_way[info.mid] = name
            self.counts["codes"] += 1

    def sent(self) -> list[str]:
        """The names of code pushes that the broker has taken since the last question. To be called from the
        thread that calls `send_code`, so that no answer is looked at before its question is written down."""
        names = []
        while not self._acknowledged.empty():
            name = self._under_way.pop(self._acknowledged.get(), None)
            if name is not None:  # else it was a receipt or a snapshot
                names.append(name)
        return names

    def send_snapshot(self, gateway: str, sealed: bytes) -> None:
        """Leaves the newest snapshot for a gateway at the broker, retained."""
        payload, topic = self._sealed(sealed, snapshots_topic(self._prefix, gateway), gateway)
        self._client.publish(topic, payload, qos=1, retain=True)
        self.counts["snapshots"] += 1

    def _sealed(self, payload: bytes, topic: str, gateway: str) -> tuple[bytes, str]:
        return self._envelope.seal(payload, topic, _now_ms(), gateway), topic

    def _make_client(self, client_id: str) -> mqtt.Client:
        client = durable_client(client_id)
        client.max_queued_messages_set(_WAITING_MAX)
        client.on_connect = self._connected
        client.on_subscribe = self._subscribed
        client.on_disconnect = self._disconnected
        client.on_message = self._arrived
        client.on_publish = self._published
        return client

    def _connected(self, client: mqtt.Client, _data: Any, _flags: Any, code: ReasonCode, _more: Any) -> None:
        if code.is_failure:
            _LOG.warning("the broker refuses the connection: %s", code)
            return
        client.subscribe([(documents_filter(self._prefix), 1), (anchors_filter(self._prefix), 1)])

    def _subscribed(
        self, _client: mqtt.Client, _data: Any, _mid: int, codes: list[ReasonCode], _more: Any
    ) -> None:
        if any(code.is_failure for code in codes):
            _LOG.warning("the broker refuses the subscription to documents or anchors")
            return
        self._ready.set()
        self._on_connected()

    def _disconnected(self, *_: Any) -> None:
        self._ready.clear()

    def _published(self, _client: mqtt.Client, _data: Any, mid: int, *_: Any) -> None:
        self._acknowledged.put(mid)  # the client holds a lock of its own here: nothing more may be done

    def _arrived(self, client: mqtt.Client, _data: Any, message: mqtt.MQTTMessage) -> None:
        """In paho's thread. No PUBACK after a failure of the store: the broker delivers the message again."""
        try:
            self._handle(client, message.topic, bytes(message.payload))
        except (RemoteProtocolError, EnvelopeError) as error:
            self.counts["malformed"] += 1
            _LOG.warning("a message on %s cannot be answered: %s", message.topic, error)
        except sqlite3.Error as error:
            self.counts["store_failures"] += 1
            _LOG.error("the store failed, the broker will deliver again: %s", error)
            return
        except Exception:  # a bug with one message must not end the thread that reads all of them
            self.counts["crashes"] += 1
            _LOG.exception("a message on %s is not taken", message.topic)
            return
        client.ack(message.mid, message.qos)

    def _handle(self, client: mqtt.Client, topic: str, data: bytes) -> None:
        gateway = gateway_of(topic)
        opened = self._envelope.begin(data, topic, _now_ms(), sender=gateway)
        if topic.startswith(anchors_filter(self._prefix)[:-1]):
            self._keep_anchor(gateway, opened.payload)
        else:
            upload = decode_upload(opened.payload)
            if upload.gateway != gateway:
                raise RemoteProtocolError(f"documents of {upload.gateway} on {topic}", field="gateway")
            receipt = self._take(upload)
            self.counts["uploads"] += 1
            self.counts.update(f"code {int(result.code)}" for result in receipt.results)
            answer = encode_document_receipt(receipt)
            sealed, back = self._sealed(answer, document_receipts_topic(self._prefix, gateway), gateway)
            client.publish(back, sealed, qos=1)
        self._envelope.accept(opened)

    def _keep_anchor(self, gateway: str, payload: bytes) -> None:
        if len(payload) > ANCHOR_BYTES_MAX:
            raise RemoteProtocolError(f"{len(payload)} bytes of an anchor", field="anchor")
        self._anchor(gateway, payload)
        self.counts["anchors"] += 1


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
