"""Makes messages of what the journal holds: reads a run, writes it in the form that is configured."""

import logging
from typing import Final

from protocols.monitoring.batch import Batch, fault_of
from protocols.monitoring.columnar import CONTENT_BYTES_MAX
from protocols.monitoring.forms import encode_batch
from protocols.monitoring.receipt import digest_of
from protocols.monitoring.records import Record
from protocols.monitoring.topics import batch_id

from .ports import BatchSettings, JournalPort
from .window import InFlight

# NATS closes the connection at 1 MiB; other brokers allow more.
PAYLOAD_BYTES_MAX: Final = 900_000
# Bodies that compress well must still fit what a receiver may be asked to expand.
BODIES_BYTES_MAX: Final = CONTENT_BYTES_MAX // 2
_log: Final = logging.getLogger(__name__)


class BatchSource:
    """`next_batch(after)` reads the journal from `after` on. Bounded by max_records and max_bytes."""

    def __init__(self, gateway: str, settings: BatchSettings, journal: JournalPort) -> None:
        self._gateway = gateway
        self._settings = settings
        self._journal = journal
        self._records_max = settings.max_records  # less while records turn out to be large when written

    def next_batch(self, after: int, now_ms: int) -> tuple[InFlight, int] | None:
        """(batch, bytes of its bodies), None when the journal holds nothing behind `after`.

        What cannot be sent becomes a batch of its own with an empty payload, which is settled without being
        sent, for it must not hold up those behind it: records that are damaged and set aside, and a record
        that cannot be written by the contract, which becomes a dead letter. Raises LookupError for any other
        gap.
        """
        max_bytes = min(self._settings.max_bytes, BODIES_BYTES_MAX)
        records = self._journal.read_after(after, self._records_max, max_bytes)
        if not records or records[0].sequence != after + 1:
            return self._gap(after, bool(records), now_ms)
        fault = fault_of(records)
        if fault:
            records = self._before_fault(records)
        if not records:
            self._journal.reject([(after + 1, f"cannot be written: {fault}")])
            _log.error("record %d cannot be written and is a dead letter now: %s", after + 1, fault)
            return self._unsendable(after + 1, after + 1, now_ms)
        return self._written(records, now_ms)

    def _gap(self, after: int, more: bool, now_ms: int) -> tuple[InFlight, int] | None:
        end = self._journal.set_aside_after(after)
        if end > after:
            return self._unsendable(after + 1, end, now_ms)
        if more:
            raise LookupError(f"the journal has lost the records behind {after}")
        return None

    def _unsendable(self, first: int, last: int, now_ms: int) -> tuple[InFlight, int]:
        name = batch_id(self._gateway, first, last - first + 1)
        return InFlight(name, first, last, payload=b"", digest="", now_ms=now_ms), 0

    def _before_fault(self, records: list[Record]) -> list[Record]:
        for at, record in enumerate(records):
            if fault_of([record]):
                return records[:at]
        raise ValueError(f"the journal gives no contiguous run from {records[0].sequence} on")

    def _written(self, records: list[Record], now_ms: int) -> tuple[InFlight, int]:
        batch = Batch(self._gateway, records)
        payload = encode_batch(batch, self._settings.form, self._settings.compression)
        if len(payload) > PAYLOAD_BYTES_MAX and len(records) > 1:
            self._records_max = len(records) // 2
            return self._written(records[: self._records_max], now_ms)
        if len(payload) < PAYLOAD_BYTES_MAX // 4:
            self._records_max = min(2 * self._records_max, self._settings.max_records)
        last = records[-1].sequence
        flight = InFlight(
            batch.batch_id,
            records[0].sequence,
            last,
            payload=payload,
            digest=digest_of(payload),
            now_ms=now_ms,
        )
        return flight, sum(len(record.body) for record in records)
