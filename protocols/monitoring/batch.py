"""A batch: a run of one gateway's journal, and the rules both of its written forms obey.

The model only; `json_form` and `columnar` write it, `forms` chooses between them.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from ..wire.errors import LocalProtocolError
from ..wire.header import EDITION_2011, EDITION_2013, EDITION_2019, PHONE_BYTES_2019
from .byte_rows import Column
from .records import KIND_MESSAGE_IDS, KIND_NAMES, MESSAGE, Record
from .table import MESSAGE_IDS_OF_KINDS, RecordTable, Sender
from .topics import SEQUENCE_MAX, batch_id, is_gateway_id

SCHEMA: Final = "dianyun.position-batch/1"

COUNT_MAX: Final = 10_000
BODY_BYTES_MIN: Final = 28  # the basic block of a position report
BODY_BYTES_MAX: Final = 65_535  # the item length field of 0x0704 is a word
MESSAGE_BYTES_MAX: Final = (
    256 * 1024
)  # two days of a recorder's seconds fit in it, and its digits in a message
RECEIVED_MS_MAX: Final = 253_402_300_799_999  # the last millisecond of the year 9999
EDITIONS: Final = (EDITION_2011, EDITION_2013, EDITION_2019)

# 6 or 10 BCD bytes as hexadecimal digits. Letters are let through: some terminals put an id there that is
# no BCD, and such a report must reach the authority unchanged too.
_PHONE: Final = re.compile(r"[0-9a-f]{12}|[0-9a-f]{20}")
_OTHER_THAN_DIGIT: Final = re.compile(r"[^0-9a-f]")
_DIGITS: Final = {12, 20}
_DIGITS_2019: Final = 2 * PHONE_BYTES_2019  # only this header has a version byte


@dataclass(frozen=True, slots=True)
class Batch:
    """`records` of `gateway`, sequences ascending, 1 to COUNT_MAX of them.

    sparse: records between them were left out by a filter; otherwise sequences are contiguous, and a gap is
    an error.
    """

    gateway: str
    records: Sequence[Record]
    sparse: bool = False

    @property
    def first_sequence(self) -> int:
        """The journal sequence of the first record."""
        return self.records[0].sequence

    @property
    def count(self) -> int:
        """How many records."""
        return len(self.records)

    @property
    def batch_id(self) -> str:
        """`{gateway}/{first_sequence}/{count}`."""
        return batch_id(self.gateway, self.first_sequence, self.count)


def check_batch(batch: Batch) -> None:
    """Raises LocalProtocolError, naming the field, when the batch breaks a rule of the contract."""
    checked(batch)


def checked(batch: Batch) -> RecordTable:
    """The records of a batch that keeps the rules of the contract, compact. Raises LocalProtocolError."""
    if not is_gateway_id(batch.gateway):
        raise LocalProtocolError(f"{batch.gateway[:80]!r} is no gateway id", field="gateway")
    if not 1 <= batch.count <= COUNT_MAX:
        raise LocalProtocolError(f"{batch.count} records, 1…{COUNT_MAX} wanted", field="count")
    table = RecordTable.of(batch.records).compact()
    fault = fault_of(table, batch.sparse)
    if fault:
        raise LocalProtocolError(fault[1], field=fault[0])
    return table


def fault_of(records: Sequence[Record], sparse: bool = False) -> tuple[str, str] | None:
    """(field, reason) of the first rule that one or more records break, None when they keep them all."""
    try:
        table = RecordTable.of(records).compact()
    except LocalProtocolError as error:  # a number beyond 64 bits
        return error.field or "records", error.reason
    return (
        _outside("sequence", table.sequences, 1, SEQUENCE_MAX)
        or _gap(table.sequences, sparse)
        or _outside("received_ms", table.received_ms, 0, RECEIVED_MS_MAX)
        or _fault_of_senders(table.senders)
        or _outside("serial", table.serials, 0, 0xFFFF)
        or _outside("kind", table.kinds, 0, len(KIND_NAMES) - 1)
        or _wrong_carrier(table)
        or _wrong_size(table)
    )


def _fault_of_senders(senders: Sequence[Sender]) -> tuple[str, str] | None:
    phones, editions, versions = zip(*senders, strict=True)
    return (
        _fault_of_phones(phones)
        or _first("edition", set(editions).difference(EDITIONS))
        or _outside("version", np.array(versions), 0, 0xFF)
        or _first(
            "version", [version for phone, _, version in senders if version and len(phone) != _DIGITS_2019]
        )
    )


def _fault_of_phones(phones: Sequence[str]) -> tuple[str, str] | None:
    # One search over all of them costs a tenth of one for each.
    if set(map(len, phones)) <= _DIGITS and _OTHER_THAN_DIGIT.search("".join(phones)) is None:
        return None
    return _first("phone", [phone for phone in phones if _PHONE.fullmatch(phone) is None])


def _wrong_carrier(table: RecordTable) -> tuple[str, str] | None:
    ids, is_message = table.message_ids, table.kinds == MESSAGE
    wrong = ids != MESSAGE_IDS_OF_KINDS[table.kinds]
    if is_message.any():
        wrong = np.where(is_message, (ids < 0) | (ids > 0xFFFF) | np.isin(ids, KIND_MESSAGE_IDS), wrong)
    return _first("message_id", ids[wrong][:1].tolist())


def _wrong_size(table: RecordTable) -> tuple[str, str] | None:
    is_message, sizes = table.kinds == MESSAGE, table.bodies.lengths
    return _outside("body", sizes[~is_message], BODY_BYTES_MIN, BODY_BYTES_MAX) or _outside(
        "body", sizes[is_message], 0, MESSAGE_BYTES_MAX
    )


def _outside(field: str, values: Column, low: int, high: int) -> tuple[str, str] | None:
    for value in (int(values.min()), int(values.max())) if len(values) else ():
        if not low <= value <= high:
            return field, f"{value} is outside {low}…{high}"
    return None


def _gap(sequences: Column, sparse: bool) -> tuple[str, str] | None:
    first, last = int(sequences[0]), int(sequences[-1])
    if not (sequences[1:] > sequences[:-1]).all():
        return "sequence", f"{first}…{last} do not ascend"
    if not sparse and last - first != len(sequences) - 1:
        return "sequence", f"{first}…{last} is no contiguous run of {len(sequences)}"
    return None


def _first(field: str, wrong: Iterable[object]) -> tuple[str, str] | None:
    for value in wrong:
        return field, f"{str(value)[:60]} is not allowed"
    return None
