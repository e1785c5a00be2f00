"""One record as a message in the manner of EMQX's JT/T 808 gateway, for those who move over from it.

Sure are the topic `jt808/{clientid}/{phone}/up` and that a message of an unknown id carries its body as
base64. unverified: the client id is the phone; the phone keeps its zeros; JSON of `header` and `body`; the
names of their members for positions, which are wire values (micro-degrees, tenths of km/h). Other messages
have the names of our declarations, which EMQX does not share.

The member `dianyun` is ours: with it a message is as lossless as our own forms, and a receiver that looks at
`record_id` stores once what MQTT may deliver twice.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any, Final

from ..wire.bcd import bcd_to_digits, is_bcd
from ..wire.errors import RemoteProtocolError
from ..wire.tables import POSITION_BYTES, POSITION_FIELDS
from .batch import EDITIONS, MESSAGE_BYTES_MAX, RECEIVED_MS_MAX, fault_of
from .fields import dump_document, parse_object
from .json_form import READ_BYTES_MAX, read_fields
from .records import BACKFILL, KIND_NAMES, MESSAGE, RECORD_ID_BYTES, REPLY, Record, id_of
from .topics import SEQUENCE_MAX

if TYPE_CHECKING:
    from ..jt808.quirks import Profile

PREFIX: Final = "jt808"
_NAMES: Final = {
    "latitude_udeg": "latitude",
    "longitude_udeg": "longitude",
    "altitude_m": "altitude",
    "speed_dkmh": "speed",
    "direction_deg": "direction",
    "time_bcd": "time",
}


def up_topic(prefix: str, record: Record) -> str:
    """Where the message of a record goes."""
    return f"{prefix}/{record.phone}/{record.phone}/up"


def encode(record: Record, profile: Profile | None = None) -> bytes:
    """The JSON message of one record, which must keep the rules of the contract (`batch.fault_of`); profile:
    by which its terminal's messages are read."""
    return dump_document(
        {
            "header": {
                "msg_id": record.message_id,
                "encrypt": 0,
                "len": len(record.body),
                "phone": record.phone,
                "msg_sn": record.serial,
            },
            "body": _body_of(record, profile),
            "dianyun": {
                "sequence": record.sequence,
                "record_id": id_of(record).hex(),
                "received_ms": record.received_ms,
                "kind": KIND_NAMES[record.kind],
                "edition": record.edition,
                "version": record.version,
                "raw": record.body.hex(),
            },
        }
    )


def decode(payload: bytes) -> Record:
    """The record of a message of ours. Raises RemoteProtocolError, naming the field."""
    fields = parse_object(payload)
    header, ours = fields.object("header"), fields.object("dianyun")
    record = Record(
        ours.integer("sequence", 1, SEQUENCE_MAX),
        ours.integer("received_ms", 0, RECEIVED_MS_MAX),
        header.text("phone"),
        ours.integer("edition", min(EDITIONS), max(EDITIONS)),
        ours.integer("version", 0, 0xFF),
        header.integer("msg_id", 0, 0xFFFF),
        header.integer("msg_sn", 0, 0xFFFF),
        KIND_NAMES.index(ours.text("kind", "|".join(KIND_NAMES))),
        ours.data("raw", MESSAGE_BYTES_MAX),
    )
    fault = fault_of([record])
    if fault:
        raise RemoteProtocolError(fault[1], field=fault[0])
    if ours.data("record_id", RECORD_ID_BYTES) != id_of(record):
        raise ours.fault("record_id", "not the id of what stands here")
    return record


def _body_of(record: Record, profile: Profile | None) -> Any:
    if record.kind == MESSAGE:
        read = None
        if len(record.body) <= READ_BYTES_MAX:
            read = read_fields(record.message_id, record.edition, record.body, profile)
        return base64.b64encode(record.body).decode("ascii") if read is None else read
    place = _location(record.body)
    if record.kind == REPLY:
        return {"location": place}
    if record.message_id == 0x0200:
        return place
    return {"type": int(record.kind == BACKFILL), "length": 1, "location": [place]}


def _location(body: bytes) -> dict[str, Any]:
    place: dict[str, Any] = {}
    for name, at, width in POSITION_FIELDS:
        raw = body[at : at + width]
        place[_NAMES.get(name, name)] = _time(raw) if name == "time_bcd" else int.from_bytes(raw, "big")
    place["extra"] = base64.b64encode(body[POSITION_BYTES:]).decode("ascii")
    return place


def _time(raw: bytes) -> str:
    return bcd_to_digits(raw) if is_bcd(raw) else raw.hex()
