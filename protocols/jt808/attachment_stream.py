"""The connection of an attachment server (T/JSATL 12): frames of JT/T 808 mixed with blocks of file data.

    30 31 63 64 | name BYTE[50] | offset DWORD | length DWORD | data

A block has no delimiter, no escape, no check byte and no answer. Bytes in, frames and blocks out, in the
order in which they came; nothing here opens a frame, writes a file or answers. JT/T 1078 media begins with
the same four bytes and another header: never on this port.
"""

from __future__ import annotations

import struct
from typing import NamedTuple

from protocols.wire.errors import RemoteProtocolError
from protocols.wire.framing import DELIMITER, ESCAPED_MAX, open_frame

MARKER = b"\x30\x31\x63\x64"
NAME_BYTES = 50
_HEAD = struct.Struct(f">4s{NAME_BYTES}sII")
HEAD_BYTES = _HEAD.size
DATA_MAX = 64 * 1024  # what is usual; more must be asked for
_OFFSET_LIMIT = 1 << 32  # a file's size is a DWORD
REJECTIONS_KEPT = 8  # details kept between two looks of the caller; the counter counts all


class FileBlock(NamedTuple):
    """A piece of a file: its name as it came (padded), where it belongs, its bytes."""

    name: bytes
    offset: int
    data: bytes


class AttachmentStream:
    """Splits one connection. Holds at most one block or one frame, whatever is sent.

    After what is neither, reading goes on at the next delimiter or marker.
    """

    def __init__(self, data_max: int = DATA_MAX) -> None:
        self.frames = 0
        self.blocks = 0
        self.rejected = 0
        self.garbage_bytes = 0
        self._data_max = data_max
        self._held = bytearray()
        self._wanted = 0  # bytes that must be there before looking again is worth it
        self._looked = 0  # bytes of the held frame in which there is no delimiter
        self._in_frame = False  # a delimiter came last: what follows may be a frame
        self._rejections: list[RemoteProtocolError] = []

    def receive(self, data: bytes) -> list[bytes | FileBlock]:
        """Takes the next bytes, gives the payloads (header + body) and blocks that they complete.

        Raises nothing. Call `rejections()` afterwards to learn what was refused.
        """
        self._held += data
        found: list[bytes | FileBlock] = []
        at = 0
        while len(self._held) - at >= max(self._wanted, 1):
            self._wanted = 0
            step = self._next(at, found)
            if not step:
                break
            at += step
            self._looked = 0
        del self._held[:at]
        return found

    def rejections(self) -> list[RemoteProtocolError]:
        """The refusals since the last call, oldest first, the first of many; `rejected` counts them all."""
        taken, self._rejections = self._rejections, []
        return taken

    def _next(self, at: int, found: list[bytes | FileBlock]) -> int:
        """Takes what begins at `at`; how many bytes that were, 0 when more must come."""
        held = self._held
        if held[at] == DELIMITER[0]:
            self._in_frame = True
            return 1
        start = bytes(held[at : at + len(MARKER)])
        if start == MARKER:
            return self._block(at, found)
        if MARKER.startswith(start):
            return 0
        return self._frame(at, found) if self._in_frame else self._garbage(at)

    def _block(self, at: int, found: list[bytes | FileBlock]) -> int:
        self._in_frame = False
        if len(self._held) - at < HEAD_BYTES:
            self._wanted = HEAD_BYTES
            return 0
        _, name, offset, length = _HEAD.unpack_from(self._held, at)
        if length > self._data_max or offset + length > _OFFSET_LIMIT:
            self._reject(RemoteProtocolError(f"{length} bytes at {offset} are no block", field="length"))
            return HEAD_BYTES
        size = HEAD_BYTES + length
        if len(self._held) - at < size:
            self._wanted = size
            return 0
        found.append(FileBlock(name, offset, bytes(self._held[at + HEAD_BYTES : at + size])))
        self.blocks += 1
        return size

    def _frame(self, at: int, found: list[bytes | FileBlock]) -> int:
        end = self._held.find(DELIMITER, at + self._looked)
        size = (len(self._held) if end < 0 else end) - at
        if size > ESCAPED_MAX:
            self._reject(RemoteProtocolError("longer than any frame"))
            self._in_frame = False
            return self._garbage(at)
        if end < 0:
            self._looked = size
            return 0
        try:
            found.append(open_frame(bytes(self._held[at:end])))
            self.frames += 1
        except RemoteProtocolError as error:
            self._reject(error)
        return size

    def _garbage(self, at: int) -> int:
        """Skips one byte and all that begin neither a frame nor, as far as can be seen, a block."""
        ends = [self._held.find(sign, at + 1) for sign in (DELIMITER, MARKER)]
        end = min((each for each in ends if each >= 0), default=-1)
        if end < 0:  # all but what may be the first bytes of a marker
            begun = (size for size in (3, 2, 1) if self._held.endswith(MARKER[:size]))
            end = max(len(self._held) - next(begun, 0), at + 1)
        self.garbage_bytes += end - at
        return end - at

    def _reject(self, error: RemoteProtocolError) -> None:
        self.rejected += 1
        if len(self._rejections) < REJECTIONS_KEPT:
            self._rejections.append(error)
