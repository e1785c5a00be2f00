"""Long messages in packages: put together again, missing ones asked for, cut, and sent again on demand.

A message is known by its terminal, its id and the serial of its package 1 (serial − number + 1), never by
its id alone: two pictures may travel at once. Knows no body and sends nothing; time is an argument.
(unverified: JT/T 808-2013 §4.4.3; limits are this project's choice, the text leaves them open.)

One Reassembly serves one session or, keyed by terminal, many; its bounds are those of all together, except
that of messages at once, which is each terminal's own. Every package is answered by whoever received it,
whatever `add` says of it: a repeated one because its answer was lost.
"""

import struct
from binascii import crc32

from .errors import LocalProtocolError, RemoteProtocolError
from .framing import build_frame
from .header import BODY_LENGTH_MAX, FIRST_PROTOCOL_VERSION, build_header

SETS_PER_TERMINAL = 8
BYTES_MAX = 4 * 1024 * 1024  # of all open messages, what each package costs in memory included
PIECE_COST_BYTES = 64
IDLE_MS = 30000  # without a new package; then the message is given up
AGE_MS = 3600000  # since its first package, however slowly they drip
ASK_MS = 5000  # of silence before missing packages are asked for, and between two such requests
ASKS = 3
NUMBERS_MAX = 255  # of one request; its count is a byte in 2013

_SERIALS = 0x10000
_NUMBERS = 0xFFFF
_CHECKED_MAX = 4096  # packages of a finished message whose repeats are recognised: 4 MiB, as BYTES_MAX
_CHECK_BYTES = 4


class Missing:
    """What to ask for: by 0x8003 or 0x0005, or by 0x8800 when the message is 0x0801.

    terminal: as it was given. message_id. first_serial: of package 1. numbers: the missing ones, at most
    NUMBERS_MAX.
    """

    __slots__ = ("first_serial", "message_id", "numbers", "terminal")

    def __init__(self, terminal, message_id, first_serial, numbers):
        self.terminal = terminal
        self.message_id = message_id
        self.first_serial = first_serial
        self.numbers = numbers


class _Set:
    """The packages of one message that are here."""

    __slots__ = ("ask_at_ms", "asked", "key", "old_at_ms", "pieces", "size", "total", "touched_ms")

    def __init__(self, key, total, old_at_ms):
        self.key = key
        self.total = total
        self.old_at_ms = old_at_ms
        self.pieces = {}
        self.size = self.asked = self.touched_ms = self.ask_at_ms = 0

    def ends_at_ms(self, idle_ms):
        """When to give it up if nothing more comes."""
        return min(self.touched_ms + idle_ms, self.old_at_ms)

    def missing(self):
        numbers = []
        for number in range(1, self.total + 1):
            if number not in self.pieces:
                numbers.append(number)
                if len(numbers) == NUMBERS_MAX:
                    break
        return numbers


