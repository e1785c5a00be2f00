"""The form of a batch for people and for systems that want no decoder of ours: one JSON document.

The bytes of every report are in it, so it is as lossless as the columnar form; what stands in `position`,
`report` and `reported_at` is a reading of them, for convenience, and is not looked at when a document is
read. It is twenty to fifty times the bytes and the work of the columnar form.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from ..jt808 import fast, walk
from ..jt808.plan import plan_of
from ..jt808.present import present_fields
from ..wire.errors import ProtocolError, RemoteProtocolError
from ..wire.tables import MSG_POSITION_REPORT
from .batch import (
    BODY_BYTES_MAX,
    COUNT_MAX,
    EDITIONS,
    MESSAGE_BYTES_MAX,
    RECEIVED_MS_MAX,
    SCHEMA,
    Batch,
    check_batch,
    fault_of,
)
from .fields import Fields, dump_document, parse_document
from .reading import ms_of_text, read_position, text_of_ms
from .records import KIND_MESSAGE_IDS, KIND_NAMES, MESSAGE, RECORD_ID_BYTES, Record, id_of
from .topics import GATEWAY_ID_PATTERN, SEQUENCE_MAX

if TYPE_CHECKING:
    from ..jt808.quirks import Profile

# Of a phone as it stands in a record: what its terminal does otherwise than the standard says.
ProfileOf = Callable[[str], "Profile | None"]
_MICRO: Final = 1_000_000
_BEIJING: Final = timedelta(hours=8)
READ_BYTES_MAX: Final = 16 * 1024  # what is read out of a longer message would not fit into one of the broker


def as_the_standard_says(phone: str) -> Profile | None:
    """The profile of every terminal where none are known."""
    del phone
    return None


def encode(batch: Batch, profile_of: ProfileOf = as_the_standard_says) -> bytes:
    """The document as UTF-8. Raises LocalProtocolError when the batch breaks the contract."""
    check_batch(batch)
    return dump_document(document_of(batch, profile_of))


def document_of(batch: Batch, profile_of: ProfileOf = as_the_standard_says) -> dict[str, Any]:
    """The document as Python objects, ready for `json.dumps`; each body is read by its terminal's profile."""
    filtered = {"filtered": True} if batch.sparse else {}
    return {
        "schema": SCHEMA,
        "gateway": batch.gateway,
        "batch": batch.batch_id,
        "first_sequence": batch.first_sequence,
        "count": batch.count,
        **filtered,
        "records": [_document_of_record(record, profile_of(record.phone)) for record in batch.records],
    }


def decode(payload: bytes) -> Batch:
    """The batch of a document. Raises RemoteProtocolError, naming the path of the field."""
    fields = parse_document(payload, SCHEMA)
    first = fields.integer("first_sequence", 1, SEQUENCE_MAX - COUNT_MAX)
    sparse = fields.has("filtered") and fields.flag("filtered")
    records = [
        _record_of(item, 1 if sparse else sequence, SEQUENCE_MAX if sparse else sequence)
        for sequence, item in enumerate(fields.objects("records", COUNT_MAX), first)
    ]
    if fields.integer("count", 1, COUNT_MAX) != len(records):
        raise fields.fault("count", f"{len(records)} records are there")
    if records[0].sequence != first:
        raise fields.fault("first_sequence", f"{records[0].sequence} is the first that is there")
    batch = Batch(fields.text("gateway", GATEWAY_ID_PATTERN), records, sparse)
    if fields.text("batch") != batch.batch_id:
        raise fields.fault("batch", f"{batch.batch_id!r} wanted")
    fault = fault_of(records, sparse)
    if fault:
        raise RemoteProtocolError(fault[1], field=f"records.{fault[0]}")
    return batch


def name_of(payload: bytes) -> str:
    """The batch id that a document claims, even when the rest is wrong. Raises RemoteProtocolError."""
    return parse_document(payload, SCHEMA).text("batch")


