"""Freight documents on the line: one upload carries a few, one receipt answers each of them by its reference.

The frame is OURS (the province's own is the business of an envelope); the result codes are those that two
public clients agree on. JSON; what guards it is put around it. Whether a document conforms is
not judged here: that is `protocols.freight.check`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Final

from ..freight.consent import Purpose
from ..freight.documents import Kind
from ..wire.errors import LocalProtocolError, RemoteProtocolError
from .fields import Fields, dump_document, parse_object
from .topics import GATEWAY_ID_PATTERN, SEQUENCE_MAX

VERSION: Final = 1
DOCUMENTS_MAX: Final = 100  # of one upload
REVISION_MAX: Final = 9999
PAYLOAD_BYTES_MAX: Final = 768 * 1024  # an envelope around it stays below the 1 MiB that brokers take
REASON_LENGTH_MAX: Final = 200
FIELD_LENGTH_MAX: Final = 200
ENTERPRISE_PATTERN: Final = r"[0-9A-Za-z_-]{1,35}"
REFERENCE_PATTERN: Final = r"[0-9A-Za-z_-]{1,35}"  # messageReferenceNumber, at most 35 characters
_MESSAGE_PATTERN: Final = rf"{GATEWAY_ID_PATTERN}/[1-9][0-9]{{0,18}}"


class ResultCode(IntEnum):
    """What becomes of a document, by the platform's result codes (monitoring.md 2.1)."""

    OK = 1001
    TOKEN_FAILED = 2001  # get a new token, once
    REPEATED = 3001  # the reference is known: it arrived before
    WRONG_KIND = 3002
    QUEUE_FAILED = 3003  # later
    ENVELOPE_UNREADABLE = 3004
    FIELD_CHECK_FAILED = 3005  # `field` names it
    KEY_UNREADABLE = 3006
    CONTENT_UNREADABLE = 3007
    CONTENT_UNPARSED = 3008
    SERVER_ERROR = 9001  # later


TAKEN: Final = frozenset({ResultCode.OK, ResultCode.REPEATED})
REFUSED: Final = frozenset(
    {ResultCode.WRONG_KIND, ResultCode.FIELD_CHECK_FAILED, ResultCode.CONTENT_UNPARSED}
)  # the same document again gets the same answer; every other code says: try again


@dataclass(frozen=True, slots=True)
class Item:
    """One document. reference: unique for each revision, and the same when it is sent again. revision: counts
    from 1; a higher one of the same waybill (or funds, vehicle, driver document) replaces the lower. purpose:
    why it is sent. document: the members of its kind. enterprise: exchange code of the company
    (enterpriseSenderCode), empty for the one whose gateway this is."""

    reference: str
    kind: Kind
    revision: int
    purpose: Purpose
    document: Mapping[str, Any]
    enterprise: str = ""


@dataclass(frozen=True, slots=True)
class Upload:
    """gateway: its id. number: of the message, unique for this gateway, from 1."""

    gateway: str
    number: int
    documents: tuple[Item, ...]

    @property
    def message(self) -> str:
        """The message's name, `{gateway}/{number}`: the receipt repeats it."""
        return f"{self.gateway}/{self.number}"


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one document. field: the path that is wrong, empty when none is. reason: for people,
    without any value of the document."""

    reference: str
    code: ResultCode
    field: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class DocumentReceipt:
    """The answer to the message of this name; a document that is not named has no answer yet."""

    message: str
    results: tuple[Result, ...]


def encode_upload(upload: Upload) -> bytes:
    """The JSON message. Raises LocalProtocolError, naming the field, for what no receiver would take."""
    payload = dump_document(
        {
            "v": VERSION,
            "gateway": upload.gateway,
            "message": upload.message,
            "documents": [
                {
                    "reference": item.reference,
                    "kind": item.kind.value,
                    "revision": item.revision,
                    "purpose": item.purpose.value,
                    "document": item.document,
                }
                | ({"enterprise": item.enterprise} if item.enterprise else {})
                for item in upload.documents
            ],
        }
    )
    try:
        decode_upload(payload)
    except RemoteProtocolError as error:
        raise LocalProtocolError(error.reason, field=error.field) from None
    return payload


def decode_upload(payload: bytes) -> Upload:
    """The inverse. Raises RemoteProtocolError, naming the field."""
    if len(payload) > PAYLOAD_BYTES_MAX:
        raise RemoteProtocolError(
            f"{len(payload)} bytes, at most {PAYLOAD_BYTES_MAX} are taken", field="document"
        )
    fields = _versioned(payload)
    gateway = fields.text("gateway", GATEWAY_ID_PATTERN)
    message = fields.text("message", _MESSAGE_PATTERN)
    items = tuple(_item(each) for each in fields.objects("documents", DOCUMENTS_MAX))
    if not items:
        raise fields.fault("documents", "none")
    if len({item.reference for item in items}) < len(items):
        raise fields.fault("documents", "a reference comes twice")
    named, _, number = message.rpartition("/")
    if named != gateway or int(number) > SEQUENCE_MAX:
        raise fields.fault("message", f"no message of {gateway}")
    return Upload(gateway, int(number), items)


def encode_document_receipt(receipt: DocumentReceipt) -> bytes:
    """The JSON message. Raises LocalProtocolError, naming the field."""
    payload = dump_document(
        {
            "v": VERSION,
            "message": receipt.message,
            "results": [
                {
                    "reference": result.reference,
                    "code": int(result.code),
                    "field": result.field[:FIELD_LENGTH_MAX],
                    "reason": result.reason[:REASON_LENGTH_MAX],
                }
                for result in receipt.results
            ],
        }
    )
    try:
        decode_document_receipt(payload)
    except RemoteProtocolError as error:
        raise LocalProtocolError(error.reason, field=error.field) from None
    return payload


def decode_document_receipt(payload: bytes) -> DocumentReceipt:
    """The inverse. Raises RemoteProtocolError, naming the field."""
    fields = _versioned(payload)
    message = fields.text("message", _MESSAGE_PATTERN)
    return DocumentReceipt(message, tuple(_result(each) for each in fields.objects("results", DOCUMENTS_MAX)))


def _versioned(payload: bytes) -> Fields:
    fields = parse_object(payload)
    fields.integer("v", VERSION, VERSION)
    return fields


def _item(fields: Fields) -> Item:
    kind = fields.text("kind", "|".join(Kind))
    purpose = fields.text("purpose", "|".join(Purpose))
    return Item(
        fields.text("reference", REFERENCE_PATTERN),
        Kind(kind),
        fields.integer("revision", 1, REVISION_MAX),
        Purpose(purpose),
        fields.mapping("document"),
        fields.text("enterprise", ENTERPRISE_PATTERN) if fields.has("enterprise") else "",
    )


def _result(fields: Fields) -> Result:
    number = fields.integer("code", 1, 99999)
    try:
        code = ResultCode(number)
    except ValueError:
        raise fields.fault("code", f"{number} is no result code") from None
    return Result(
        fields.text("reference", REFERENCE_PATTERN),
        code,
        fields.text("field", rf"(?s).{{0,{FIELD_LENGTH_MAX}}}"),
        fields.text("reason", rf"(?s).{{0,{REASON_LENGTH_MAX}}}"),
    )
