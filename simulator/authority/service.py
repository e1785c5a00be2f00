"""The authority at the broker: takes batches, has them stored, answers each with a receipt.

Order: validate, commit, receipt, and only then PUBACK. Killed anywhere in between, the broker delivers the
batch again and the store recognises it. Connection and threads only; what is kept is the store's business.
"""

from __future__ import annotations

import logging
import sqlite3
import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from paho.mqtt import client as mqtt
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.reasoncodes import ReasonCode

from protocols.monitoring.batch import Batch
from protocols.monitoring.forms import decode_batch, name_of_batch
from protocols.monitoring.receipt import Receipt, Rejection, digest_of, encode_receipt
from protocols.monitoring.records import Record, record_id
from protocols.monitoring.topics import (
    DEFAULT_PREFIX,
    gateway_of,
    parse_batch_id,
    positions_filter,
    receipts_topic,
)
from protocols.wire.errors import RemoteProtocolError

from .store import Store

_LOG: Final = logging.getLogger(__name__)
_KEEPALIVE_S: Final = 30
_RECONNECT_S: Final = (1, 5)  # paho doubles from the first to the second
_RECEIPTS_IN_FLIGHT: Final = 200
_GOODBYE_S: Final = 2.0

Policy = Callable[[Record], str]
"""Gives the reason why a record is not wanted, or "" for one that is."""


def accept_all(_: Record) -> str:
    """The policy that wants everything."""
    return ""


class Authority:
    """`start()` connects in the background and keeps trying; `stop()` leaves the durable session behind.

    database: path of the store. client_id: names the durable session, so it must stay the same over
    restarts and be used by one process at a time. policy: which records to reject.
    """

    def __init__(
        self,
        broker_host: str,
        broker_port: int,
        database: Path | str,
        topic_prefix: str = DEFAULT_PREFIX,
        *,
        client_id: str = "authority",
        policy: Policy = accept_all,
    ) -> None:
        self._address = (broker_host, broker_port)
        self._prefix = topic_prefix
        self._policy = policy
        self._store = Store(database)
        self._counts: Counter[str] = Counter()
        self._last_error = ""
        self._subscribed = threading.Event()
        self._client = self._make_client(client_id)

    def __enter__(self) -> Authority:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Begins to connect; returns at once."""
        self._client.connect_async(*self._address, keepalive=_KEEPALIVE_S)
        self._client.loop_start()

    def wait_until_ready(self, timeout_s: float) -> bool:
        """Whether the subscription stood within `timeout_s`."""
        return self._subscribed.wait(timeout_s)

    def stop(self) -> None:
        """Leaves the broker and closes the store. What was not acknowledged is delivered again later."""
        self._client.disconnect()
        self._client.loop_stop()
        self._store.close()

    def stats(self) -> dict[str, Any]:
        """Counts of this process: batches, accepted, redelivered, duplicated, rejected, receipts, refused
        (answered with an error), malformed (could not even be answered), store_failures; and connected,
        last_error."""
        names = ("batches", "accepted", "redelivered", "duplicated", "rejected", "receipts")
        faults = ("refused", "malformed", "store_failures", "connections")
        counts: dict[str, Any] = {name: self._counts[name] for name in names + faults}
        return counts | {"connected": self._subscribed.is_set(), "last_error": self._last_error}

    def _make_client(self, client_id: str) -> mqtt.Client:
        client = mqtt.Client(
            CallbackAPIVersion.VERSION2,
            client_id=client_id,
            clean_session=False,
            protocol=mqtt.MQTTv311,
            manual_ack=True,
        )
        client.reconnect_delay_set(*_RECONNECT_S)
        client.max_inflight_messages_set(_RECEIPTS_IN_FLIGHT)
        client.on_connect = self._on_connect
        client.on_subscribe = self._on_subscribe
        client.on_disconnect = self._on_disconnect
        client.on_message = self._on_message
        return client

    def _on_connect(self, client: mqtt.Client, _data: Any, _flags: Any, code: ReasonCode, _more: Any) -> None:
        if code.is_failure:
            self._complain(f"the broker refuses the connection: {code}")
            return
        self._counts["connections"] += 1
        client.subscribe(positions_filter(self._prefix), qos=1)

    def _on_subscribe(
        self, _client: mqtt.Client, _data: Any, _mid: int, codes: list[ReasonCode], _more: Any
    ) -> None:
        # An access rule; trying again at once would change nothing, the next connection tries again.
        if any(code.is_failure for code in codes):
            self._complain(f"the broker refuses the subscription to {positions_filter(self._prefix)}")
            return
        self._subscribed.set()

    def _on_disconnect(self, *_: Any) -> None:
        self._subscribed.clear()

    def _on_message(self, client: mqtt.Client, _data: Any, message: mqtt.MQTTMessage) -> None:
        self._counts["batches"] += 1
        try:
            receipt = self._receipt_for(message.topic, bytes(message.payload))
        except RemoteProtocolError as error:
            self._counts["malformed"] += 1
            self._complain(f"a message on {message.topic} cannot be answered: {error}")
        except sqlite3.Error as error:
            # No PUBACK: the broker delivers it again, and the gateway still holds it.
            self._counts["store_failures"] += 1
            self._complain(f"the store failed: {error}")
            return
        else:
            client.publish(receipts_topic(self._prefix, receipt.gateway), encode_receipt(receipt), qos=1)
            self._counts["receipts"] += 1
        client.ack(message.mid, message.qos)

    def _receipt_for(self, topic: str, payload: bytes) -> Receipt:
        """The answer, after the commit. Raises RemoteProtocolError when not even a name can be read."""
        gateway = gateway_of(topic)
        try:
            batch = decode_batch(payload)
        except RemoteProtocolError as error:
            return self._refusal(gateway, payload, str(error))
        if batch.gateway != gateway:
            raise RemoteProtocolError(f"a batch of {batch.gateway} on {topic}", field="gateway")
        return self._settle(batch, payload)

    def _settle(self, batch: Batch, payload: bytes) -> Receipt:
        reasons = [self._policy(record) for record in batch.records]
        pairs = list(zip(batch.records, reasons, strict=True))
        outcome = self._store.store(batch.gateway, [record for record, reason in pairs if not reason])
        self._counts.update(outcome._asdict())
        rejected = tuple(
            Rejection(record_id(record.phone, record.body), reason) for record, reason in pairs if reason
        )
        self._counts["rejected"] += len(rejected)
        again = outcome.redelivered + outcome.duplicated
        digest = digest_of(payload)
        return Receipt(batch.gateway, batch.batch_id, digest, outcome.accepted, again, rejected)

    def _refusal(self, gateway: str, payload: bytes, reason: str) -> Receipt:
        name = name_of_batch(payload)
        if parse_batch_id(name)[0] != gateway:
            raise RemoteProtocolError(f"{name} is no batch of {gateway}", field="gateway")
        self._counts["refused"] += 1
        self._complain(f"batch {name} is refused: {reason}")
        return Receipt(gateway, name, digest_of(payload), 0, 0, error=reason)

    def _complain(self, text: str) -> None:
        self._last_error = text
        _LOG.warning("%s", text)
