"""The attachment server (T/JSATL 12): only what was ordered, resumed where it broke, done when stored."""

import asyncio
import hashlib
import random
import struct
import time
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_gateway.media import AttachmentServer, AttachmentSession, MediaLimits, MediaStore, Orders
from edge_gateway.media.attachments import Attachment, Data
from edge_gateway.media.transfers import RANGES_MAX, Key, Transfer, Transfers
from protocols.jt808 import fast

from .session_desk import IDENTITY, body, payloads
from .support import DEADLINE_S, answers, frame

ALARM = "a" * 32
IDENTIFIER = {
    "terminal_id": b"0000001",
    "time_bcd": bytes.fromhex("260302100000"),
    "sequence": 0,
    "attachments": 1,
    "reserved": 0,
}
NAME = b"00_64_6401_0_a.jpg"
FILE_BYTES = 200_000
FILE = random.Random(1).randbytes(FILE_BYTES)


def announce(alarm=ALARM):
    values = {
        "terminal_id": b"0000001", "identifier": IDENTIFIER, "alarm_number": alarm.encode(), "type": 0,
        "count": 1, "files": [{"name": NAME, "file_size": len(FILE)}],
    }  # fmt: skip
    return frame(0x1210, body(0x1210, 2013, values), 1)


def about_file(message_id, size=FILE_BYTES, serial=2):
    return frame(message_id, body(message_id, 2013, {"name": NAME, "type": 0, "file_size": size}), serial)


def block(offset, length, name=NAME):
    data = FILE[offset : offset + length]
    return b"\x30\x31\x63\x64" + name.ljust(50, b"\0") + struct.pack(">II", offset, len(data)) + data


def all_blocks(size=65536):
    return [block(at, size) for at in range(0, len(FILE), size)]


def finished(data):
    """(result, gaps) of each 0x9212."""
    found = []
    for header, content in payloads(data):
        if header.message_id == 0x9212:
            values = fast.decode_body(0x9212, 2013, content)
            found.append((values["result"], [(g["gap_offset"], g["gap_length"]) for g in values["gaps"]]))
    return found


class Link:
    """A session of the core, and the disk in memory."""

    def __init__(self, transfers=None, admitted=True, disk=None):
        self.transfers = Transfers(8, 60_000, 1 << 20) if transfers is None else transfers
        self.counters = Counter()
        self.session = AttachmentSession(
            self.transfers,
            lambda identity, alarm: admitted and (identity, alarm) == (IDENTITY, ALARM),
            self.counters,
        )
        self.disk = {} if disk is None else disk
        self.asked = []

    def say(self, *data, now_ms=0):
        self.session.receive(b"".join(data), now_ms)
        for work in self.session.work():
            if isinstance(work, Data):
                held = self.disk.setdefault(work.key, bytearray(len(FILE)))
                held[work.offset : work.offset + len(work.data)] = work.data
            else:
                assert isinstance(work, Attachment)
                self.asked.append(work)
        return self.session.data_to_send()


def test_a_file_is_done_when_it_is_stored_and_not_before():
    link = Link()
    said = link.say(announce(), about_file(0x1211), *all_blocks(), about_file(0x1212, serial=3))
    assert [answer.brief for answer in answers(said)] == [(0x1210, 1, 0), (0x1211, 2, 0)]
    (asked,) = link.asked
    assert link.disk[asked.key] == FILE and asked.key == Key(IDENTITY, ALARM, NAME.decode())
    assert link.say(about_file(0x1212, serial=3)) == b"", "asked again while it is stored"
    asked.answer(True)
    assert finished(link.session.data_to_send()) == [(0, [])] and len(link.transfers) == 0


