"""Messages to the platform other than positions: letters that must arrive, and answers that are sent once.

A letter is on flash before `post` returns and stays there until the platform acknowledged it, over power
cuts; the oldest goes first, one at a time. A letter keeps the serial that it was written with, over every
connection, so that a platform which has it already can tell. What does not fit a frame goes in packages,
read from flash piece by piece. Knows nothing of what the letters say.
"""

import binascii
import struct

from protocols.wire.framing import build_frame
from protocols.wire.header import FIRST_PROTOCOL_VERSION, build_header
from protocols.wire.tables import RESULT_BAD_MESSAGE, RESULT_FAILED, RESULT_UNSUPPORTED

from .request import IDLE, TO_SEND, WAITING, Request

PIECE_BYTES = 512  # of a body in one package; a frame of it is found in a heap that is in use
LETTERS_MAX = 64
LETTER_BYTES_MAX = 16384
ANSWERS_MAX = 8
ANSWER_BYTES_MAX = 8192  # of all answers that wait
RETRY_FIRST_MS = 5000  # pause after "failed"; doubles
RETRY_MAX_MS = 120000
SUFFIX = ".msg"
HEAD = ">IHH"  # CRC-32 of the rest, message id, serial
HEAD_BYTES = 8

# What the observer is told.
POSTED = 0  # a letter is durable
DELIVERED = 1  # the platform took a letter
SENT = 2  # an answer went out


