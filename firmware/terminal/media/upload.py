"""One picture on its way: packages of 0x0801 read from its file, until 0x8800 misses none of them."""

from protocols.wire.bodies import encode_layout, layout_of
from protocols.wire.framing import build_frame
from protocols.wire.header import FIRST_PROTOCOL_VERSION, build_header
from protocols.wire.pages.ids import MSG_MEDIA_DATA
from protocols.wire.pages.media import BODIES

from .album import SIZE_BYTES, head_bytes

PIECE_BYTES = 512
BURST = 4  # packages at once; then the line is everybody's for a while
PAUSE_MS = 100
ROUNDS = 5  # without a word about the picture, over all connections; then it stays where it is
ANSWER_MS = 15000  # the platform asks for what is missing after some seconds of silence


class Upload:
    """`frame` until it gives None; `missing` for 0x8800; `interrupted` when the line is gone.

    number, mark: of the picture. rounds: how often nobody answered.
    """

    def __init__(self, album, number, mark, settings):
        self.number = number
        self.mark = mark
        self.rounds = 0
        self._album = album
        self._phone = settings.phone_bytes()
        values = album.values(number, mark)
        if values is None:
            raise OSError(5)
        values["data"] = b""
        self._head = encode_layout(layout_of(BODIES, MSG_MEDIA_DATA, settings.edition), values)
        self._size = album.size(number, mark)
        self.total = (len(self._head) + self._size + PIECE_BYTES - 1) // PIECE_BYTES
        self.interrupted()

    def interrupted(self):
        """All of it goes again on the next line, with new serials."""
        self._serial = -1
        self._next = 0
        self._again = []
        self._burst = 0
        self._next_ms = 0

    def due_ms(self, deadline_ms):
        """The earlier of `deadline_ms` and the time when `frame` or `silent` has something to do."""
        return deadline_ms if self._serial < 0 else min(deadline_ms, self._next_ms)

    def frame(self, session, now_ms):
        """The next package, None when it is not its time, or when all are out."""
        if now_ms < self._next_ms or not (self._again or self._next < self.total):
            return None
        if self._serial < 0:
            self._serial = session.next_serial()
            for _ in range(1, self.total):
                session.next_serial()
        if self._again:
            index = self._again.pop(0)
        else:
            index = self._next
            self._next += 1
        self._burst += 1
        if not self._again and self._next >= self.total:
            self._next_ms = now_ms + ANSWER_MS
        elif self._burst % BURST == 0:
            self._next_ms = now_ms + PAUSE_MS
        return self._package(index)

    def silent(self, now_ms):
        """Nobody answered in time: the last package again. False when it was in vain too often."""
        if self._serial < 0 or self._again or self._next < self.total or now_ms < self._next_ms:
            return True
        self.rounds += 1
        self._again.append(self.total - 1)
        return self.rounds <= ROUNDS

    def missing(self, numbers):
        """These packages (from 1) again."""
        self.rounds = 0
        self._again = [number - 1 for number in numbers if 1 <= number <= self.total]
        self._next_ms = 0

    def owns(self, first_serial):
        """Whether 0x8003 means this one."""
        return self._serial == first_serial

    def _package(self, index):
        at = index * PIECE_BYTES
        count = min(PIECE_BYTES, len(self._head) + self._size - at)
        piece = bytearray(count)
        head = self._head[at : at + count]
        piece[: len(head)] = head
        if count > len(head):
            start = SIZE_BYTES + head_bytes() + max(0, at - len(self._head))
            self._album.read(self.number, self.mark, start, memoryview(piece)[len(head) :])
        header = build_header(
            MSG_MEDIA_DATA,
            count,
            self._phone,
            (self._serial + index) & 0xFFFF,
            FIRST_PROTOCOL_VERSION,
            self.total if self.total > 1 else 0,
            index + 1,
        )
        return build_frame(header + bytes(piece))
