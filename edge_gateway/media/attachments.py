"""The attachment server's core (T/JSATL 12): one connection, bytes in, answers and file data out. Pure.

    0x1210 which files of which alarm     0x1211 one file begins     blocks of data, unanswered
    0x1212 it is finished → 0x9212: done, once it is in the store, or which ranges are missing

Files live on in `Transfers` when a connection breaks, so the next one goes on where this one ended.
"""

from collections import Counter
from collections.abc import Callable
from typing import Any, Final, NamedTuple

from protocols.jt808 import fast
from protocols.jt808.attachment_stream import AttachmentStream, FileBlock
from protocols.wire.bcd import identity_of, is_bcd
from protocols.wire.errors import RemoteProtocolError
from protocols.wire.header import EDITION_2013, Header, parse_header
from protocols.wire.tables import RESULT_BAD_MESSAGE, RESULT_FAILED, RESULT_OK, RESULT_UNSUPPORTED

from ..session.answers import Speaker
from .transfers import Key, Transfers

LIST: Final = 0x1210
FILE: Final = 0x1211
FINISHED: Final = 0x1212
FINISHED_RESPONSE: Final = 0x9212
HEARTBEAT: Final = 0x0002
GAPS_MAX: Final = 255  # of one 0x9212; its count is a byte
STRIKES_MAX: Final = 20  # refused messages that end a connection
_DONE, _AGAIN = 0, 1
_NAME_PADDING = b"\x00 "


class Data(NamedTuple):
    """Bytes of a file at their place: to be written."""

    key: Key
    offset: int
    data: bytes


class Attachment(NamedTuple):
    """A whole file: store it, then call `answer(stored)`, which makes the 0x9212."""

    key: Key
    type: int
    size: int
    answer: Callable[[bool], None]