class Mail:
    """`post` or `answer`, and the terminal carries it. `look`, `data_to_send`, `answered`, `late`: for it.

    held: letters that wait. observer(what, message_id, serial, body): told of POSTED, DELIVERED (then
    body is None) and SENT; None at first. Counters since the start: posted, delivered, refused (the platform
    called them bad or not supported), full (letters and answers that found no room), damaged (letters that
    flash lost), written (bytes).
    """

    __slots__ = (
        "_acked",
        "_answers",
        "_current",
        "_files",
        "_is_letter",
        "_kept",
        "_next",
        "_next_ms",
        "_numbers",
        "_phone",
        "_retry_ms",
        "_session",
        "_settings",
        "damaged",
        "delivered",
        "full",
        "observer",
        "posted",
        "refused",
        "request",
        "written",
    )

    def __init__(self, settings, files, session):
        """files: the port of ram_files; None: letters live in RAM only. session: numbers what is sent."""
        self._settings = settings
        self._session = session
        self._files = files
        self._phone = settings.phone_bytes()
        self._numbers = []  # of the letters that wait, or (serial, message id, body) without files
        self._answers = []  # (message id, body), the oldest first
        # What is under way: (first serial, message id, body or the name of its file, bytes of the body).
        self._current = None
        self._is_letter = False
        self._acked = b""  # a byte a package
        self._kept = None  # like _current: what went in packages last, for 0x8003
        self._next = self._next_ms = 0
        self._retry_ms = RETRY_FIRST_MS
        self.request = Request()
        self.observer = None
        self.posted = self.delivered = self.refused = self.full = self.damaged = self.written = 0
        if files is not None:
            names = [name for name in files.names() if len(name) == 12 and name.endswith(SUFFIX)]
            self._numbers = sorted([int(name[:8], 16) for name in names])

    @property
    def held(self):
        """Letters that the platform has not acknowledged."""
        return len(self._numbers)

    def post(self, message_id, body):
        """A letter with this whole body. Durable when it gives True; False: no room, or the flash refused."""
        if len(self._numbers) >= LETTERS_MAX or len(body) > LETTER_BYTES_MAX:
            self.full += 1
            return False
        serial = self._serials(_pieces(len(body)))
        if self._files is None:
            self._numbers.append((serial, message_id, bytes(body)))
        else:
            number = self._numbers[-1] + 1 if self._numbers else 1
            try:
                self._write("%08x" % number, message_id, serial, body)
            except OSError:
                self.full += 1
                return False
            self._numbers.append(number)
        self.posted += 1
        if self.observer is not None:
            self.observer(POSTED, message_id, serial, body)
        return True

    def answer(self, message_id, body, header):
        """An answer to the message with that header: sent once, after those before it, and not kept."""
        waiting = sum([len(each[1]) for each in self._answers])
        if len(self._answers) >= ANSWERS_MAX or waiting + len(body) > ANSWER_BYTES_MAX:
            self.full += 1
            return False
        self._answers.append((message_id, body))
        return True

    def look(self, now_ms):
        """Takes up the next answer or letter when nothing is under way."""
        if self.request.state != IDLE:
            return
        if self._answers:
            message_id, body = self._answers.pop(0)
            serial = self._serials(_pieces(len(body)))
            self._start(serial, message_id, body, len(body), False)
        elif self._numbers and now_ms >= self._next_ms:
            self._take_letter()

    def data_to_send(self, now_ms):
        """The next frame, None when there is none."""
        if self.request.state != TO_SEND:
            return None
        try:
            frame = self._frame(self._current, self._next)
        except OSError:  # flash took the letter
            self.damaged += 1
            self._forget()
            return None
        self._next = self._acked.find(b"\x00", self._next + 1)
        if self._next < 0:
            if self._is_letter:
                self.request.take(self._settings, now_ms)
            else:
                if self.observer is not None:
                    self.observer(SENT, self._current[1], self._current[0], self._current[2])
                self._finish()  # nobody acknowledges an answer
        return frame

    def answered(self, message_id, serial, result, now_ms):
        """0x8001. True when it was about what is under way here.

        Platforms acknowledge every package, or the last one for all: an answer to the last one that no other
        came before is for all of them.
        """
        if self.request.state == IDLE or message_id != self._current[1]:
            return False
        index = (serial - self._current[0]) & 0xFFFF
        sent = self._next < 0 or index < self._next or self.request.retransmissions
        if not self._is_letter or index >= len(self._acked) or not sent:
            return False
        if result == RESULT_FAILED:
            self._finish()
            self._next_ms = now_ms + self._retry_ms
            self._retry_ms = min(self._retry_ms * 2, RETRY_MAX_MS)
        elif result == RESULT_BAD_MESSAGE or result == RESULT_UNSUPPORTED:
            self.refused += 1
            self._forget()
        else:
            whole = index == len(self._acked) - 1 and not sum(self._acked)
            self._acked[index] = 1
            if whole or sum(self._acked) == len(self._acked):
                self.delivered += 1
                if self.observer is not None:  # before it is forgotten, as with reports
                    self.observer(DELIVERED, self._current[1], self._current[0], None)
                self._forget()
        return True

    def late(self, now_ms):
        """Looks at the clock. True when no retransmission is left."""
        given_up = self.request.late(self._settings, now_ms)
        if self.request.state == TO_SEND and self._next < 0:
            self._next = self._acked.find(b"\x00")
        return given_up

    def deadline_ms(self, deadline_ms):
        """The earlier of `deadline_ms` and the time of the next step here."""
        if self.request.state == WAITING:
            return min(deadline_ms, self.request.deadline_ms)
        if self._answers:
            return 0
        return min(deadline_ms, self._next_ms) if self._numbers else deadline_ms

    def clear(self):
        """The line is gone: letters stay, answers are of no use any more."""
        self._answers = []
        self._kept = None
        self._finish()

    def again(self, first_serial, numbers):
        """0x8003: gives the frames of these packages once more, byte for byte; [] when they are not kept."""
        if self._kept is None or self._kept[0] != first_serial:
            return []
        total = _pieces(self._kept[3])
        return [self._frame(self._kept, number - 1) for number in numbers if 1 <= number <= total]

    def _take_letter(self):
        letter = self._numbers[0]
        if self._files is None:
            self._start(letter[0], letter[1], letter[2], len(letter[2]), True)
            return
        name = "%08x" % letter + SUFFIX
        message_id, serial, size = self._check(name)
        if message_id < 0:
            self.damaged += 1
            self._forget()
        else:
            self._start(serial, message_id, name, size, True)

    def _serials(self, count):
        """So many serials in a row; gives the first."""
        serial = self._session.next_serial()
        for _ in range(1, count):
            self._session.next_serial()
        return serial

    def _start(self, serial, message_id, source, size, is_letter):
        """source: the body, or the name of its file."""
        total = _pieces(size)
        self._acked = bytearray(total)
        self._next = 0
        self._is_letter = is_letter
        self._current = (serial, message_id, source, size)
        if total > 1:
            self._kept = self._current
        self.request.start(message_id, serial, None)

    def _frame(self, letter, index):
        serial, message_id, source, size = letter
        at = index * PIECE_BYTES
        count = min(PIECE_BYTES, size - at)
        total = _pieces(size)
        header = build_header(
            message_id,
            count,
            self._phone,
            (serial + index) & 0xFFFF,
            FIRST_PROTOCOL_VERSION,
            total if total > 1 else 0,
            index + 1,
        )
        return build_frame(header + self._piece(source, at, count))

    def _piece(self, source, at, count):
        if not isinstance(source, str):
            return bytes(source[at : at + count])
        piece = bytearray(count)
        file = self._files.open(source, False)
        try:
            file.seek(HEAD_BYTES + at)
            file.readinto(piece)
        finally:
            file.close()
        return piece

    def _finish(self):
        self.request.stop()
        self._current = None

    def _forget(self):
        """The letter under way needs no place any more."""
        self._finish()
        self._retry_ms = RETRY_FIRST_MS
        letter = self._numbers.pop(0)
        if self._kept is not None and isinstance(self._kept[2], str):
            self._kept = None  # its file goes
        if self._files is not None:
            self._remove("%08x" % letter + SUFFIX)

    def _write(self, name, message_id, serial, body):
        head = struct.pack(">HH", message_id, serial)
        check = binascii.crc32(body, binascii.crc32(head))
        self._remove(name + ".new")  # what a cut may have left, perhaps longer
        file = self._files.open(name + ".new", True)
        try:
            file.write(struct.pack(">I", check) + head)
            file.write(body)
            file.flush()
            self.written += HEAD_BYTES + len(body)
        finally:
            file.close()
        self._files.rename(name + ".new", name + SUFFIX)

    def _remove(self, name):
        try:
            self._files.remove(name)
        except OSError as absent:
            if absent.errno != 2:
                self.damaged += 1  # a letter will be sent once more after the next start

    def _check(self, name):
        """(message id, serial, bytes of the body) of a letter on flash, message id -1 when it is damaged."""
        buffer = bytearray(64)
        try:
            file = self._files.open(name, False)
        except OSError:
            return -1, 0, 0
        try:
            file.readinto(memoryview(buffer)[:HEAD_BYTES])
            wanted, message_id, serial = struct.unpack_from(HEAD, buffer, 0)
            check = binascii.crc32(memoryview(buffer)[4:HEAD_BYTES])
            size = 0
            count = file.readinto(buffer)
            while count:
                check = binascii.crc32(memoryview(buffer)[:count], check)
                size += count
                count = file.readinto(buffer)
        except OSError:
            return -1, 0, 0
        finally:
            file.close()
        return (message_id, serial, size) if check == wanted else (-1, 0, 0)


def _pieces(size):
    return max(1, (size + PIECE_BYTES - 1) // PIECE_BYTES)
