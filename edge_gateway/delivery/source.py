"""Makes messages of what the journal holds: reads a run, leaves out what is not wanted, writes the rest in
the form that is configured.
"""

import logging
from pathlib import Path
from typing import Final

import numpy as np

from protocols.monitoring import emqx_form
from protocols.monitoring.batch import Batch, check_batch, fault_of
from protocols.monitoring.columnar import CONTENT_BYTES_MAX
from protocols.monitoring.forms import COLUMNAR, encode_batch
from protocols.monitoring.json_form import ProfileOf, as_the_standard_says
from protocols.monitoring.receipt import digest_of
from protocols.monitoring.table import RecordTable
from protocols.monitoring.topics import batch_id
from protocols.wire.errors import LocalProtocolError

from .ports import JournalPort
from .releasing import load_release
from .settings import EMQX, Settings
from .window import InFlight

# NATS closes the connection at 1 MiB; other brokers allow more.
PAYLOAD_BYTES_MAX: Final = 900_000
# Bodies that compress well must still fit what a receiver may be asked to expand.
BODIES_BYTES_MAX: Final = CONTENT_BYTES_MAX // 2
_log: Final = logging.getLogger(__name__)


class BatchSource:
    """`next_batch(after)` reads the journal from `after` on. Bounded by max_records and max_bytes.

    filtered: records that were read and not wanted.
    """

    def __init__(self, settings: Settings, journal: JournalPort) -> None:
        self.filtered = 0
        self._settings = settings
        self._journal = journal
        self._wanted = settings.wanted()
        self._release = load_release(Path(settings.release)) if settings.release else None
        self._profile_of = _profile_of(settings)
        self._records_max = settings.max_records  # less while records turn out to be large when written

    @property
    def dropped_fields(self) -> int:
        """Values that no list lets leave."""
        return self._release.dropped.total() if self._release is not None else 0

    def next_batch(
        self, after: int, now_ms: int, *, through: int | None = None, live: bool = True
    ) -> tuple[InFlight, int] | None:
        """(batch, bytes of its bodies), None when the journal holds nothing behind `after`. through: the last
        record that may belong to it.

        What is not sent becomes a batch without messages, which is settled at once, for it must not hold up
        those behind it: records that are damaged and set aside, records that a filter leaves out, and a
        record that cannot be written by the contract, which becomes a dead letter. Raises LookupError for
        any other gap.
        """
        limit = self._records_max if through is None else min(self._records_max, through - after)
        bytes_max = min(self._settings.max_bytes, BODIES_BYTES_MAX)
        records = RecordTable.of(self._journal.read_after(after, limit, bytes_max))
        if not records or records.sequences[0] != after + 1:
            return self._gap(after, bool(records), now_ms, through, live)
        try:
            return self._written(records, now_ms, live)
        except LocalProtocolError:  # the rare case, and the only one that is worth looking at each record
            return self._written_up_to_fault(records, now_ms, live)

    def before_news(self, last: int, since_ms: int, most: int) -> int:
        """The sequence behind which everything up to `last` was received at `since_ms` (UTC) or later: about
        `most` before `last` at most."""
        end = last
        while end > max(0, last - most):
            begin = max(0, end - self._settings.max_records)
            records = RecordTable.of(self._journal.read_after(begin, end - begin, BODIES_BYTES_MAX))
            if not records or records.sequences[-1] != end:
                return end
            old = np.flatnonzero(records.received_ms < since_ms)
            if len(old) or records.sequences[0] != begin + 1:
                return int(records.sequences[old[-1]]) if len(old) else int(records.sequences[0]) - 1
            end = begin
        return end

    def _gap(
        self, after: int, more: bool, now_ms: int, through: int | None, live: bool
    ) -> tuple[InFlight, int] | None:
        end = self._journal.set_aside_after(after)
        end = end if through is None else min(end, through)
        if end > after:
            return self._unsent(after + 1, end, now_ms, live), 0
        if more:
            raise LookupError(f"the journal has lost the records behind {after}")
        return None

    def _unsent(self, first: int, last: int, now_ms: int, live: bool) -> InFlight:
        name = batch_id(self._settings.gateway, first, last - first + 1)
        return InFlight(name, first, last, count=0, messages=[], digest="", now_ms=now_ms, live=live)

    def _written_up_to_fault(self, records: RecordTable, now_ms: int, live: bool) -> tuple[InFlight, int]:
        """The records before the first that breaks the contract; the first itself becomes a dead letter."""
        for at, record in enumerate(records):
            fault = fault_of([record])
            if fault and at:
                return self._written(records[:at], now_ms, live)
            if fault:
                self._journal.reject([(record.sequence, f"cannot be written: {fault}")])
                _log.error("record %d cannot be written, a dead letter now: %s", record.sequence, fault)
                return self._unsent(record.sequence, record.sequence, now_ms, live), 0
        raise ValueError(f"the journal gives no contiguous run from {records[0].sequence} on")

    def _written(self, records: RecordTable, now_ms: int, live: bool) -> tuple[InFlight, int]:
        first, last = int(records.sequences[0]), int(records.sequences[-1])
        kept = records
        if self._wanted is not None:
            kept = records.take(np.fromiter(map(self._wanted, records), bool, len(records)))
        if not kept:
            self.filtered += len(records)
            return self._unsent(first, last, now_ms, live), records.bodies.size
        batch = Batch(self._settings.gateway, kept, sparse=len(kept) < len(records))
        messages, digest = self._messages(batch)
        longest = max(len(payload) for _, payload in messages)
        if longest > PAYLOAD_BYTES_MAX and len(records) > 1:
            self._records_max = len(records) // 2
            return self._written(records[: self._records_max], now_ms, live)
        if longest < PAYLOAD_BYTES_MAX // 4:
            self._records_max = min(2 * self._records_max, self._settings.max_records)
        self.filtered += len(records) - len(kept)
        flight = InFlight(
            batch.batch_id,
            first,
            last,
            count=len(kept),
            messages=messages,
            digest=digest,
            now_ms=now_ms,
            received_ms=int(kept.received_ms[0]),
            live=live,
        )
        return flight, records.bodies.size

    def _messages(self, batch: Batch) -> tuple[list[tuple[str, bytes]], str]:
        settings = self._settings
        if settings.form == EMQX:
            prefix = settings.topic_prefix
            check_batch(batch)
            written = [
                (emqx_form.up_topic(prefix, one), emqx_form.encode(one, self._profile_of(one.phone)))
                for one in batch.records
            ]
            return written, ""
        if self._release is not None:
            payload = self._release.encode(batch, self._profile_of)
        else:
            payload = encode_batch(batch, settings.form, settings.compression, self._profile_of)
        return [(settings.topic, payload)], digest_of(payload)


def _profile_of(settings: Settings) -> ProfileOf:
    if settings.form == COLUMNAR or not settings.profiles_dir:
        return as_the_standard_says
    from ..habits import habits_of  # noqa: PLC0415 - much to load, and mostly there are no profiles

    habits = habits_of(settings.profiles_dir, dict(settings.terminal_profiles), Path(settings.registry))
    return habits.of if habits else as_the_standard_says