class AttachmentSession:
    """Feed it with `receive`, then take `data_to_send` and `work`. `closing` says why it is to be closed."""

    def __init__(
        self, transfers: Transfers, admits: Callable[[str, str], bool], counters: Counter[str]
    ) -> None:
        """`admits(identity, alarm number)`: whether these files were asked for."""
        self.closing = ""
        self.counters = counters
        self._transfers = transfers
        self._admits = admits
        self._stream = AttachmentStream()
        self._speaker = Speaker()
        self._alarm: tuple[str, str] | None = None  # identity and number of the latest 0x1210
        self._strikes = 0
        self._out = bytearray()
        self._work: list[Data | Attachment] = []

    def receive(self, data: bytes, now_ms: int) -> None:
        """Takes the next bytes. Raises nothing that the peer could cause."""
        for found in self._stream.receive(data):
            if self.closing:
                return
            if isinstance(found, FileBlock):
                self._block(found, now_ms)
            else:
                self._frame(found, now_ms)
        refused = len(self._stream.rejections())
        if refused:
            self._strike("rejected", refused)

    def data_to_send(self) -> bytes:
        """What is to be sent now; forgotten here once taken."""
        out, self._out = self._out, bytearray()
        return bytes(out)

    def work(self) -> list[Data | Attachment]:
        """What is to be written and stored, in order; forgotten here once taken."""
        taken, self._work = self._work, []
        return taken

    def _frame(self, payload: bytes, now_ms: int) -> None:
        try:
            header = parse_header(payload)
        except RemoteProtocolError:
            self._strike("rejected")
            return
        handler = _HANDLERS.get(header.message_id)
        if handler is None or header.subpackaged or header.encryption or not is_bcd(header.phone):
            self._refuse(header, RESULT_UNSUPPORTED, "unsupported")
            return
        try:
            handler(self, header, payload[header.body_at :], now_ms)
        except RemoteProtocolError:
            self._refuse(header, RESULT_BAD_MESSAGE, "bad_body")

    def _heartbeat(self, header: Header, body: bytes, now_ms: int) -> None:
        del body, now_ms
        self._out += self._speaker.general(header, RESULT_OK)

    def _list(self, header: Header, body: bytes, now_ms: int) -> None:
        del now_ms
        values = fast.decode_body(LIST, EDITION_2013, body)
        identity, alarm = identity_of(header.phone.hex()), _text(values["alarm_number"])
        if not self._admits(identity, alarm):
            self._refuse(header, RESULT_FAILED, "not_ordered")
            return
        self._alarm = (identity, alarm)
        self.counters["attachment_lists"] += 1
        self._out += self._speaker.general(header, RESULT_OK)

    def _file(self, header: Header, body: bytes, now_ms: int) -> None:
        values = fast.decode_body(FILE, EDITION_2013, body)
        key = self._key_of(values["name"])
        if key is None:
            self._refuse(header, RESULT_FAILED, "not_ordered")
        elif self._transfers.begin(key, values["file_size"], values["type"], now_ms) is None:
            self._refuse(header, RESULT_FAILED, "no_room")
        else:
            self._out += self._speaker.general(header, RESULT_OK)

    def _block(self, block: FileBlock, now_ms: int) -> None:
        key = self._key_of(block.name)
        transfer = self._transfers.get(key) if key is not None else None
        if key is None or transfer is None or transfer.finishing:
            self._strike("unannounced_blocks")
        elif not transfer.add(block.offset, block.offset + len(block.data)):
            self._strike("bad_blocks")
        else:
            transfer.touched_ms = now_ms
            self.counters["attachment_bytes"] += len(block.data)
            self._work.append(Data(key, block.offset, block.data))

    def _finished(self, header: Header, body: bytes, now_ms: int) -> None:
        values = fast.decode_body(FINISHED, EDITION_2013, body)
        key = self._key_of(values["name"])
        # Announced by this very message at the latest: a 0x1211 may have been lost.
        transfer = (
            self._transfers.begin(key, values["file_size"], values["type"], now_ms)
            if key is not None
            else None
        )
        if key is None or transfer is None:
            self._refuse(header, RESULT_FAILED, "not_ordered" if key is None else "no_room")
            return
        if transfer.finishing:  # asked again while it is stored: the answer is under way
            return
        gaps = [{"gap_offset": at, "gap_length": length} for at, length in transfer.gaps()][:GAPS_MAX]
        if gaps:
            self.counters["attachment_gaps"] += len(gaps)
            self._answer(header, values, _AGAIN, gaps)
            return
        transfer.finishing = True

        def stored(done: bool) -> None:
            self._transfers.end(key)
            self.counters["attachments_stored" if done else "attachments_not_stored"] += 1
            whole = {"gap_offset": 0, "gap_length": transfer.size}
            self._answer(header, values, _DONE if done else _AGAIN, [] if done else [whole])

        self._work.append(Attachment(key, transfer.type, transfer.size, stored))

    def _answer(
        self, header: Header, values: dict[str, Any], result: int, gaps: list[dict[str, int]]
    ) -> None:
        answer = {"name": values["name"], "type": values["type"], "result": result}
        answer |= {"count": len(gaps), "gaps": gaps}
        self._out += self._speaker.message(
            header.phone, header.version, FINISHED_RESPONSE, EDITION_2013, answer
        )

    def _key_of(self, name: bytes) -> Key | None:
        return Key(*self._alarm, _text(name)) if self._alarm is not None else None

    def _refuse(self, header: Header, result: int, cause: str) -> None:
        self._out += self._speaker.general(header, result)
        self._strike("refused_" + cause)

    def _strike(self, cause: str, count: int = 1) -> None:
        self.counters["attachments_" + cause] += count
        self._strikes += count
        if self._strikes >= STRIKES_MAX:
            self.closing = "too many refused messages"


def _text(raw: bytes) -> str:
    """Of a name or number as it came, padding stripped; bytes that are no text keep their difference."""
    return raw.strip(_NAME_PADDING).decode("gb18030", "backslashreplace")


_HANDLERS: Final = {
    HEARTBEAT: AttachmentSession._heartbeat,
    LIST: AttachmentSession._list,
    FILE: AttachmentSession._file,
    FINISHED: AttachmentSession._finished,
}
