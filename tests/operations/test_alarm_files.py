"""Files of safety alarms are ordered as soon as an alarm is reported, once for each, whatever dies."""

import signal
import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_gateway.alarms import alarm_cursors
from edge_gateway.config import Config, MediaSection
from edge_gateway.media import MediaLimits, MediaStore, Orders
from edge_gateway.media.alarms import alarms_in
from edge_gateway.supervisor.plan import config_of
from protocols.jt808 import fast
from protocols.monitoring.json_form import as_the_standard_says
from protocols.monitoring.records import BATCHED, LIVE, MESSAGE, Record
from protocols.monitoring.table import RecordTable
from tests.commands.test_gateway import confirm
from tests.gateway.support import PHONE_2013, body_of, wait_for
from tests.gateway.test_attachments import FILE, IDENTIFIER, about_file, all_blocks, announce, finished
from tests.gateway.test_cli import CONFIG, Process
from tests.gateway.test_server import Truck

NOW_MS = 1_760_000_000_000
ATTACHMENTS = "\n[media]\nattachments = true\nport = 0\npublic_port = {}\n"


def alarm_body(sequence, files=1, flag=1, number=1):
    """A report with item 0x64: T/JSATL 12, an ADAS alarm with its identifier at the end."""
    identifier = b"0000001" + bytes.fromhex("260302100000") + bytes([sequence, files, 0])
    basic = body_of(number)[:28]
    item = (5).to_bytes(4, "big") + bytes([flag, 1, 1, 0, 0, 0, 0, 0, 60]) + bytes(10)
    item += bytes.fromhex("260302100000") + bytes(2) + identifier
    return basic + b"\x01\x04" + number.to_bytes(4, "big") + bytes([0x64, len(item)]) + item


def found(*bodies, kind=LIVE, message_id=0x0200):
    records = [
        Record(at, NOW_MS, PHONE_2013.hex(), 2013, 0, message_id, at, kind, body)
        for at, body in enumerate(bodies, 1)
    ]
    return list(alarms_in(RecordTable.of(records), as_the_standard_says))


def test_alarms_with_files_are_found_among_reports():
    alarms = found(body_of(1), alarm_body(3, files=2), body_of(2, 200), alarm_body(4, files=0), alarm_body(5))
    assert [(each.identity, each.edition, each.sequence) for each in alarms] == [
        ("13800138000", 2013, 2), ("13800138000", 2013, 5),
    ]  # fmt: skip
    assert alarms[0].identifier == {
        "terminal_id": "0000001", "time_bcd": "2026-03-02T10:00:00+08:00",
        "sequence": 3, "attachments": 2, "reserved": 0,
    }  # fmt: skip
    assert len(found(alarm_body(1), kind=BATCHED, message_id=0x0704)) == 1
    assert found(alarm_body(1), kind=MESSAGE, message_id=0x0900) == []


@given(st.lists(st.binary(min_size=28, max_size=300), max_size=5), st.integers(0, 255))
def test_whatever_stands_in_a_report_is_no_trouble(bodies, length):
    found(*bodies, *[body[:28] + bytes([0x64, length]) + body[28:] for body in bodies])


def test_an_alarm_keeps_its_number_over_a_restart(tmp_path):
    numbers = []
    for attachments in (1, 1, 2):
        store = MediaStore(tmp_path, MediaLimits())
        orders = Orders(store, "127.0.0.1", 7810)
        identifier = {**IDENTIFIER, "attachments": attachments}
        numbers.append(orders.order("1", 2013, identifier, NOW_MS)[0])
        others = (("1", {**IDENTIFIER, "sequence": 9}), ("2", IDENTIFIER))
        different = {orders.order(who, 2013, which, NOW_MS)[0] for who, which in others}
        assert len(different) == 2 and numbers[-1] not in different
        week_later_ms = NOW_MS + 8 * 86_400_000
        store.close()
    assert len(set(numbers)) == 1
    store = MediaStore(tmp_path, MediaLimits())
    again, _ = Orders(store, "127.0.0.1", 7810).order("1", 2013, IDENTIFIER, week_later_ms)
    store.close()
    assert again != numbers[0], "after a week it is another order"


def ordered(truck):
    """(sequence of the alarm, its number) of the next 0x9208; what else is heard is answers to reports."""
    while (heard := truck.hear()).id != 0x9208:
        assert heard.result == 0
    confirm(truck, heard)
    values = fast.decode_body(0x9208, 2013, heard.body)
    return values["identifier"]["sequence"], values["alarm_number"].rstrip(b"\0").decode()


@pytest.mark.parametrize(
    "workers", [pytest.param(1, marks=pytest.mark.soak), pytest.param(2, marks=pytest.mark.slow)]
)
def test_the_gateway_orders_them_by_itself_and_once(tmp_path, workers):
    config = tmp_path / "gateway.toml"
    text = CONFIG.replace("port = 0", f"port = 0\nworkers = {workers}", 1)
    config.write_text(text + ATTACHMENTS.format(7810))
    process = Process(config)
    try:
        truck = Truck(process.port).log_in()
        truck.send(0x0200, alarm_body(1, number=1), 3)
        truck.send(0x0200, alarm_body(1, flag=2, number=2), 4)  # its end, with the same identifier
        sequence, alarm = ordered(truck)
        assert sequence == 1
        truck.send(0x0200, alarm_body(2, number=3), 5)
        assert ordered(truck)[0] == 2, "the first is not ordered twice"
        with socket.create_connection(("127.0.0.1", process.ready["attachments_port"]), 10) as link:
            link.sendall(announce(alarm) + about_file(0x1211) + b"".join(all_blocks()))
            link.sendall(about_file(0x1212, serial=5))
            received = b""
            while not finished(received[: received.rfind(b"\x7e") + 1]):
                received += link.recv(4096)
        contents = tmp_path / "data" / "media" / "contents"
        wait_for(lambda: any(each.read_bytes() == FILE for each in contents.glob("*/*")))
        process.end(signal.SIGKILL)
        process = Process(config)
        truck = Truck(process.port).log_in(truck.code)
        items = [alarm_body(1, number=4), alarm_body(3, number=5)]  # from the time without a link
        batch = b"".join(len(item).to_bytes(2, "big") + item for item in items)
        truck.send(0x0704, len(items).to_bytes(2, "big") + b"\1" + batch, 6)
        assert ordered(truck)[0] == 3
    finally:
        assert process.end() == 0


@pytest.mark.parametrize(
    ("media", "is_worker", "follows"),
    [
        ({}, False, False),
        ({"attachments": True}, False, True),
        ({"attachments": True, "order_files": False}, False, False),
        ({"attachments": True, "enabled": False}, False, False),
        ({"attachments": True}, True, True),
        ({"attachments": True, "order_files": False}, True, False),
        ({}, True, False),
    ],
)
def test_who_follows_the_journal(media, is_worker, follows):
    """And nobody else holds records of the journal back for it."""
    config = Config(media=MediaSection(**media))
    if is_worker:
        server = config.server.model_copy(update={"workers": 2})
        config = config_of(config.model_copy(update={"server": server}), 0)
    assert bool(alarm_cursors(config, is_worker)) is follows
    assert not is_worker or not config.media.attachments
