"""The one door to the two written forms of a batch: tells them apart by their first byte."""

from typing import Final

from ..wire.errors import LocalProtocolError
from . import columnar, json_form
from .batch import Batch
from .json_form import ProfileOf, as_the_standard_says

COLUMNAR: Final = "columnar"
JSON: Final = "json"
CONTENT_TYPES: Final = {COLUMNAR: "application/vnd.dianyun.positions", JSON: "application/json"}


def encode_batch(
    batch: Batch,
    form: str = COLUMNAR,
    compression: str = "zstd",
    profile_of: ProfileOf = as_the_standard_says,
) -> bytes:
    """The message of a batch. form: "columnar" or "json" (which is never compressed). profile_of: by which
    JSON reads bodies; the columnar form does not read them.

    Raises LocalProtocolError when the batch breaks the contract or the form is unknown.
    """
    if form == COLUMNAR:
        return columnar.encode(batch, compression)
    if form == JSON:
        return json_form.encode(batch, profile_of)
    raise LocalProtocolError(f"{form!r} is no form", field="form")


def is_columnar(payload: bytes) -> bool:
    """Whether a message claims to be of the columnar form."""
    return payload.startswith(columnar.MAGIC)


def decode_batch(payload: bytes) -> Batch:
    """The batch of a message in either form. Raises RemoteProtocolError, naming the field."""
    if is_columnar(payload):
        return columnar.decode(payload)
    return json_form.decode(payload)


def name_of_batch(payload: bytes) -> str:
    """The batch id that a message claims, though the rest be damaged. Raises RemoteProtocolError."""
    if is_columnar(payload):
        return columnar.name_of(payload)
    return json_form.name_of(payload)
