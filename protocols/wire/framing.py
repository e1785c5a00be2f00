"""Frames on a byte stream: `7E | header | body | check | 7E`, escaped between (JT/T 808-2013 §4.4.1–4.4.4).

Splits, unescapes, verifies, builds. Knows the header only as far as its length rule, and no body at all.
"""

from .errors import RemoteProtocolError
from .header import (
    BODY_LENGTH_MASK,
    BODY_LENGTH_MAX,
    HEADER_BYTES,
    HEADER_BYTES_2019,
    PACKAGE_ITEM_BYTES,
    SUBPACKAGED_BIT,
)

DELIMITER = b"\x7e"
ESCAPE = b"\x7d"
ESCAPED_DELIMITER = b"\x7d\x02"
ESCAPED_ESCAPE = b"\x7d\x01"

PAYLOAD_MAX = HEADER_BYTES_2019 + PACKAGE_ITEM_BYTES + BODY_LENGTH_MAX
ESCAPED_MAX = 2 * (PAYLOAD_MAX + 1)  # every byte and the check escaped
REJECTIONS_KEPT = 8  # details kept by default between two looks of the caller; counters count them all

# XOR of many bytes by folding one big integer in halves: under 1 µs for 60 bytes where a loop takes 4 µs.
_SHORT_BYTES = 64  # most frames: their folds are all that is needed
_PIECE_BYTES = 256  # of longer ones; integers of a kilobyte do not fit the heap of a terminal


def xor_of(data):
    """The XOR of all bytes: the check byte of a payload, and 0 over payload + its check byte."""
    if len(data) <= _SHORT_BYTES:
        folded = int.from_bytes(data, "big")
    else:
        folded = 0
        for at in range(0, len(data), _PIECE_BYTES):
            folded ^= int.from_bytes(data[at : at + _PIECE_BYTES], "big")
        folded ^= folded >> 1024
        folded ^= folded >> 512
    folded ^= folded >> 256
    folded ^= folded >> 128
    folded ^= folded >> 64
    folded ^= folded >> 32
    folded ^= folded >> 16
    return (folded ^ folded >> 8) & 0xFF


def escape(data):
    """`7D` → `7D 01`, `7E` → `7D 02`, in that order."""
    if ESCAPE in data:
        data = data.replace(ESCAPE, ESCAPED_ESCAPE)
    if DELIMITER in data:
        data = data.replace(DELIMITER, ESCAPED_DELIMITER)
    return data


def unescape(data):
    """The inverse of `escape`.

    Raises RemoteProtocolError at a `7D` that neither `01` nor `02` follows: the standard defines no such
    pair and implementations disagree, so the frame is refused rather than guessed.
    """
    if ESCAPE not in data:
        return data
    if data.count(ESCAPE) != data.count(ESCAPED_ESCAPE) + data.count(ESCAPED_DELIMITER):
        raise RemoteProtocolError("illegal escape", offset=_illegal_escape_at(data))
    return data.replace(ESCAPED_DELIMITER, DELIMITER).replace(ESCAPED_ESCAPE, ESCAPE)


def _illegal_escape_at(data):
    at = data.find(ESCAPE)
    while at >= 0 and data[at + 1 : at + 2] in (b"\x01", b"\x02"):
        at = data.find(ESCAPE, at + 1)
    return at


def build_frame(payload):
    """The bytes to send for a payload (header + body): check appended, escaped, delimited."""
    return DELIMITER + escape(payload + bytes([xor_of(payload)])) + DELIMITER


def open_frame(escaped):
    """The payload of what stood between two delimiters, verified as far as framing goes.

    Raises RemoteProtocolError: illegal escape, too short, wrong check byte, or a length that fits neither
    header layout.
    """
    data = unescape(escaped)
    size = len(data) - 1
    if size < HEADER_BYTES:
        raise RemoteProtocolError("too short: %d bytes between delimiters" % len(data), offset=len(data))
    if xor_of(data):
        raise RemoteProtocolError("wrong check byte 0x%02X" % data[size], field="check", offset=size)
    length = (data[2] << 8 | data[3]) & BODY_LENGTH_MASK
    if data[2] << 8 & SUBPACKAGED_BIT:
        length += PACKAGE_ITEM_BYTES
    if size not in (HEADER_BYTES + length, HEADER_BYTES_2019 + length):
        raise RemoteProtocolError(
            "wrong length: the header says %d, %d bytes are there" % (length, size),
            data[0] << 8 | data[1],
            "body_length",
            2,
        )
    return data[:size]


class PortableSplitter:
    """Finds frames in a stream that may be cut anywhere and carry dirt.

    Every `7E` ends one candidate and begins the next, so a delimiter may be shared, empty pairs cost
    nothing, and after any damage the next `7E` is where reading goes on: a bad candidate costs itself
    alone. At most ESCAPED_MAX bytes are held, and the details of `kept` rejections, as large each.
    """

    def __init__(self, kept=REJECTIONS_KEPT):
        self.frames = 0
        self.rejected = 0
        self.garbage_bytes = 0  # bytes outside any pair of delimiters, and those of oversized candidates
        self._tail = b""
        self._synchronised = False
        self._rejections = []
        self._kept = kept

    def receive(self, data):
        """Takes the next bytes of the stream, gives the payloads (bytes, header + body) that they complete.

        Raises nothing. Call `rejections()` afterwards to learn what was refused.
        """
        payloads = []
        for candidate in self.split(data):
            payload = self.open(candidate)
            if payload is not None:
                payloads.append(payload)
        return payloads

    def split(self, data):
        """Takes the next bytes, gives what now stands between two delimiters: escaped, unverified, not empty.

        For a caller that has a shorter way to open most of them; `open` takes the others.
        """
        if self._tail:
            data = self._tail + data
        candidates = data.split(DELIMITER)
        self._tail = candidates.pop()
        if not self._synchronised and candidates:
            self.garbage_bytes += len(candidates.pop(0))
            self._synchronised = True
        if self._tail:
            self._limit_tail()
        return [candidate for candidate in candidates if candidate]

    def open(self, candidate):
        """The payload of one candidate; None, and counted with its reason, when it is no good frame."""
        try:
            payload = open_frame(candidate)
        except RemoteProtocolError as error:
            self._reject(error, candidate)
            return None
        self.frames += 1
        return payload

    def rejections(self):
        """The refusals since the last call, as (RemoteProtocolError, escaped bytes), oldest first.

        At most `kept` are kept; `rejected` counts them all.
        """
        taken, self._rejections = self._rejections, []
        return taken

    def _reject(self, error, candidate):
        self.rejected += 1
        if len(self._rejections) < self._kept:
            self._rejections.append((error, candidate))

    def _limit_tail(self):
        if not self._synchronised:
            self.garbage_bytes += len(self._tail)
            self._tail = b""
        elif len(self._tail) > ESCAPED_MAX:
            self._reject(RemoteProtocolError("longer than any frame"), self._tail[:64])
            self.garbage_bytes += len(self._tail)
            self._tail = b""
            self._synchronised = False


# CPython may have a twin of the splitter in C, which gives the same for the same bytes. ImportError: it was
# not built, DIANYUN_PURE is set, or this is the terminal, which has no such thing.
try:
    from ._accelerator import FrameSplitter
except ImportError:
    FrameSplitter = PortableSplitter  # type: ignore