def test_a_store_that_refuses_has_the_file_sent_again():
    link = Link()
    link.say(announce(), about_file(0x1211), *all_blocks(), about_file(0x1212))
    link.asked[0].answer(False)
    assert finished(link.session.data_to_send()) == [(1, [(0, len(FILE))])]
    link.say(about_file(0x1211), *all_blocks(), about_file(0x1212))
    link.asked[1].answer(True)
    assert finished(link.session.data_to_send()) == [(0, [])]


def test_what_is_missing_is_named_and_a_new_connection_goes_on():
    first = Link()
    blocks = all_blocks()
    first.say(announce(), about_file(0x1211), blocks[0], blocks[3])
    assert finished(first.say(about_file(0x1212))) == [(1, [(65536, 131072)])]
    second = Link(first.transfers, disk=first.disk)
    assert finished(second.say(announce(), about_file(0x1211), blocks[1], about_file(0x1212))) == [
        (1, [(131072, 65536)])
    ]
    second.say(blocks[2], about_file(0x1212))
    assert second.disk[second.asked[0].key] == FILE


def test_only_what_was_ordered_comes_in():
    link = Link(admitted=False)
    said = link.say(announce(), about_file(0x1211), block(0, 100), about_file(0x1212))
    assert [answer.result for answer in answers(said)] == [1, 1, 1] and not link.disk and not link.asked
    assert link.counters["attachments_refused_not_ordered"] == 3
    assert link.counters["attachments_unannounced_blocks"] == 1


def test_abuse_ends_the_connection_and_costs_no_memory():
    link = Link(Transfers(8, 60_000, 1000))
    (refused,) = answers(link.say(announce(), about_file(0x1211)))[1:]
    assert refused.result == 1 and link.counters["attachments_refused_no_room"] == 1
    link = Link()
    link.say(announce(), about_file(0x1211, size=1000))
    link.say(*[block(900, 200)] * 19)
    assert link.counters["attachments_bad_blocks"] == 19 and not link.session.closing and not link.disk
    link.say(frame(0x0200, bytes(28)))
    assert link.session.closing and link.say(announce()) == b""


def test_files_that_do_not_grow_are_given_up():
    link = Link()
    link.say(announce(), about_file(0x1211), block(0, 100), now_ms=1000)
    assert link.transfers.idle(61_000) == [] and len(link.transfers) == 1
    assert link.transfers.idle(61_001) == [Key(IDENTITY, ALARM, NAME.decode())] and len(link.transfers) == 0


@given(st.lists(st.tuples(st.integers(0, 120), st.integers(0, 60)), max_size=40))
def test_ranges_are_what_a_set_of_bytes_says(pieces):
    transfer, there = Transfer(100, 0, 0), set()
    for start, length in pieces:
        taken = transfer.add(start, start + length)
        assert taken == (start + length <= 100)
        if taken:
            there |= set(range(start, start + length))
    missing = {at + index for at, length in transfer.gaps() for index in range(length)}
    assert missing == set(range(100)) - there
    assert all(a[1] < b[0] for a, b in zip(transfer.ranges, transfer.ranges[1:], strict=False))


def test_a_file_in_crumbs_is_bounded():
    transfer = Transfer(10 * RANGES_MAX, 0, 0)
    taken = [transfer.add(at, at + 1) for at in range(0, 10 * RANGES_MAX, 3)]
    assert taken.count(True) == RANGES_MAX and transfer.add(0, 10 * RANGES_MAX) and not list(transfer.gaps())


