"""Judges what claims to confirm a batch: receipts and PUBACKs. A wrong one is counted and harmless."""

import logging
from collections import Counter
from collections.abc import Callable
from typing import Final

from protocols.monitoring.forms import decode_batch
from protocols.monitoring.receipt import Receipt, decode_receipt
from protocols.monitoring.records import id_of
from protocols.monitoring.topics import parse_batch_id
from protocols.wire.errors import RemoteProtocolError

from .ports import JournalPort
from .window import InFlight, Window

_log: Final = logging.getLogger(__name__)


class Confirmations:
    """Settles batches of the window. Counts under `receipts…` in `counts`, rejected records go to the
    journal's dead letters before their batch is settled. on_settled: told of each batch."""

    def __init__(self, gateway: str, window: Window, journal: JournalPort, counts: Counter[str]) -> None:
        self._gateway = gateway
        self._window = window
        self._journal = journal
        self._counts = counts
        self.on_settled: Callable[[InFlight], None] = lambda batch: None

    def take_receipt(self, payload: bytes) -> None:
        """One message of the receipts topic."""
        self._counts["receipts"] += 1
        try:
            self._judge(decode_receipt(payload))
        except RemoteProtocolError as error:
            self._counts["receipts_malformed"] += 1
            _log.warning("a receipt that cannot be read: %s", error)

    def take_puback(self, batch: InFlight) -> None:
        """The broker has it and nobody will say more (`confirm = "puback"`)."""
        self._settle(batch)

    def _judge(self, receipt: Receipt) -> None:
        batch = self._window.find(receipt.batch) if receipt.gateway == self._gateway else None
        if batch is None:
            self._counts[self._kind_of_stranger(receipt)] += 1
        elif receipt.payload_sha256 != batch.digest:
            # The same numbers, other contents: from a journal that is no more, or from another version.
            self._counts["receipts_mismatched"] += 1
        elif receipt.error:
            self._counts["receipts_refusing"] += 1
            _log.error("batch %s is refused as a whole, kept and sent again: %s", batch.name, receipt.error)
        else:
            self._bury_rejected(batch, receipt)
            self._settle(batch)

    def _kind_of_stranger(self, receipt: Receipt) -> str:
        gateway, first, count = parse_batch_id(receipt.batch)
        known = gateway == self._gateway and self._window.is_confirmed(first, first + count - 1)
        return "receipts_duplicate" if known else "receipts_unknown"

    def _bury_rejected(self, batch: InFlight, receipt: Receipt) -> None:
        """Raises RemoteProtocolError when the receipt rejects a record that the batch does not hold."""
        if not receipt.rejected:
            return
        reasons = {rejection.record_id: rejection.reason for rejection in receipt.rejected}
        entries = [
            (record.sequence, reasons[name])
            for record in decode_batch(batch.payload).records
            if (name := id_of(record)) in reasons
        ]
        if len(entries) < len(reasons):
            raise RemoteProtocolError("rejects records that are not in the batch", field="rejected")
        self._journal.reject(entries)
        self._counts["rejected_records"] += len(entries)
        _log.warning(
            "%d records of batch %s are rejected, the first: %s", len(entries), batch.name, entries[0]
        )

    def _settle(self, batch: InFlight) -> None:
        self._window.settle(batch)
        self._counts["confirmed_batches"] += 1
        self._counts["confirmed_records"] += batch.count
        self.on_settled(batch)