class Reassembly:
    """Puts messages together from packages in any order, within bounds of count, bytes and time.

    counters: what happened, by name. sets, bytes_max, idle_ms, age_ms, ask_ms, asks: the bounds; asks=0
    never asks (2011 has no way to).
    """

    def __init__(
        self,
        sets=SETS_PER_TERMINAL,
        bytes_max=BYTES_MAX,
        idle_ms=IDLE_MS,
        ask_ms=ASK_MS,
        asks=ASKS,
        age_ms=AGE_MS,
    ):
        self._limits = (sets, bytes_max)
        self._idle_ms = idle_ms
        self._ask_ms = ask_ms
        self._asks = asks
        self._age_ms = age_ms
        self._open = {}
        self._done = {}  # key → (until when, check values of all packages): late repeats open nothing anew
        self._size = 0
        self.counters = {
            "completed": 0,
            "repeated": 0,
            "restarted": 0,
            "discarded": 0,
            "expired": 0,
            "refused": 0,
        }

    def add(self, terminal, header, body, now_ms):
        """The whole body when this package completes its message, else None.

        header: of a sub-packaged frame. body: its bytes, already decrypted. A repeated package changes
        nothing; one with other bytes or another total begins the message anew, as its sender did. Raises
        RemoteProtocolError for a number outside 1…total and for what is larger than all bounds.
        """
        number, total = header.number, header.total
        if not 1 <= number <= total:
            self.counters["refused"] += 1
            raise RemoteProtocolError("package %d of %d" % (number, total), header.message_id, "number")
        key = (terminal, header.message_id, (header.serial - number + 1) % _SERIALS)
        if self._was_done(key, number, total, body, now_ms):
            self.counters["repeated"] += 1
            return None
        found = self._open.get(key)
        if found is not None and (found.total != total or found.pieces.get(number, body) != body):
            self._drop(found, "restarted")
            found = None
        if found is not None and number in found.pieces:
            self.counters["repeated"] += 1
            return None
        self._make_room(terminal, found, len(body) + PIECE_COST_BYTES, header.message_id)
        if found is None:
            found = self._open[key] = _Set(key, total, now_ms + self._age_ms)
        return self._take(found, number, bytes(body), now_ms)

    def tick(self, now_ms):
        """Gives up what is idle or old for too long; the list of Missing to ask for now."""
        requests = []
        for found in list(self._open.values()):
            if now_ms >= found.ends_at_ms(self._idle_ms):
                self._drop(found, "expired")
            elif found.asked < self._asks and now_ms >= found.ask_at_ms:
                found.asked += 1
                found.ask_at_ms = now_ms + self._ask_ms
                terminal, message_id, first_serial = found.key
                requests.append(Missing(terminal, message_id, first_serial, found.missing()))
        self._forget_done(now_ms)
        return requests

    def next_deadline_ms(self):
        """When tick has something to do, None while nothing is open.

        What is kept to recognise late repeats asks for no tick: it is bounded, and checked for age when used.
        """
        deadline = None
        for found in self._open.values():
            at = found.ends_at_ms(self._idle_ms)
            if found.asked < self._asks and found.ask_at_ms < at:
                at = found.ask_at_ms
            if deadline is None or at < deadline:
                deadline = at
        return deadline

    def forget(self, terminal):
        """Drops all that belongs to a terminal: it began a new session, with new serials."""
        for found in list(self._open.values()):
            if found.key[0] == terminal:
                self._drop(found, "discarded")
        for key in [key for key in self._done if key[0] == terminal]:
            del self._done[key]

    def open_count(self):
        """How many messages are not whole yet."""
        return len(self._open)

    def open_bytes(self):
        """What they cost."""
        return self._size

    def _take(self, found, number, body, now_ms):
        found.pieces[number] = body
        found.size += len(body) + PIECE_COST_BYTES
        self._size += len(body) + PIECE_COST_BYTES
        found.touched_ms = now_ms
        found.ask_at_ms = now_ms + self._ask_ms
        found.asked = 0
        if len(found.pieces) < found.total:
            return None
        pieces = [found.pieces[each] for each in range(1, found.total + 1)]
        self._drop(found, "completed")
        self._remember(found.key, pieces, now_ms)
        return b"".join(pieces)

    def _was_done(self, key, number, total, body, now_ms):
        done = self._done.get(key)
        return (
            done is not None
            and now_ms < done[0]
            and len(done[1]) == total * _CHECK_BYTES
            and done[1][(number - 1) * _CHECK_BYTES : number * _CHECK_BYTES] == _check(body)
        )

    def _remember(self, key, pieces, now_ms):
        """Keeps the check values of one more finished message; of a terminal's too many the oldest goes."""
        self._forget_done(now_ms)
        if len(pieces) > _CHECKED_MAX:
            return
        self._done[key] = (now_ms + self._idle_ms, b"".join([_check(piece) for piece in pieces]))
        own = [each for each in self._done if each[0] == key[0]]
        if len(own) > self._limits[0]:
            del self._done[min(own, key=lambda each: self._done[each][0])]

    def _forget_done(self, now_ms):
        for key in [key for key in self._done if now_ms >= self._done[key][0]]:
            del self._done[key]

    def _make_room(self, terminal, found, cost, message_id):
        sets, bytes_max = self._limits
        if cost > bytes_max or (found is not None and found.size + cost > bytes_max):
            if found is not None:
                self._drop(found, "discarded")
            self.counters["refused"] += 1
            raise RemoteProtocolError("the message is longer than %d bytes" % bytes_max, message_id)
        if found is None:
            own = [each for each in self._open.values() if each.key[0] == terminal]
            if len(own) >= sets:
                self._drop(_oldest(own), "discarded")
        while self._size + cost > bytes_max:
            self._drop(_oldest([each for each in self._open.values() if each is not found]), "discarded")

    def _drop(self, found, why):
        del self._open[found.key]
        self._size -= found.size
        self.counters[why] += 1


def _check(piece):
    return struct.pack(">I", crc32(piece) & 0xFFFFFFFF)


def _oldest(sets):
    """The one that waits the longest for its next package."""
    return min(sets, key=lambda each: each.touched_ms)


def split_frames(message_id, body, phone, serial, version=FIRST_PROTOCOL_VERSION, size=BODY_LENGTH_MAX):
    """Yields the frames of a body of any length: one plain frame, or packages with serials from `serial` on.

    size: body bytes of a package at most. The caller's next serial is `serial` + how many frames there were,
    mod 65536. Raises LocalProtocolError for a body that 65535 packages cannot hold.
    """
    total = (len(body) + size - 1) // size
    if total > _NUMBERS:
        raise LocalProtocolError("%d packages" % total, message_id, "total")
    if total <= 1:
        yield build_frame(build_header(message_id, len(body), phone, serial, version) + body)
        return
    for number in range(1, total + 1):
        piece = body[(number - 1) * size : number * size]
        own_serial = (serial + number - 1) % _SERIALS
        header = build_header(message_id, len(piece), phone, own_serial, version, total, number)
        yield build_frame(header + piece)


class SentBuffer:
    """The packages that were sent last, to send them again byte for byte when they are asked for."""

    def __init__(self, bytes_max=64 * 1024, messages_max=4):
        self._bytes_max = bytes_max
        self._messages_max = messages_max
        self._messages = []  # (first serial, frames, bytes), the oldest first
        self._size = 0

    def remember(self, first_serial, frames):
        """Keeps the frames of one message, package 1 first. False when it is larger than the buffer."""
        frames = list(frames)
        size = sum([len(frame) for frame in frames])
        self.forget(first_serial)  # serials come round again: the newer message counts
        if size > self._bytes_max:
            return False
        while self._messages and (
            self._size + size > self._bytes_max or len(self._messages) >= self._messages_max
        ):
            self._size -= self._messages.pop(0)[2]
        self._messages.append((first_serial, frames, size))
        self._size += size
        return True

    def forget(self, first_serial):
        """Drops a message: it was acknowledged."""
        for index in range(len(self._messages)):
            if self._messages[index][0] == first_serial:
                self._size -= self._messages.pop(index)[2]
                return

    def serve(self, first_serial, numbers):
        """The frames of these package numbers, each once, as they were sent; [] for a message not kept.

        Numbers that the message does not have are passed over: the asker's mistake costs nobody else.
        """
        for serial, frames, _ in self._messages:
            if serial == first_serial:
                wanted = set(numbers)
                return [frames[number - 1] for number in range(1, len(frames) + 1) if number in wanted]
        return []