def _document_of_record(record: Record, profile: Profile | None) -> dict[str, Any]:
    said = _message_read(record, profile) if record.kind == MESSAGE else _position_read(record, profile)
    return {
        "sequence": record.sequence,
        "record_id": id_of(record).hex(),
        "kind": KIND_NAMES[record.kind],
        "received_at": text_of_ms(record.received_ms),
        "phone": record.phone,
        "edition": record.edition,
        "version": record.version,
        "message_id": f"0x{record.message_id:04X}",
        "serial": record.serial,
        **said,
        "body": record.body.hex(),
    }


def _position_read(record: Record, profile: Profile | None) -> dict[str, Any]:
    reading = read_position(record.body)
    reported_ms = reading.reported_ms
    if reported_ms is not None and profile:  # it was read as Beijing time
        reported_ms += round((_BEIJING - profile.zone.utcoffset(None)) / timedelta(milliseconds=1))
    return {
        "reported_at": None if reported_ms is None else text_of_ms(reported_ms),
        "position": {
            "fixed": reading.fixed,
            "latitude": reading.latitude_udeg / _MICRO,
            "longitude": reading.longitude_udeg / _MICRO,
            "altitude_m": reading.altitude_m,
            "speed_kmh": reading.speed_dkmh / 10,
            "direction_deg": reading.direction_deg,
            "alarm": reading.alarm,
            "status": reading.status,
        },
        "report": _report_read(record, MSG_POSITION_REPORT, profile),
    }


def _message_read(record: Record, profile: Profile | None) -> dict[str, Any]:
    report = _report_read(record, record.message_id, profile)
    return {"reported_at": None, "position": None, "report": report}


def _report_read(record: Record, message_id: int, profile: Profile | None) -> dict[str, Any] | None:
    if len(record.body) > READ_BYTES_MAX:
        return None
    return read_fields(message_id, record.edition, record.body, profile)


def read_fields(
    message_id: int, edition: int, body: bytes, profile: Profile | None = None
) -> dict[str, Any] | None:
    """The named fields of a body as `jt808 decode` shows them; None for a message that is not declared in
    this edition or does not fit its declaration."""
    if not fast.knows(message_id, edition):
        return None
    try:
        if profile:
            plan, values = profile.plan(message_id, edition), dict[str, Any]()
            walk.decode_into(values, message_id, edition, body, plan)
            return present_fields(plan, values)
        return present_fields(plan_of(message_id, edition), fast.decode_body(message_id, edition, body))
    except ProtocolError:
        return None


def _record_of(fields: Fields, low: int, high: int) -> Record:
    """One record, whose sequence must be in low…high."""
    kind = KIND_NAMES.index(fields.text("kind", "|".join(KIND_NAMES)))
    bytes_max = MESSAGE_BYTES_MAX if kind == MESSAGE else BODY_BYTES_MAX
    record = Record(
        fields.integer("sequence", low, high),
        _received_ms(fields),
        fields.text("phone"),
        fields.integer("edition", min(EDITIONS), max(EDITIONS)),
        fields.integer("version", 0, 0xFF),
        _message_id(fields, kind),
        fields.integer("serial", 0, 0xFFFF),
        kind,
        fields.data("body", bytes_max),
    )
    if fields.data("record_id", RECORD_ID_BYTES) != id_of(record):
        raise fields.fault("record_id", "not the id of what stands here")
    return record


def _message_id(fields: Fields, kind: int) -> int:
    message_id = int(fields.text("message_id", "0x[0-9A-F]{4}"), 16)
    if kind != MESSAGE and message_id != KIND_MESSAGE_IDS[kind]:
        raise fields.fault("message_id", f"0x{KIND_MESSAGE_IDS[kind]:04X} carries this kind")
    return message_id


def _received_ms(fields: Fields) -> int:
    try:
        received_ms = ms_of_text(fields.text("received_at"))
    except ValueError as error:
        raise fields.fault("received_at", str(error)[:100]) from None
    if not 0 <= received_ms <= RECEIVED_MS_MAX:
        raise fields.fault("received_at", "outside 1970…9999")
    return received_ms
