"""Which worker a terminal belongs to, and what the first bytes of a connection say about it."""

from dataclasses import dataclass
from hashlib import blake2b
from typing import Final

from protocols.wire.bcd import identity_of
from protocols.wire.errors import RemoteProtocolError
from protocols.wire.framing import FrameSplitter, unescape
from protocols.wire.header import parse_header

from ..transports.proxy import ProxyError, read_header

FIRST_BYTES_MAX: Final = 20 * 1024  # heard before it is nobody's: a PROXY header and what a stranger may say
_HASH_BYTES: Final = 8


@dataclass(frozen=True)
class Share:
    """One worker of `count`, counted from 0."""

    index: int
    count: int

    def owns(self, identity: str) -> bool:
        """Whether the terminal is ours."""
        return owner_of(identity, self.count) == self.index


def owner_of(identity: str, workers: int) -> int:
    """The worker that serves this terminal, whichever accepted it. The same after every restart."""
    digest = blake2b(identity.encode("ascii"), digest_size=_HASH_BYTES).digest()
    return int.from_bytes(digest, "big") % workers


class FirstWords:
    """`hear(chunk)` until it gives the identity in the first frame; `data` is everything heard, `rest` what
    of it is not a balancer's, `peer` whom that named.

    lenient: a frame whose check byte is wrong tells it as well, for terminals whose profile forgives that.
    balanced: a PROXY header comes first.
    """

    def __init__(self, lenient: bool = False, balanced: bool = False) -> None:
        self.data = b""
        self._splitter = FrameSplitter()
        self._lenient = lenient
        self.balanced = balanced
        self.peer = ""
        self._header_bytes = 0

    @property
    def rest(self) -> bytes:
        """What was heard behind a PROXY header."""
        return self.data[self._header_bytes :]

    def hear(self, chunk: bytes) -> str | None:
        """None: more is to come. "": it is nobody's, for it says too much, or not what a balancer says."""
        self.data += chunk
        if self.balanced:
            try:
                header = read_header(self.data)
            except ProxyError:
                return ""
            if header is None:
                return None
            self.balanced, self.peer, self._header_bytes = False, header.peer, header.size
            chunk = self.rest
        return self._identity(chunk) or (None if len(self.data) < FIRST_BYTES_MAX else "")

    def _identity(self, chunk: bytes) -> str | None:
        """Of the first frame that can be read; others are passed over."""
        for candidate in self._splitter.split(chunk):
            payload = self._splitter.open(candidate)
            if payload is None and self._lenient:
                payload = _unchecked(candidate)
            if payload is not None and (identity := _identity_in(payload)):
                return identity
        return None


def _unchecked(candidate: bytes) -> bytes | None:
    try:
        return bytes(unescape(candidate))[:-1]
    except RemoteProtocolError:
        return None


def _identity_in(payload: bytes) -> str | None:
    try:
        return identity_of(parse_header(payload).phone.hex())
    except RemoteProtocolError:
        return None
