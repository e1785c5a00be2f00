"""From the frame of a terminal through session, journal and batch: the same frame can be made of it again."""

from collections import Counter
from pathlib import Path

import pytest

from edge_gateway.journal import STORED, Journal
from edge_gateway.registry import Device, Registry
from edge_gateway.session import Session, SessionLimits
from protocols.monitoring.batch import Batch
from protocols.monitoring.forms import decode_batch, encode_batch
from protocols.monitoring.records import BACKFILL, LIVE, REPLY, Record
from protocols.wire.framing import build_frame
from protocols.wire.header import build_header
from simulator.authority.store import Store
from tests.gateway.support import PHONE_2013, PHONE_2019, Outcomes, body_of
from tests.gateway.test_session import authentication

REPLY_SERIAL = b"\x00\x07"  # of a 0x0201: the number of our own question, which is not the terminal's to keep
DEVICE = Device(53, 102, b"DYEDG", b"T1", b"0000001", 2, b"")


def batch_body(kind: int, bodies: list[bytes]) -> bytes:
    """A 0x0704 body."""
    items = b"".join([len(body).to_bytes(2, "big") + body for body in bodies])
    return len(bodies).to_bytes(2, "big") + bytes([kind]) + items


def frames(phone: bytes, version: int) -> list[bytes]:
    """One frame of each kind, one of them with bytes that must be escaped."""
    messages = [
        (0x0200, body_of(0x7D7E)),
        (0x0704, batch_body(1, [body_of(2), body_of(3, 80)])),
        (0x0704, batch_body(0, [body_of(4), body_of(5)])),
        (0x0201, REPLY_SERIAL + body_of(6)),
    ]
    return [
        build_frame(build_header(message_id, len(body), phone, serial, version) + body)
        for serial, (message_id, body) in enumerate(messages, 0x7D00)
    ]


def frame_of(records: list[Record]) -> bytes:
    """The frame that carried these records, from nothing but them."""
    first, bodies = records[0], [record.body for record in records]
    body = bodies[0]
    if first.kind == REPLY:
        body = REPLY_SERIAL + body
    elif first.kind != LIVE:
        body = batch_body(int(first.kind == BACKFILL), bodies)
    phone = bytes.fromhex(first.phone)
    return build_frame(build_header(first.message_id, len(body), phone, first.serial, first.version) + body)


def journalled(folder: Path, edition: int, sent: list[bytes], log_in_version: int) -> list[Record]:
    """What the journal holds after an authenticated session heard the frames."""
    registry, journal, codes = Registry(folder / "registry.db"), Journal(folder / "journal.db"), Outcomes()
    registry.register("13800138000", edition, DEVICE, lambda result, code: codes(code))  # type: ignore[arg-type]
    code: bytes = codes.wait(1)[0]  # type: ignore[assignment]
    session, outcomes = Session(registry, SessionLimits(), Counter(), 0), Outcomes()
    phone, body = PHONE_2019 if edition == 2019 else PHONE_2013, authentication(edition, code)
    session.receive(
        build_frame(build_header(0x0102, len(body), phone, 1, log_in_version) + body) + b"".join(sent), 0
    )
    submissions = session.submissions()
    for submission in submissions:
        journal.submit(submission.origin, 1_760_000_000_000, submission.reports, outcomes)
    assert set(outcomes.wait(len(submissions))) == {STORED}
    records = journal.read_after(0, 100, 1 << 20)
    journal.close()
    registry.close()
    return records


@pytest.mark.parametrize("form", ["columnar", "json"])
@pytest.mark.parametrize(("edition", "version"), [(2011, 0), (2013, 0), (2019, 1), (2019, 2), (2019, 7)])
@pytest.mark.parametrize("log_in_version", [1, 2], ids="authenticated-as-{}".format)
def test_the_frame_is_made_again_byte_for_byte(
    tmp_path: Path, edition: int, version: int, log_in_version: int, form: str
) -> None:
    """Also where a terminal authenticates under another version byte than it reports under."""
    sent = frames(PHONE_2019 if edition == 2019 else PHONE_2013, version)
    records = journalled(tmp_path, edition, sent, log_in_version)
    with Store(tmp_path / "authority.db") as authority:
        authority.store("gw", decode_batch(encode_batch(Batch("gw", records), form)).records)
        received = [record for _, record in authority.records()]
    by_serial: dict[int, list[Record]] = {}
    for record in received:
        by_serial.setdefault(record.serial, []).append(record)
    assert {record.edition for record in received} == {edition}
    assert [frame_of(carried) for carried in by_serial.values()] == sent
