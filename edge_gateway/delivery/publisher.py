"""The delivery thread: joins journal, batcher, window and link. Restartable at any moment.

It keeps nothing that the journal does not: after a crash, of itself or of the process, it begins again
behind the durable cursor, and the monitoring system recognises what it has seen already.
"""

import logging
import random
import threading
import time
from collections import Counter
from typing import Any, Final

from protocols.monitoring.topics import positions_topic, receipts_topic

from .backoff import Backoff
from .batcher import Batcher
from .confirmations import Confirmations
from .link import Answer, Link, LinkError, Puback
from .ports import DeliveryConfig, JournalPort
from .source import BatchSource
from .waker import Waker
from .window import DOUBLINGS_MAX, InFlight, Window

_RECONNECT_MS: Final = (200, 10_000)
_REST_S: Final = 1.0  # the longest sleep: keep alive and handshake are looked at this often
_NEVER: Final = 2**63
_log: Final = logging.getLogger(__name__)

_COUNTS: Final = (
    "connections", "connection_failures", "crashes", "sent_batches", "sent_records", "sent_bytes",
    "resent_batches", "pubacks", "confirmed_batches", "confirmed_records", "rejected_records", "receipts",
    "receipts_duplicate", "receipts_unknown", "receipts_mismatched", "receipts_malformed",
    "receipts_refusing",
)  # fmt: skip


