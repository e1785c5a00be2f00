"""The receipt: what the monitoring system says about one batch after it stored what it accepts.

Only a receipt frees records from the gateway's journal. It carries the SHA-256 of the message it answers,
so an old receipt can never free a batch of the same name with other contents (a journal that was set up
anew counts from 1 again).
"""

from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final

from ..wire.errors import LocalProtocolError, RemoteProtocolError
from .batch import COUNT_MAX
from .fields import dump_document, parse_document
from .records import RECORD_ID_BYTES
from .topics import GATEWAY_ID_PATTERN, parse_batch_id

SCHEMA: Final = "dianyun.receipt/1"
REASON_LENGTH_MAX: Final = 200


@dataclass(frozen=True, slots=True)
class Rejection:
    """One record that is not wanted: its id (16 bytes) and why, at most 200 characters."""

    record_id: bytes
    reason: str


@dataclass(frozen=True, slots=True)
class Receipt:
    """The answer to `batch`, which `gateway` sent as a message with the SHA-256 `payload_sha256` (hex).

    accepted: stored now. duplicate: stored before. rejected: never to be sent again. The three account for
    every record, or `error` says why the batch as a whole could not be taken: then nothing was stored.
    """

    gateway: str
    batch: str
    payload_sha256: str
    accepted: int
    duplicate: int
    rejected: tuple[Rejection, ...] = ()
    error: str = ""


def digest_of(payload: bytes) -> str:
    """The `payload_sha256` of a batch message."""
    return sha256(payload).hexdigest()


def encode_receipt(receipt: Receipt) -> bytes:
    """The JSON message. Raises LocalProtocolError when the counts do not account for the batch."""
    fault = _fault_of(receipt)
    if fault:
        raise LocalProtocolError(fault, field="batch")
    document: dict[str, Any] = {
        "schema": SCHEMA,
        "gateway": receipt.gateway,
        "batch": receipt.batch,
        "payload_sha256": receipt.payload_sha256,
        "accepted": receipt.accepted,
        "duplicate": receipt.duplicate,
        "rejected": [
            {"record_id": rejection.record_id.hex(), "reason": rejection.reason[:REASON_LENGTH_MAX]}
            for rejection in receipt.rejected
        ],
    }
    if receipt.error:
        document["error"] = receipt.error[:REASON_LENGTH_MAX]
    return dump_document(document)


def decode_receipt(payload: bytes) -> Receipt:
    """The inverse. Raises RemoteProtocolError, naming the field."""
    fields = parse_document(payload, SCHEMA)
    rejected = [
        Rejection(item.data("record_id", RECORD_ID_BYTES), item.text("reason"))
        for item in fields.objects("rejected", COUNT_MAX)
    ]
    receipt = Receipt(
        fields.text("gateway", GATEWAY_ID_PATTERN),
        fields.text("batch"),
        fields.text("payload_sha256", "[0-9a-f]{64}"),
        fields.integer("accepted", 0, COUNT_MAX),
        fields.integer("duplicate", 0, COUNT_MAX),
        tuple(rejected),
        fields.text("error") if fields.has("error") else "",
    )
    fault = _fault_of(receipt)
    if fault:
        raise RemoteProtocolError(fault, field="batch")
    return receipt


def _fault_of(receipt: Receipt) -> str:
    try:
        gateway, _, count = parse_batch_id(receipt.batch)
    except RemoteProtocolError as error:
        return error.reason
    if gateway != receipt.gateway:
        return f"a batch of {gateway!r} in a receipt for {receipt.gateway!r}"
    if any(len(rejection.record_id) != RECORD_ID_BYTES for rejection in receipt.rejected):
        return "a record id that is not 16 bytes"
    answered = receipt.accepted + receipt.duplicate + len(receipt.rejected)
    if answered != (0 if receipt.error else count):
        return f"{answered} of {count} records answered"
    return ""
