"""Messages other than positions: journalled, answered after the commit, told to whoever waits for them."""

import pytest

from edge_gateway.delivery.source import PAYLOAD_BYTES_MAX
from edge_gateway.session import Answered, EditionSeen, House, SessionLimits, Uplink
from edge_gateway.session.handlers import CONTROL, HANDLERS
from edge_gateway.session.ids import ATTACHMENTS, COMMAND_ANSWERS, UNANSWERED, UPLINK, WITH_REPLY_SERIAL
from edge_gateway.session.ports import PackageLimits
from protocols.jt808.catalog import MESSAGES
from protocols.jt808.quirks import parse_profile
from protocols.monitoring import emqx_form
from protocols.monitoring.batch import BODY_BYTES_MAX, MESSAGE_BYTES_MAX, Batch
from protocols.monitoring.forms import encode_batch
from protocols.monitoring.records import MESSAGE, REPLY, Record, pack_message
from protocols.wire.framing import build_frame

from .session_desk import IDENTITY, Desk, payloads
from .support import answers, body_of

# Vectors of the reference; the first was captured from a device.
CARD_OUT_2019 = bytes.fromhex("7e070240070100000000013800138000031102221102152004f97e")
CARD_IN_2013 = bytes.fromhex(
    "7e0702003c0138001380000003012501020800000006cdf5d0a1c3f7353330313030313939303031303131323334"
    "000014c0a5c3f7cad0b5c0c2b7d4cbcae4b9dcc0edbed620301231bb7e"
)
DRIVER_2011 = b"\6" + "王小明".encode("gbk") + b"530100199001011234\0\0" + b"1" * 40 + b"\2ab"


@pytest.mark.parametrize(("edition", "vector"), [(2013, CARD_IN_2013), (2019, CARD_OUT_2019)])
def test_a_driver_card_is_journalled_whole_and_answered_after_the_commit(edition, vector):
    desk = Desk(edition).log_in()
    assert desk.say(vector) == b""
    ((header, content),) = payloads(vector)
    (submission,) = desk.journalled
    assert submission.reports == [(header.serial, MESSAGE, pack_message(0x0702, content))]
    assert submission.origin.edition == edition
    assert desk.commit() == [(0x0702, header.serial, 0)]
    assert desk.events == [Uplink(0x0702, None, content, edition)], "it may be what 0x8702 asked for"


def test_every_message_of_the_catalog_has_a_place():
    assert set(HANDLERS) == UPLINK - ATTACHMENTS
    assert {0x0104, 0x0107, 0x0500, 0x0608, 0x0700, 0x0802, 0x0805, 0x0302, 0x1003, 0x1205} <= COMMAND_ANSWERS
    assert {0x0104, 0x0201, 0x0302, 0x0500, 0x0700, 0x0802, 0x0805, 0x1205, 0x1206} <= WITH_REPLY_SERIAL
    assert 0x0107 not in WITH_REPLY_SERIAL and set(MESSAGES) >= COMMAND_ANSWERS
    assert {0x0001, 0x0104, 0x0201} <= UNANSWERED and 0x0702 not in UNANSWERED and 0x0801 not in UNANSWERED
    assert set(CONTROL) == {0x0001, 0x0002, 0x0003, 0x0004, 0x0005, 0x0100, 0x0102, 0x0A00}


def test_an_answer_to_a_command_is_journalled_told_and_not_answered():
    desk = Desk().log_in()
    content = b"\0\7\1" + bytes.fromhex("00000001 04 0000003c")
    assert desk.say(desk.frame(0x0104, content, 30)) == b""
    assert desk.journalled[0].reports == [(30, MESSAGE, pack_message(0x0104, content))]
    assert desk.events == [Uplink(0x0104, 7, content, 2013)] and desk.commit() == []


def test_a_position_that_answers_a_query_is_told_with_the_serial_that_the_record_has_no_place_for():
    desk = Desk().log_in()
    desk.say(desk.frame(0x0201, b"\0\x2a" + body_of(1), 30))
    assert desk.journalled[0].reports == [(30, REPLY, body_of(1))]
    assert desk.events == [Uplink(0x0201, 42, b"\0\x2a" + body_of(1), 2013)]


def test_a_general_response_says_what_became_of_a_command():
    desk = Desk().log_in()
    assert desk.say(desk.frame(0x0001, bytes.fromhex("0007 8300 03"))) == b""
    assert desk.events == [Answered(0x8300, 7, 3)] and not desk.journalled


