"""The freight connection to the broker: documents and anchors up, receipts, snapshots and codes down.

A thread and a durable session of its own. A message from above is acknowledged to the broker once its effect
is on the disk; a document leaves the outbox by its receipt, or by the broker's PUBACK where `confirm` says
that there are no receipts. Decides nothing about documents: the outbox does.
"""

import logging
import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from protocols.monitoring.documents import Upload, encode_upload
from protocols.monitoring.topics import (
    anchors_topic,
    codes_topic,
    document_receipts_topic,
    documents_topic,
    snapshots_topic,
)
from protocols.wire.errors import ProtocolError

from ..delivery.backoff import Backoff
from ..delivery.link import Answer, Link, LinkError
from ..delivery.sealing import envelope_of
from ..delivery.settings import Settings
from ..delivery.waker import Waker
from ..store_file import StoreError
from . import outbox
from .book import Book
from .kept import Kept
from .outbox import Retry
from .proof import Evidence

UPLOAD_DOCUMENTS: Final = 20
UPLOAD_BYTES: Final = 256 * 1024
WINDOW: Final = 200  # documents read from the outbox at a time
REST_S: Final = 0.5
_RECONNECT_MS: Final = (200, 10_000)
_MESSAGE: Final = "message"
RECEIPT: Final = "receipt"  # of `confirm`: the other way is the broker's PUBACK
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class FreightTopics(Settings):
    """A destination's broker, with a session and topics of its own for freight."""

    @property
    def client_id(self) -> str:
        """Not the one of deliveries: two connections cannot share it."""
        return f"edge-{self.gateway}-freight"

    @property
    def topic(self) -> str:
        """Where documents go."""
        return documents_topic(self.topic_prefix, self.gateway)

    @property
    def anchors(self) -> str:
        """Where anchors of evidence go."""
        return anchors_topic(self.topic_prefix, self.gateway)

    @property
    def receipts(self) -> str:
        """Answers to documents."""
        return document_receipts_topic(self.topic_prefix, self.gateway)

    @property
    def snapshots(self) -> str:
        """The registers, retained."""
        return snapshots_topic(self.topic_prefix, self.gateway)

    @property
    def codes(self) -> str:
        """Driver codes for terminals."""
        return codes_topic(self.topic_prefix, self.gateway)


class Handlers:
    """What is done with what comes: each within its own turns, durable when it returns. Raises ProtocolError,
    ValueError for a message that can never be taken, StoreError for one that cannot now.

    handed_over(number): the broker has an upload, where `confirm` says that nobody behind it answers.
    """

    def __init__(
        self,
        receipt: Callable[[bytes], None],
        snapshot: Callable[[bytes], None],
        code: Callable[[bytes], None],
        handed_over: Callable[[int], None],
    ) -> None:
        self.receipt, self.snapshot, self.code = receipt, snapshot, code
        self.handed_over = handed_over


