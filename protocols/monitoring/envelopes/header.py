"""The envelope's bytes: a fixed head, the wrapped content key, the sealed content, the signature.

 0  2  magic "DE"             20  8  session, random      52  2  bytes of the wrapped key
 2  1  version, 1             28  8  session begun, ms    54  2  bytes of the signature
 3  1  profile                36  8  issued, ms           56     wrapped key
 4  8  sender's signing key   44  8  number, from 1              sealed content and its tag
12  8  receiver's key                                            signature
"""

import struct
from typing import Final, NamedTuple

from .errors import MALFORMED, EnvelopeError

MAGIC: Final = b"DE"
VERSION: Final = 1
KEY_ID_BYTES: Final = 8
SESSION_BYTES: Final = 8
NUMBER_MAX: Final = 2**63 - 1
_HEAD: Final = struct.Struct(">2sBB8s8s8sQQQHH")
_CONTEXT: Final = b"dianyun.envelope/1\0"  # no other signature or tag of ours is over bytes that begin so


class Head(NamedTuple):
    """The fields of the first 56 bytes; key ids and session of 8 bytes, times in Unix milliseconds."""

    profile: int
    sender: bytes
    receiver: bytes
    session: bytes
    session_ms: int
    issued_ms: int
    number: int
    wrapped_bytes: int
    signature_bytes: int

    def encode(self) -> bytes:
        """The 56 bytes."""
        return _HEAD.pack(MAGIC, VERSION, *self)


class Parts(NamedTuple):
    """An envelope taken apart; nothing is checked but lengths."""

    head: Head
    wrapped: bytes
    sealed: bytes
    signature: bytes


def is_envelope(data: bytes) -> bool:
    """Whether it begins like one. Neither a batch nor a JSON document does."""
    return data[:2] == MAGIC


def parse(data: bytes) -> Parts:
    """The parts. Raises EnvelopeError 3004."""
    if len(data) < _HEAD.size or data[:2] != MAGIC:
        raise EnvelopeError(MALFORMED, "no envelope", "magic")
    _, version, *values = _HEAD.unpack_from(data)
    if version != VERSION:
        raise EnvelopeError(MALFORMED, f"version {version}, {VERSION} is known", "version")
    head = Head(*values)
    sealed_at = _HEAD.size + head.wrapped_bytes
    signature_at = len(data) - head.signature_bytes
    if signature_at < sealed_at:
        raise EnvelopeError(MALFORMED, f"{len(data)} bytes are too few", "length")
    return Parts(head, data[_HEAD.size : sealed_at], data[sealed_at:signature_at], data[signature_at:])


def context(head: bytes, wrapped: bytes, topic: str) -> bytes:
    """What the tag covers besides the content: everything before it, and the topic, which is not sent."""
    return _CONTEXT + topic.encode() + b"\0" + head + wrapped
