"""Messages other than positions in the journal: kept whole, told apart, recognised when they come again."""

import struct

import pytest

from edge_gateway.journal import STORED, Journal, Origin
from edge_gateway.journal.packed import BODY_MAX
from edge_gateway.journal.packing import DamagedGroupError, report_of, unpack_records
from protocols.monitoring.records import LIVE, MESSAGE, pack_message

from .support import body_of, everything, report, store

TRUCK = Origin("00000000013800138000", 2019, 1)


@pytest.fixture
def journal(tmp_path):
    journal = Journal(tmp_path / "journal.db")
    yield journal
    journal.close()


def message(serial: int, message_id: int, body: bytes) -> tuple[int, int, bytes]:
    return serial, MESSAGE, pack_message(message_id, body)


def test_messages_stand_between_positions_in_order(journal):
    sent = [report(1), message(2, 0x0702, b"card"), report(3), message(4, 0x0900, b""), report(5)]
    assert store(journal, TRUCK, sent) == STORED
    kept = everything(journal)
    assert [(record.message_id, record.kind, record.serial) for record in kept] == [
        (0x0200, LIVE, 1),
        (0x0702, MESSAGE, 2),
        (0x0200, LIVE, 3),
        (0x0900, MESSAGE, 4),
        (0x0200, LIVE, 5),
    ]
    assert [record.body for record in kept] == [body_of(1), b"card", body_of(3), b"", body_of(5)]
    assert [report_of(record) for record in kept] == sent


def test_a_message_is_known_again_by_serial_id_and_body(journal):
    first = message(7, 0x0702, b"card")
    store(journal, TRUCK, [first, first])
    store(journal, TRUCK, [first])
    for other in (message(8, 0x0702, b"card"), message(7, 0x0702, b"cart"), message(7, 0x0704, b"card")):
        store(journal, TRUCK, [other])
    assert journal.last_sequence == 4 and journal.stats()["duplicates"] == 2


def test_a_message_is_no_position_though_its_bytes_are(journal):
    position = body_of(1)
    serial, message_id = struct.unpack_from(">HH", position)
    store(journal, TRUCK, [(0, LIVE, position), message(serial, message_id, position[4:])])
    assert journal.last_sequence == 2


@pytest.mark.parametrize("size", [0xFFFD, 0xFFFE, BODY_MAX - 2])
def test_long_messages_are_kept_whole(journal, size):
    body = bytes(range(256)) * (size // 256 + 1)
    store(journal, TRUCK, [report(1), message(2, 0x0801, body[:size]), report(3)])
    kept = everything(journal)
    assert [record.body for record in kept] == [body_of(1), body[:size], body_of(3)]


def test_what_no_session_may_join_is_refused_by_name(journal):
    with pytest.raises(ValueError, match="1048577 bytes"):
        journal.submit(TRUCK, 1, [(1, MESSAGE, bytes(BODY_MAX + 1))], lambda outcome: None)


def test_a_group_of_an_unknown_layout_is_refused(journal):
    with pytest.raises(DamagedGroupError):
        unpack_records(b"\x01\0\0", bytes(40), 1)


def test_a_dead_letter_of_a_message_is_kept(journal):
    store(journal, TRUCK, [message(7, 0x0702, b"card")])
    journal.reject([(1, "why")])
    assert journal.stats()["rejected"] == 1