class FreightLine:
    """`start()` needs no broker to be there; `stop()` loses nothing. `wake()`: there is something to send."""

    def __init__(
        self,
        settings: Settings,
        book: Book,
        evidence: Evidence,
        handlers: Handlers,
        retry: Retry,
    ) -> None:
        values = {name: getattr(settings, name) for name in Settings.__dataclass_fields__}
        self._topics = FreightTopics(**(values | {"name": ""}))
        self._envelope = envelope_of(self._topics)
        self._book, self._evidence, self._retry = book, evidence, retry
        self._waker = Waker()
        self._stopping = threading.Event()
        self._backoff = Backoff(*_RECONNECT_MS, random.random)
        self._thread = threading.Thread(target=self._run, name="freight line", daemon=True)
        self._anchors: dict[int, int] = {}  # message id of this connection → anchor number
        self._uploads: dict[int, int] = {}  # message id → number of an upload that nobody will answer
        self._handed_over = handlers.handed_over
        self._handles = {self._topics.snapshots: handlers.snapshot, self._topics.codes: handlers.code}
        if self._topics.confirm == RECEIPT:
            self._handles[self._topics.receipts] = handlers.receipt
        self.counts: Counter[str] = Counter()
        self.connected = False

    def start(self) -> None:
        """Begins to connect."""
        self._thread.start()

    def wake(self) -> None:
        """There is something new to send. From any thread."""
        self._waker.wake()

    def stop(self) -> None:
        """Ends the connection; the broker keeps what comes meanwhile."""
        self._stopping.set()
        self._waker.wake()
        if self._thread.ident is not None:
            self._thread.join()
        self._waker.close()

    def _run(self) -> None:
        while not self._stopping.is_set():
            link = Link(self._topics, True, tuple(self._handles), self._envelope)
            try:
                link.open()
                with self._book.turn():
                    outbox.disconnected(self._book, _now_ms())
                while not self._stopping.is_set():
                    self._step(link)
            except (LinkError, StoreError) as error:
                _log.warning("freight waits: %s", error)
            except Exception:  # a bug must not end the line for good
                self.counts["crashes"] += 1
                _log.exception("freight begins again")
            finally:
                self.connected = False
                self._anchors.clear()
                self._uploads.clear()
                link.close()
            if not self._stopping.is_set():
                self._stopping.wait(self._backoff.next_ms() / 1000)

    def _step(self, link: Link) -> None:
        self.connected = link.ready
        if link.ready:
            self._send_documents(link)
            self._send_anchors(link)
        link.wait(self._waker.receiver, REST_S)
        self._waker.drain()
        for event in link.events():
            self._backoff.reset()
            if isinstance(event, Answer):
                self._take(event)
                link.acknowledge(event.mid)
            elif event.mid in self._anchors:
                self._evidence.published(self._anchors.pop(event.mid))
            elif event.mid in self._uploads:
                self._handed_over(self._uploads.pop(event.mid))

    def _send_documents(self, link: Link) -> None:
        """What is due, a few in one message; on the disk as sent before it is."""
        now_ms = _now_ms()
        for documents in packed(outbox.ready(self._book, now_ms, WINDOW)):
            with self._book.turn():
                number = self._book.counted(_MESSAGE)
                outbox.sent(self._book, documents, number, now_ms, self._retry)
            items = tuple(document.item for document in documents)
            upload = encode_upload(Upload(self._topics.gateway, number, items))
            mid = link.publish(self._topics.topic, upload)
            if self._topics.confirm != RECEIPT:
                self._uploads[mid] = number
            self.counts["uploads"] += 1
            self.counts["resent"] += sum(document.tries > 0 for document in documents)

    def _send_anchors(self, link: Link) -> None:
        under_way = set(self._anchors.values())
        for number, body in self._evidence.unpublished():
            if number not in under_way:
                self._anchors[link.publish(self._topics.anchors, body)] = number
                self.counts["anchors"] += 1

    def _take(self, answer: Answer) -> None:
        handle = self._handles.get(answer.topic)
        if handle is None:
            return
        try:
            handle(answer.payload)
            self.counts["taken"] += 1
        except (ProtocolError, ValueError) as error:  # it will never be taken, however often it comes
            self.counts["refused"] += 1
            _log.warning("a message on %s is not taken: %s", answer.topic, error)

    def stats(self) -> dict[str, Any]:
        """Counters since the start."""
        return {"connected": self.connected, **dict(sorted(self.counts.items()))}


def packed(documents: list[Kept]) -> list[list[Kept]]:
    """Several small documents travel together, a large one alone."""
    groups: list[list[Kept]] = []
    room, size = 0, 0
    for document in documents:
        size = len(str(document.document).encode())
        if not groups or len(groups[-1]) == UPLOAD_DOCUMENTS or size > room:
            groups.append([])
            room = UPLOAD_BYTES
        groups[-1].append(document)
        room -= size
    return groups


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
