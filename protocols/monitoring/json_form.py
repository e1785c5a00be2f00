"""The form of a batch for people and for systems that want no decoder of ours: one JSON document.

The bytes of every report are in it, so it is as lossless as the columnar form; what stands in `position`,
`report` and `reported_at` is a reading of them, for convenience, and is not looked at when a document is
read. It is twenty to fifty times the bytes and the work of the columnar form.
"""

from typing import Any, Final

from ..jt808 import fast
from ..jt808.plan import plan_of
from ..jt808.present import present_fields
from ..wire.errors import RemoteProtocolError
from ..wire.tables import MSG_POSITION_REPORT
from .batch import BODY_BYTES_MAX, COUNT_MAX, EDITIONS, RECEIVED_MS_MAX, SCHEMA, Batch, check_batch, fault_of
from .fields import Fields, dump_document, parse_document
from .reading import ms_of_text, read_position, text_of_ms
from .records import KIND_MESSAGE_IDS, KIND_NAMES, RECORD_ID_BYTES, Record, record_id
from .topics import GATEWAY_ID_PATTERN, SEQUENCE_MAX

_MICRO: Final = 1_000_000


def encode(batch: Batch) -> bytes:
    """The document as UTF-8. Raises LocalProtocolError when the batch breaks the contract."""
    check_batch(batch)
    return dump_document(document_of(batch))


def document_of(batch: Batch) -> dict[str, Any]:
    """The document as Python objects, ready for `json.dumps`."""
    return {
        "schema": SCHEMA,
        "gateway": batch.gateway,
        "batch": batch.batch_id,
        "first_sequence": batch.first_sequence,
        "count": batch.count,
        "records": [_document_of_record(record) for record in batch.records],
    }


def decode(payload: bytes) -> Batch:
    """The batch of a document. Raises RemoteProtocolError, naming the path of the field."""
    fields = parse_document(payload, SCHEMA)
    first = fields.integer("first_sequence", 1, SEQUENCE_MAX - COUNT_MAX)
    records = [
        _record_of(item, sequence)
        for sequence, item in enumerate(fields.objects("records", COUNT_MAX), first)
    ]
    if fields.integer("count", 1, COUNT_MAX) != len(records):
        raise fields.fault("count", f"{len(records)} records are there")
    batch = Batch(fields.text("gateway", GATEWAY_ID_PATTERN), records)
    if fields.text("batch") != batch.batch_id:
        raise fields.fault("batch", f"{batch.batch_id!r} wanted")
    fault = fault_of(records)
    if fault:
        raise RemoteProtocolError(fault[1], field=f"records.{fault[0]}")
    return batch


def name_of(payload: bytes) -> str:
    """The batch id that a document claims, even when the rest is wrong. Raises RemoteProtocolError."""
    return parse_document(payload, SCHEMA).text("batch")


def _document_of_record(record: Record) -> dict[str, Any]:
    reading = read_position(record.body)
    return {
        "sequence": record.sequence,
        "record_id": record_id(record.phone, record.body).hex(),
        "kind": KIND_NAMES[record.kind],
        "received_at": text_of_ms(record.received_ms),
        "reported_at": None if reading.reported_ms is None else text_of_ms(reading.reported_ms),
        "phone": record.phone,
        "edition": record.edition,
        "version": record.version,
        "message_id": f"0x{record.message_id:04X}",
        "serial": record.serial,
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
        "report": present_fields(plan_of(MSG_POSITION_REPORT, record.edition), _values_of(record)),
        "body": record.body.hex(),
    }


def _values_of(record: Record) -> dict[str, Any]:
    return fast.decode_body(MSG_POSITION_REPORT, record.edition, record.body)


def _record_of(fields: Fields, sequence: int) -> Record:
    kind = KIND_NAMES.index(fields.text("kind", "|".join(KIND_NAMES)))
    record = Record(
        fields.integer("sequence", sequence, sequence),
        _received_ms(fields),
        fields.text("phone"),
        fields.integer("edition", min(EDITIONS), max(EDITIONS)),
        fields.integer("version", 0, 0xFF),
        KIND_MESSAGE_IDS[kind],
        fields.integer("serial", 0, 0xFFFF),
        kind,
        fields.data("body", BODY_BYTES_MAX),
    )
    if fields.text("message_id") != f"0x{record.message_id:04X}":
        raise fields.fault("message_id", f"0x{record.message_id:04X} carries this kind")
    if fields.data("record_id", RECORD_ID_BYTES) != record_id(record.phone, record.body):
        raise fields.fault("record_id", "not the id of this phone and body")
    return record


def _received_ms(fields: Fields) -> int:
    try:
        received_ms = ms_of_text(fields.text("received_at"))
    except ValueError as error:
        raise fields.fault("received_at", str(error)[:100]) from None
    if not 0 <= received_ms <= RECEIVED_MS_MAX:
        raise fields.fault("received_at", "outside 1970…9999")
    return received_ms
