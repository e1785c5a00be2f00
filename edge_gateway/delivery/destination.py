"""One destination's thread: joins journal, plan, batcher, window and link. Restartable at any moment.

It keeps nothing that the journal does not: after a crash, of itself or of the process, it begins again
behind the durable cursor, and the monitoring system recognises what it has seen already.
"""

import logging
import random
import threading
import time
from collections import Counter
from typing import Any, Final, NamedTuple

from ..threads import name_thread
from .backoff import Backoff
from .batcher import Batcher
from .confirmations import Confirmations
from .link import Answer, Link, LinkError, Puback
from .pace import BacklogPace, RateLimit
from .plan import Plan
from .ports import JournalPort
from .quota import Quota
from .sealing import envelope_of
from .settings import Settings
from .source import BatchSource
from .waker import Waker
from .window import DOUBLINGS_MAX, InFlight, Window

_RECONNECT_MS: Final = (200, 10_000)
_REST_S: Final = 1.0  # the longest sleep: keep alive and handshake are looked at this often
_SAVE_AHEAD_MS: Final = 1000  # what is confirmed beyond a cursor that stands still is saved this often
_NEWS_MS: Final = 1000  # what waits longer than this and its batch may is left for the backlog lane
_LOOK_AGAIN_MS: Final = 200
_NEWS_ON_LINK_MS: Final = 30_000  # what is not older when a connection is made is not left for it
# What a filter leaves out takes no place in the window: so much is read between two looks at the line.
_BATCHES_A_ROUND: Final = 64
_log: Final = logging.getLogger(__name__)

COUNTS: Final = (
    "connections", "connection_failures", "crashes", "sent_batches", "sent_records", "sent_bytes",
    "resent_batches", "pubacks", "confirmed_batches", "confirmed_records", "rejected_records", "receipts",
    "receipts_duplicate", "receipts_unknown", "receipts_mismatched", "receipts_malformed",
    "receipts_refusing", "envelopes_refused",
)  # fmt: skip


class _Seen(NamedTuple):
    in_flight: int
    cursor: int
    ahead: int
    backlog: int
    oldest_ms: int | None