def test_an_order_is_remembered_and_told_in_the_standards_form(tmp_path):
    store = MediaStore(tmp_path)
    orders = Orders(store, "gate.example", 7809)
    alarm, content = orders.order(IDENTITY, 2013, IDENTIFIER, 1000)
    values = fast.decode_body(0x9208, 2013, content)
    assert (values["server"], values["tcp_port"]) == (b"gate.example", 7809)
    assert values["alarm_number"] == alarm.encode() and values["identifier"] == IDENTIFIER
    store.close()
    store = MediaStore(tmp_path)
    again = Orders(store, "gate.example", 7809)
    assert again.admits(IDENTITY, alarm, 2000)
    assert not again.admits("other", alarm, 2000) and not again.admits(IDENTITY, "b" * 32, 2000)
    week_ms = 7 * 24 * 3600 * 1000
    assert again.admits(IDENTITY, alarm, 1000 + week_ms) and not again.admits(IDENTITY, alarm, 1001 + week_ms)
    again.order(IDENTITY, 2013, IDENTIFIER, 1001 + week_ms)
    assert len(store.run("SELECT * FROM alarm_order")) == 1, "the old one is forgotten"
    store.close()


@pytest.mark.parametrize("cut", [None, 70_000])
def test_over_a_socket_with_a_break(tmp_path, cut):
    """The whole way: connection, blocks, break, resume, disk, list."""

    async def talk(server, alarm, port, *said):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"".join(said))
        await writer.drain()
        return reader, writer

    async def scenario():
        loop = asyncio.get_running_loop()

        def deliver(released):
            loop.call_soon_threadsafe(lambda: [release(stored) for release, stored in released])

        store = MediaStore(tmp_path / "media", MediaLimits(), deliver)
        orders = Orders(store, "127.0.0.1", 1)
        server = AttachmentServer(loop, store, orders)
        _, port = await server.start("127.0.0.1", 0)
        alarm, _ = orders.order(IDENTITY, 2013, IDENTIFIER, time.time_ns() // 1_000_000)
        stream = b"".join([about_file(0x1211), *all_blocks(10_000)])
        if cut:
            reader, writer = await talk(server, alarm, port, announce(alarm), stream[:cut])
            await reader.readuntil(b"\x7e\x7e")
            writer.transport.abort()
        reader, writer = await talk(
            server, alarm, port, announce(alarm), stream, about_file(0x1212, serial=5)
        )
        received = b""
        while not finished(received[: received.rfind(b"\x7e") + 1]):
            received += await asyncio.wait_for(reader.read(4096), DEADLINE_S)
            assert received, "closed"
        assert finished(received) == [(0, [])]
        (item,) = store.list(IDENTITY)
        assert (item.alarm, item.name, item.size) == (alarm, NAME.decode(), len(FILE))
        assert item.digest == hashlib.sha256(FILE).hexdigest() and store.path_of(item).read_bytes() == FILE
        writer.close()
        await server.stop()
        store.close()
        assert list((tmp_path / "media" / "incoming").iterdir()) == []

    asyncio.run(asyncio.wait_for(scenario(), DEADLINE_S))


def test_a_file_that_is_announced_anew_as_a_shorter_one_has_no_rest_of_the_longer(tmp_path):
    short = 1000

    async def scenario():
        loop = asyncio.get_running_loop()

        def deliver(released):
            loop.call_soon_threadsafe(lambda: [release(stored) for release, stored in released])

        store = MediaStore(tmp_path / "media", MediaLimits(), deliver)
        orders = Orders(store, "127.0.0.1", 1)
        server = AttachmentServer(loop, store, orders)
        _, port = await server.start("127.0.0.1", 0)
        alarm, _ = orders.order(IDENTITY, 2013, IDENTIFIER, time.time_ns() // 1_000_000)
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        longer = [about_file(0x1211), *all_blocks(10_000)]
        shorter = [about_file(0x1211, short), block(0, short), about_file(0x1212, short, 5)]
        writer.write(b"".join([announce(alarm), *longer, *shorter]))
        received = b""
        while not finished(received[: received.rfind(b"\x7e") + 1]):
            received += await asyncio.wait_for(reader.read(4096), DEADLINE_S)
        (item,) = store.list(IDENTITY)
        assert item.size == short and store.path_of(item).read_bytes() == FILE[:short]
        writer.close()
        await server.stop()
        store.close()

    asyncio.run(asyncio.wait_for(scenario(), DEADLINE_S))
