"""The authority at the broker: takes batches, has them stored, answers each with a receipt.

Order: validate, commit, receipt, and only then PUBACK. Killed anywhere in between, the broker delivers the
batch again and the store recognises it. What arrives while one commit runs is the next. Connection and
threads only; what is kept is the store's business.
"""

from __future__ import annotations

import logging
import queue
import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from paho.mqtt import client as mqtt
from paho.mqtt.reasoncodes import ReasonCode

from protocols.monitoring.envelopes import Envelope, Opened, PlainEnvelope
from protocols.monitoring.forms import decode_batch, is_columnar, name_of_batch
from protocols.monitoring.receipt import Receipt, Rejection, digest_of, encode_receipt
from protocols.monitoring.records import Record, id_of
from protocols.monitoring.topics import (
    DEFAULT_PREFIX,
    gateway_of,
    parse_batch_id,
    positions_filter,
    receipts_topic,
)
from protocols.wire.errors import RemoteProtocolError

from .session import KEEPALIVE_S, durable_client
from .store import Delivered, Store, Stored

_LOG: Final = logging.getLogger(__name__)
_WAITING_MAX: Final = 64  # messages; the broker keeps what is beyond
_BATCHES_A_COMMIT: Final = 16

Policy = Callable[[Record], str]
"""Gives the reason why a record is not wanted, or "" for one that is."""


def accept_all(_: Record) -> str:
    """The policy that wants everything."""
    return ""


class _Arrival(NamedTuple):
    """payload: as it came, and once it is opened, what was in it."""

    topic: str
    payload: bytes
    mid: int
    connection: int
    opened: Opened = Opened(b"")


class _Judged(NamedTuple):
    """receipt: a refusal; None where the store decides the rest. message: the columnar message that holds
    exactly what is wanted, where there is one."""

    arrival: _Arrival
    gateway: str
    wanted: Sequence[Record]
    rejected: tuple[Rejection, ...]
    receipt: Receipt | None
    batch: str = ""
    message: bytes = b""