def test_bad_bodies_are_refused_with_2_and_unknown_ids_with_3():
    desk = Desk().log_in()
    said = answers(
        desk.say(desk.frame(0x0702, b"\1", 1), desk.frame(0x0F01, b"x", 2), desk.frame(0xE001, b"x", 3))
    )
    assert [answer.brief for answer in said] == [(0x0702, 1, 2), (0x0F01, 2, 3), (0xE001, 3, 3)]
    assert desk.say(desk.frame(0x0104, b"\0", 4)) == b"", "an answer is not answered, however bad"
    assert not desk.journalled and desk.counters["refused_bad_body"] == 2


def test_a_message_that_the_edition_does_not_have_is_taken():
    """0x0608 and 0x0704 are newer than the terminal's edition; 0x0301 is said to be gone from 2019."""
    areas = bytes.fromhex("01 00000000")
    for edition, message_id, content in ((2013, 0x0608, areas), (2011, 0x0608, areas), (2019, 0x0301, b"\5")):
        desk = Desk(edition).log_in()
        assert desk.say(desk.frame(message_id, content, 5)) == b""
        assert desk.journalled[0].reports == [(5, MESSAGE, pack_message(message_id, content))]
        assert desk.session.edition == edition, "says nothing of the others"


def test_a_terminal_known_as_2013_that_writes_as_2011_is_remembered_as_2011():
    desk = Desk(2013).log_in()
    desk.say(desk.frame(0x0702, DRIVER_2011, 5))
    assert EditionSeen(IDENTITY, 2011) in desk.events and desk.session.edition == 2011
    assert desk.journalled[0].origin.edition == 2011
    desk.say(CARD_IN_2013)
    assert EditionSeen(IDENTITY, 2013) in desk.events and desk.session.edition == 2013
    assert desk.counters["editions_corrected"] == 2


def test_a_profile_says_the_edition_whatever_is_seen():
    profile = parse_profile({"maker": "M", "model": "T", "edition": 2013})
    desk = Desk(2011, house=House(profile_of=lambda identity, device: profile)).log_in()
    assert desk.session.edition == 2013
    desk.say(desk.frame(0x0702, DRIVER_2011, 5))
    assert not [event for event in desk.events if isinstance(event, EditionSeen)]
    assert desk.session.edition == 2013 and desk.journalled[0].reports[0][1] == MESSAGE


@pytest.mark.parametrize(("server_time", "shown"), [("utc", "261121165512"), ("beijing", "261122005512")])
def test_the_servers_time(server_time, shown):
    desk = Desk(2019, house=House(utc_s=lambda: 1795280112, server_time=server_time)).log_in()
    ((header, content),) = payloads(desk.say(desk.frame(0x0004)))
    assert (header.message_id, content.hex()) == (0x8004, shown)


@pytest.mark.parametrize(
    ("message_id", "most"), [(0x0900, MESSAGE_BYTES_MAX), (0x0200, BODY_BYTES_MAX)], ids=hex
)
def test_what_no_batch_could_carry_is_refused_and_not_cut(message_id, most):
    """At the limit it is taken, and every form can write it within what a broker takes."""
    content = body_of(1)[:28] + bytes(most - 28)
    if message_id == 0x0900:
        content = b"\xf7" + content[1:]
    desk = Desk().log_in()
    said = answers(desk.say(*desk.packages(message_id, content + b"\0", 0, 1023)))
    assert {answer.result for answer in said} == {3} and len(said) == -(-(most + 1) // 1023)
    assert not desk.journalled and desk.counters["refused_too_long"] == 1
    desk.say(*desk.packages(message_id, content, 1000, 1023))
    ((_, kind, body),) = desk.journalled[0].reports
    assert len(body) >= most and {result for _, _, result in desk.commit()} == {0}
    record = Record(1, 0, "013800138000", 2013, 0, message_id, 1000, kind, content)
    written = [encode_batch(Batch("g", [record]), form) for form in ("columnar", "json")]
    assert max(map(len, [*written, emqx_form.encode(record)])) < PAYLOAD_BYTES_MAX


def test_a_message_beyond_what_a_terminal_may_leave_unfinished_is_refused_by_name():
    desk = Desk(limits=SessionLimits(packages=PackageLimits(bytes_max=1 << 16))).log_in()
    said = answers(desk.say(*desk.packages(0x0801, bytes(1 << 17), 0, 1023)))
    assert said and {answer.result for answer in said} == {3}
    assert desk.counters["refused_too_long"] >= 1 and not desk.counters["refused_bad_body"]


def test_a_frame_for_platforms_is_no_terminals():
    desk = Desk().log_in()
    assert desk.say(desk.frame(0x8300, b"\0hello"), desk.frame(0xF001, b"x")) == b""
    assert desk.say(build_frame(b"\xe0\1\0\0" + desk.phone + b"\0\1")) != b"", "a vendor's uplink"