class Destination:
    """Brings what the journal commits to one monitoring system, and its confirmations back.

    `start()` needs no broker to be there; `stop()` returns within seconds and loses nothing: what is
    unconfirmed stays in the journal. Start it once.
    """

    def __init__(self, settings: Settings, journal: JournalPort) -> None:
        self.settings = settings
        self._journal = journal
        self._counts: Counter[str] = Counter()
        self._connected = False
        self._last_error = ""
        self._envelope = envelope_of(settings)
        self._stopping = threading.Event()
        self._waker = Waker()
        name = f"delivery-{settings.name}" if settings.name else "delivery"
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._backoff = Backoff(*_RECONNECT_MS, random.random)
        self._way = RateLimit(0, _now_ms())
        self._quota = Quota(settings.max_backlog_bytes, int(settings.max_backlog_age_s * 1000))
        self._begin()

    def start(self) -> None:
        """Starts the thread."""
        self._journal.on_commit(self._waker.wake)
        self._thread.start()

    def give_way(self, rate: int) -> None:
        """At most so many records a second from now on, 0 for any; beside the configured rate. From any
        thread."""
        self._way.change(rate)

    def end(self) -> None:
        """Asks the thread to end; `stop` waits for it."""
        self._stopping.set()
        self._waker.wake()

    @property
    def running(self) -> bool:
        """Whether its thread lives; that there is a broker is another question."""
        return self._thread.is_alive()

    def stop(self) -> None:
        """Ends the thread and the connection."""
        self.end()
        self._thread.join()
        self._waker.close()

    def stats(self) -> dict[str, Any]:
        """Counters since the start, and connected, in_flight, cursor, last_error; depth: records that are not
        confirmed; ahead: records confirmed beyond the cursor; backlog: records left for later; depth_bytes:
        what depth costs in the journal, about; oldest_age_ms: since the oldest record that is on its way was
        received, by this machine's clock; filtered; lost: given up, ever. From any thread."""
        counts: dict[str, Any] = {name: self._counts[name] for name in COUNTS}
        seen = self._seen
        depth = max(0, self._journal.last_sequence - seen.cursor - seen.ahead)
        age_ms = time.time_ns() // 1_000_000 - (seen.oldest_ms or 0)
        return counts | {
            "connected": self._connected,
            "in_flight": seen.in_flight,
            "cursor": self._journal.confirmed_sequence,
            "depth": depth,
            "depth_bytes": int(depth * self._journal.record_bytes),
            "ahead": seen.ahead,
            "backlog": seen.backlog,
            "oldest_age_ms": max(0, age_ms) if depth and seen.oldest_ms else 0,
            "filtered": self._source.filtered,
            "dropped_fields": self._source.dropped_fields,
            "lost": self._journal.lost,
            "last_error": self._last_error,
        }

    def _look(self) -> None:
        """Notes for other threads what only this one may look at."""
        window = self._window
        self._seen = _Seen(
            window.in_flight,
            window.cursor,
            window.confirmed_ahead,
            self._plan.backlog_records,
            window.oldest_ms,
        )

    def _begin(self) -> None:
        """Everything as it is after a start: from the durable cursor on."""
        settings, cursor, ahead = self.settings, self._journal.confirmed_sequence, self._journal.ahead
        timeout_ms, records = int(settings.receipt_timeout_s * 1000), settings.max_records
        self._window = Window(settings.window, timeout_ms, cursor, random.random, ahead)
        self._plan = Plan(cursor, ahead, max(2, settings.window) * records)
        self._batcher = Batcher(records, settings.max_bytes, settings.max_age_ms, self._plan.live_after)
        self._pace = BacklogPace(2 * records, settings.window * records)
        self._rate = RateLimit(settings.rate, _now_ms())
        self._source = BatchSource(settings, self._journal)
        self._confirmations = Confirmations(settings.gateway, self._window, self._journal, self._counts)
        self._confirmations.on_settled = self._settled
        self._on_the_way: dict[int, InFlight] = {}  # by the message id of this connection
        self._saved_ms = _now_ms()
        self._is_new_link = True
        self._more = False  # to be read, although the window has room
        self._look()

    def _run(self) -> None:
        name_thread(self._thread.name)
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
            self._rest()

    def _rest(self) -> None:
        """The pause before the next connection. The quota holds while nobody is there, too."""
        if self._stopping.is_set():
            return
        try:
            self._keep_quota()
            self._look_for_oldest()
        except Exception:
            _log.exception("the backlog of destination %r could not be looked at", self.settings.name)
        self._stopping.wait(self._backoff.next_ms() / 1000)

    def _look_for_oldest(self) -> None:
        """How old the backlog is while nothing of it is on its way."""
        self._look()
        if not self._window.in_flight and self._journal.last_sequence > self._window.cursor:
            oldest = self._journal.read_after(self._window.cursor, 1, 1)
            self._seen = self._seen._replace(oldest_ms=oldest[0].received_ms if oldest else None)

    def _serve_one_connection(self) -> None:
        link = Link(self.settings, envelope=self._envelope)
        self._on_the_way.clear()
        try:
            link.open()
            while not self._stopping.is_set():
                self._step(link)
        finally:
            link.close()
            self._counts["envelopes_refused"] += link.refused.total()

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
            self._keep_quota()
            self._look()

    def _link_ready(self) -> None:
        self._connected = True
        self._counts["connections"] += 1
        self._is_new_link = True
        self._window.link_opened(_now_ms())
        _log.info("connected to %s:%d", self.settings.host, self.settings.port)
        self._last_error = ""

    def _fill_window(self) -> None:
        now_ms, last = _now_ms(), self._journal.last_sequence
        self._batcher.journalled(last, now_ms)
        is_new_link = self._is_new_link
        if self._is_late(now_ms):
            end = self._before_news(last) if is_new_link else last
            if self._plan.jump(end):
                self._batcher.taken(end, 0)
        self._more = False
        for _ in range(_BATCHES_A_ROUND):
            if not (self._window.has_room and self._batcher.due(now_ms)):
                break
            found = self._read(self._plan.live_after, now_ms, None, True)
            self._plan.took_live(found[0].last)
            self._batcher.taken(found[0].last, found[1])
            self._take_in(found[0])
        else:
            self._more = True
        reserved = max(1, self.settings.window // 4)
        for _ in range(_BATCHES_A_ROUND):
            gap = self._plan.backlog
            if gap is None or not self._window.room_for_backlog(reserved, self._pace.allowed):
                break
            batch, _read = self._read(gap[0], now_ms, gap[1], False)
            self._plan.took_backlog(batch.last)
            self._take_in(batch)
        else:
            self._more = True

    def _before_news(self, last: int) -> int:
        """Where the backlog ends that a new connection finds: what came while it was made is news."""
        since_ms = time.time_ns() // 1_000_000 - _NEWS_ON_LINK_MS
        return self._source.before_news(last, since_ms, self._plan.jump_at)

    def _is_late(self, now_ms: int) -> bool:
        """Whether what the live lane would read next is no news any more. A burst is news."""
        late = self._is_new_link or self._batcher.waited_ms(now_ms) > self.settings.max_age_ms + _NEWS_MS
        self._is_new_link = False
        return late

    def _read(self, after: int, now_ms: int, through: int | None, live: bool) -> tuple[InFlight, int]:
        found = self._source.next_batch(after, now_ms, through=through, live=live)
        if found is None:
            raise LookupError(f"the journal gives nothing behind {after}")
        return found

    def _take_in(self, batch: InFlight) -> None:
        self._window.add(batch)
        if not batch.messages:
            self._window.settle(batch)

    def _send_due(self, link: Link) -> None:
        for batch in self._window.due(_now_ms()):
            if batch.unacknowledged:
                self._wait_for_puback(batch)
                continue
            now_ms = _now_ms()
            wait_ms = max(self._rate.wait_ms(now_ms), self._way.wait_ms(now_ms))
            if wait_ms:
                batch.due_ms = now_ms + min(wait_ms, _LOOK_AGAIN_MS)  # the rate may have changed by then
                continue
            self._send(link, batch)

    def _send(self, link: Link, batch: InFlight) -> None:
        self._counts["resent_batches" if batch.sends else "sent_batches"] += 1
        self._counts["sent_records"] += batch.count
        self._counts["sent_bytes"] += batch.size
        for topic, payload in batch.messages:
            self._on_the_way[link.publish(topic, payload)] = batch
            batch.unacknowledged += 1
        self._rate.spend(batch.count)
        self._way.spend(batch.count)
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
        if self._more:
            return 0.0
        deadlines_ms = [self._window.next_deadline_ms()]
        if self._window.has_room:
            deadlines_ms.append(self._batcher.next_deadline_ms())
            batcher = self._batcher
            wake_at = batcher.full_at if batcher.pending else self._plan.live_after + 1
            self._journal.wake_at(wake_at)
            if self._journal.last_sequence >= wake_at:  # committed while we looked away
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
        batch.unacknowledged -= 1
        if batch.unacknowledged:
            return
        batch.at_broker = True
        if self.settings.confirm == "puback":
            self._confirmations.take_puback(batch)

    def _settled(self, batch: InFlight) -> None:
        if not batch.live:
            self._pace.confirmed(_now_ms() - batch.sent_ms)

    def _confirm(self) -> None:
        """Saves the cursor whenever it moved, and what is confirmed beyond it now and then."""
        window, journal, now_ms = self._window, self._journal, _now_ms()
        moved = window.cursor > journal.confirmed_sequence
        if moved or (now_ms - self._saved_ms >= _SAVE_AHEAD_MS and window.ahead != journal.ahead):
            journal.confirm(window.cursor, window.ahead)
            self._saved_ms = now_ms

    def _keep_quota(self) -> None:
        """Gives up the oldest records of a destination that is too far behind: loudly, counted as lost."""
        cursor = self._window.cursor
        depth = self._journal.last_sequence - cursor - self._window.confirmed_ahead
        bound = self._quota.through(
            cursor, self._journal.last_sequence, depth, self._journal.record_bytes, _now_ms()
        )
        if bound <= cursor:
            return
        through, lost = self._window.give_up(bound)
        lost += self._plan.give_up(through)
        if through <= cursor:
            return
        self._batcher.taken(max(self._plan.live_after, through), 0)
        self._on_the_way = {mid: batch for mid, batch in self._on_the_way.items() if not batch.settled}
        self._journal.cut_loose(self._window.cursor, self._window.ahead, lost)
        _log.error(
            "destination %r is too far behind: %d records up to sequence %d are given up and lost for it",
            self.settings.name,
            lost,
            through,
        )

    def _note(self, text: str) -> None:
        if text != self._last_error:
            _log.warning("delivery%s waits: %s", self.settings.name and f" to {self.settings.name}", text)
        self._last_error = text


def _now_ms() -> int:
    return time.monotonic_ns() // 1_000_000