class Authority:
    """`start()` connects in the background and keeps trying; `stop()` leaves the durable session behind.

    database: path of the store. client_id: names the durable session, so it must stay the same over
    restarts and be used by one process at a time. policy: which records to reject. envelope: opens batches
    and seals receipts; its keys name every gateway by its id. Used in the worker's thread alone.
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
        envelope: Envelope | None = None,
    ) -> None:
        self._address = (broker_host, broker_port)
        self._prefix = topic_prefix
        self._policy = policy
        self._envelope: Envelope = envelope or PlainEnvelope()
        self._store = Store(database)
        self._counts: Counter[str] = Counter()
        self._last_error = ""
        self._subscribed = threading.Event()
        self._connection = 0  # counts connections
        self._arrived: queue.Queue[_Arrival | None] = queue.Queue(_WAITING_MAX)
        self._worker = threading.Thread(target=self._work, name="authority", daemon=True)
        self._client = self._make_client(client_id)

    def __enter__(self) -> Authority:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Begins to connect; returns at once."""
        self._client.connect_async(*self._address, keepalive=KEEPALIVE_S)
        self._client.loop_start()
        self._worker.start()

    def wait_until_ready(self, timeout_s: float) -> bool:
        """Whether the subscription stood within `timeout_s`."""
        return self._subscribed.wait(timeout_s)

    def stop(self) -> None:
        """Leaves the broker and closes the store. What was not acknowledged is delivered again later."""
        self._client.disconnect()
        self._client.loop_stop()
        if self._worker.is_alive():
            self._arrived.put(None)
            self._worker.join()
        self._store.close()

    def stats(self) -> dict[str, Any]:
        """Counts of this process: batches, accepted, redelivered, duplicated, rejected, receipts, refused
        (answered with an error), malformed (could not even be answered), store_failures, crashes; connected,
        last_error."""
        names = ("batches", "accepted", "redelivered", "duplicated", "rejected", "receipts")
        faults = ("refused", "malformed", "store_failures", "crashes", "connections")
        counts: dict[str, Any] = {name: self._counts[name] for name in names + faults}
        return counts | {"connected": self._subscribed.is_set(), "last_error": self._last_error}

    def _make_client(self, client_id: str) -> mqtt.Client:
        client = durable_client(client_id)
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
        self._connection += 1
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

    def _on_message(self, _client: mqtt.Client, _data: Any, message: mqtt.MQTTMessage) -> None:
        """In paho's thread, which waits here while too much is waiting already."""
        self._arrived.put(_Arrival(message.topic, bytes(message.payload), message.mid, self._connection))

    def _work(self) -> None:
        """In a thread of its own: stores what has arrived, until it is told to end."""
        while (first := self._arrived.get()) is not None:
            arrivals = [first]
            while len(arrivals) < _BATCHES_A_COMMIT and not self._arrived.empty():
                following = self._arrived.get()
                if following is None:
                    return
                arrivals.append(following)
            self._counts["batches"] += len(arrivals)
            try:
                self._handle(arrivals)
            except Exception:  # a bug; nothing is acknowledged, so the broker delivers them again
                self._counts["crashes"] += 1
                _LOG.exception("%d batches could not be handled", len(arrivals))

    def _handle(self, arrivals: list[_Arrival]) -> None:
        judged = [judgement for arrival in arrivals if (judgement := self._judge(arrival)) is not None]
        try:
            outcomes = self._store.store_batches(
                [Delivered(one.gateway, one.wanted, one.message) for one in judged]
            )
        except sqlite3.Error as error:
            # No PUBACK: the broker delivers it again, and the gateway still holds it.
            self._counts["store_failures"] += len(judged)
            self._complain(f"the store failed: {error}")
            return
        for one, outcome in zip(judged, outcomes, strict=True):
            self._counts.update(outcome._asdict())
            self._answer(one, one.receipt or _receipt_of(one, outcome))

    def _answer(self, one: _Judged, receipt: Receipt) -> None:
        self._counts["rejected"] += len(receipt.rejected)
        self._counts["receipts"] += 1
        topic = receipts_topic(self._prefix, receipt.gateway)
        sealed = self._envelope.seal(encode_receipt(receipt), topic, _now_ms(), receipt.gateway)
        self._client.publish(topic, sealed, qos=1)
        self._envelope.accept(one.arrival.opened)  # stored: the same envelope opens no more
        self._acknowledge(one.arrival)

    def _acknowledge(self, arrival: _Arrival) -> None:
        """Not over another connection than it came by: there its number may be that of another message."""
        if arrival.connection == self._connection:
            self._client.ack(arrival.mid, 1)

    def _judge(self, arrival: _Arrival) -> _Judged | None:
        """What is to be stored of a message, or its refusal; None for what cannot even be answered."""
        try:
            gateway = gateway_of(arrival.topic)
            opened = self._envelope.begin(arrival.payload, arrival.topic, _now_ms(), sender=gateway)
            arrival = arrival._replace(payload=opened.payload, opened=opened)
            try:
                batch = decode_batch(arrival.payload)
            except RemoteProtocolError as error:
                return _Judged(arrival, gateway, [], (), self._refusal(gateway, arrival.payload, str(error)))
            if batch.gateway != gateway:
                raise RemoteProtocolError(f"a batch of {batch.gateway} on {arrival.topic}", field="gateway")
        except RemoteProtocolError as error:
            self._counts["malformed"] += 1
            self._complain(f"a message on {arrival.topic} cannot be answered: {error}")
            self._acknowledge(arrival)
            return None
        wanted, rejected = self._sorted_out(batch.records)
        whole = arrival.payload if is_columnar(arrival.payload) and not rejected else b""
        return _Judged(arrival, gateway, wanted, rejected, None, batch.batch_id, whole)

    def _sorted_out(self, records: Sequence[Record]) -> tuple[Sequence[Record], tuple[Rejection, ...]]:
        """(wanted, rejected), by the policy."""
        if self._policy is accept_all:
            return records, ()
        pairs = [(record, self._policy(record)) for record in records]
        rejected = tuple(Rejection(id_of(record), reason) for record, reason in pairs if reason)
        return [record for record, reason in pairs if not reason], rejected

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


def _receipt_of(one: _Judged, outcome: Stored) -> Receipt:
    again = outcome.redelivered + outcome.duplicated
    digest = digest_of(one.arrival.payload)
    return Receipt(one.gateway, one.batch, digest, outcome.accepted, again, one.rejected)


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