class Delivery:
    """Brings what the journal commits to the monitoring system, and its confirmations back.

    `start()` needs no broker to be there; `stop()` returns within seconds and loses nothing: what is
    unconfirmed stays in the journal, which must be closed after this. Start it once.
    """

    def __init__(self, config: DeliveryConfig, journal: JournalPort) -> None:
        self._config = config
        self._journal = journal
        self._counts: Counter[str] = Counter()
        self._connected = False
        self._last_error = ""
        self._stopping = threading.Event()
        self._waker = Waker()
        self._wake_at = _NEVER  # the sequence whose commit is worth waking for
        self._thread = threading.Thread(target=self._run, name="delivery", daemon=True)
        self._backoff = Backoff(*_RECONNECT_MS, random.random)
        self._begin()

    def start(self) -> None:
        """Starts the thread."""
        self._journal.on_commit(self._committed)
        self._thread.start()

    def stop(self) -> None:
        """Ends the thread and the connection."""
        self._stopping.set()
        self._waker.wake()
        self._thread.join()
        self._waker.close()

    def stats(self) -> dict[str, Any]:
        """Counters since the start, and connected, in_flight, cursor, last_error. From any thread."""
        counts: dict[str, Any] = {name: self._counts[name] for name in _COUNTS}
        return counts | {
            "connected": self._connected,
            "in_flight": self._window.in_flight,
            "cursor": self._journal.confirmed_sequence,
            "last_error": self._last_error,
        }

    def _begin(self) -> None:
        """Everything as it is after a start: from the durable cursor on."""
        config, cursor = self._config, self._journal.confirmed_sequence
        timeout_ms = int(config.mqtt.receipt_timeout_s * 1000)
        self._window = Window(config.mqtt.window, timeout_ms, cursor, random.random)
        batch = config.batch
        self._batcher = Batcher(batch.max_records, batch.max_bytes, batch.max_age_ms, cursor)
        self._source = BatchSource(config.gateway.id, batch, self._journal)
        self._confirmations = Confirmations(config.gateway.id, self._window, self._journal, self._counts)
        self._on_the_way: dict[int, InFlight] = {}  # by the message id of this connection

    def _committed(self) -> None:
        """In the journal's writer thread: one comparison, unless a batch becomes due by this commit."""
        if self._journal.last_sequence >= self._wake_at:
            self._wake_at = _NEVER
            self._waker.wake()

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self._serve_one_connection()
            except LinkError as error:
                self._counts["connection_failures"] += 1
                self._note(str(error))
            except Exception as error:  # a bug or a broken disk: the journal still holds everything
                self._counts["crashes"] += 1
                self._note(f"{type(error).__name__}: {error}")
                _log.exception("delivery begins again behind its cursor")
                self._begin()
            self._connected = False
            if not self._stopping.is_set():
                self._stopping.wait(self._backoff.next_ms() / 1000)

    def _serve_one_connection(self) -> None:
        mqtt, gateway = self._config.mqtt, self._config.gateway.id
        answers = receipts_topic(mqtt.topic_prefix, gateway) if mqtt.confirm == "receipt" else ""
        link = Link(mqtt, f"edge-{gateway}", answers)
        self._on_the_way.clear()
        try:
            link.open()
            while not self._stopping.is_set():
                self._step(link)
        finally:
            link.close()

    def _step(self, link: Link) -> None:
        """One round: publish what is due, sleep until something happens, take what came, confirm."""
        if link.ready:
            if not self._connected:
                self._link_ready()
            self._fill_window()
            self._send_due(link)
        timeout_s = self._sleep_s(link.ready)
        try:
            link.wait(self._waker.receiver, timeout_s)
        finally:
            self._waker.drain()
            self._take_events(link.events())
            self._confirm()

    def _link_ready(self) -> None:
        self._connected = True
        self._counts["connections"] += 1
        self._window.link_opened(_now_ms())
        _log.info("connected to %s:%d", self._config.mqtt.host, self._config.mqtt.port)
        self._last_error = ""

    def _fill_window(self) -> None:
        now_ms = _now_ms()
        self._batcher.journalled(self._journal.last_sequence, now_ms)
        while self._window.has_room and self._batcher.due(now_ms):
            found = self._source.next_batch(self._window.taken_through, now_ms)
            if found is None:
                raise LookupError(f"the journal gives nothing behind {self._window.taken_through}")
            batch, body_bytes = found
            self._window.add(batch)
            self._batcher.taken(batch.last, body_bytes)
            if not batch.payload:
                self._window.settle(batch)

    def _send_due(self, link: Link) -> None:
        mqtt = self._config.mqtt
        topic = positions_topic(mqtt.topic_prefix, self._config.gateway.id)
        for batch in self._window.due(_now_ms()):
            if batch in self._on_the_way.values():
                self._wait_for_puback(batch)
                continue
            self._on_the_way[link.publish(topic, batch.payload)] = batch
            self._counts["resent_batches" if batch.sends else "sent_batches"] += 1
            self._counts["sent_records"] += batch.count
            self._counts["sent_bytes"] += len(batch.payload)
            self._window.sent(batch, _now_ms())

    def _wait_for_puback(self, batch: InFlight) -> None:
        """What this connection still carries is not sent on it again (MQTT 3.1.1, [MQTT-4.4.0-1]): a slow
        line would only become slower, and the client library keeps each copy. At last the connection is given
        up."""
        if batch.sends > DOUBLINGS_MAX:
            raise LinkError("no PUBACK for a batch, the broker may be ill or the line too slow")
        self._window.sent(batch, _now_ms())

    def _sleep_s(self, ready: bool) -> float:
        """Until the next deadline; commits wake us only from the one on that makes a batch due."""
        if not ready:
            return _REST_S
        deadlines_ms = [self._window.next_deadline_ms()]
        if self._window.has_room:
            deadlines_ms.append(self._batcher.next_deadline_ms())
            batcher = self._batcher
            self._wake_at = batcher.full_at if batcher.pending else self._window.taken_through + 1
            if self._journal.last_sequence >= self._wake_at:  # committed while we looked away
                return 0.0
        known = [deadline_ms for deadline_ms in deadlines_ms if deadline_ms is not None]
        return max(0.0, min([_REST_S, *((deadline_ms - _now_ms()) / 1000 for deadline_ms in known)]))

    def _take_events(self, events: list[Puback | Answer]) -> None:
        if events:  # it works; a broker that only accepts connections and drops them does not
            self._backoff.reset()
        for event in events:
            if isinstance(event, Answer):
                self._confirmations.take_receipt(event.payload)
            else:
                self._take_puback(event.mid)

    def _take_puback(self, mid: int) -> None:
        batch = self._on_the_way.pop(mid, None)
        if batch is None:
            return
        self._counts["pubacks"] += 1
        batch.at_broker = True
        if self._config.mqtt.confirm == "puback":
            self._confirmations.take_puback(batch)

    def _confirm(self) -> None:
        if self._window.cursor > self._journal.confirmed_sequence:
            self._journal.confirm(self._window.cursor)

    def _note(self, text: str) -> None:
        if text != self._last_error:
            _log.warning("delivery waits: %s", text)
        self._last_error = text


def _now_ms() -> int:
    return time.monotonic_ns() // 1_000_000
