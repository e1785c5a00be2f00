"""Conversations with the session core: who may speak, what is answered when, in every edition."""

import threading
from collections import Counter

import pytest

from edge_gateway.registry import Device, Registry
from edge_gateway.session import Authenticated, Close, Deregister, Register, Session, SessionLimits, table
from protocols.monitoring.records import BACKFILL, BATCHED, LIVE, REPLY
from protocols.wire.bodies import encode_body
from protocols.wire.errors import LocalProtocolError
from protocols.wire.framing import build_frame
from protocols.wire.header import build_header

from .support import DEADLINE_S, PHONE_2013, PHONE_2019, answers, body_of, frame

PLATE = "云A12345".encode("gbk")
WIDTHS = {2011: (5, 8, 7), 2013: (5, 20, 7), 2019: (11, 30, 30)}
# A captured layout of the standard's tables (reference vectors): not made by our encoder.
HEARTBEAT_2013 = bytes.fromhex("7e000200000138001380000001a97e")
HEARTBEAT_2019 = bytes.fromhex("7e0002400001000000000138001380000001e87e")
ANSWER_TO_IT = bytes.fromhex("7e80010005013800138000000000010002002d7e")
POSITION_2013 = bytes.fromhex(
    "7e020000220138001380000002000000000000000301dc89d0073d8aa5000c025d005a250102030405010400012345557e"
)


def phone_of(edition):
    return PHONE_2019 if edition == 2019 else PHONE_2013


def registration(edition, terminal_id=b"0000001", plate=PLATE):
    maker, model, width = WIDTHS[edition]
    values = {
        "province": 53,
        "city": 102,
        "maker": b"DYEDG".ljust(maker, b"\0"),
        "model": b"T1".ljust(model, b"\0"),
        "terminal_id": terminal_id.ljust(width, b"\0"),
        "plate_colour": 2,
        "plate": plate,
    }
    return encode_body(0x0100, edition, values)


def authentication(edition, code):
    if edition == 2019:
        values = {"auth_code": code, "imei": b"1" * 15, "software_version": b"v1".ljust(20, b"\0")}
        return encode_body(0x0102, 2019, values)
    return code


class Desk:
    """A session, with a registry for its door, and the loop of the shell in three lines."""

    def __init__(self, registry, limits=None):
        self.registry = registry
        self.session = Session(registry, limits or SessionLimits(), Counter(), 0)
        self.events = []
        self.journalled = []

    def say(self, *frames, now_ms=0):
        """Sends frames in one chunk; gives the answers that are sent at once."""
        self.session.receive(b"".join(frames), now_ms)
        self.journalled += self.session.submissions()
        return self.settle()

    def settle(self):
        for event in self.session.events():
            self.events.append(event)
            if isinstance(event, Register):
                self.ask(self.registry.register, event.identity, event.edition, event.device, event.answer)
            elif isinstance(event, Deregister):
                self.ask(self.registry.deregister, event.identity, event.answer)
        return answers(self.session.data_to_send())

    @staticmethod
    def ask(question, *arguments):
        """Asks the registry; the last argument is called back. Returns after that."""
        called = threading.Event()

        def call_back(*outcome):
            arguments[-1](*outcome)
            called.set()

        question(*arguments[:-1], call_back)
        assert called.wait(DEADLINE_S)

    def log_in(self, edition=2013, terminal_id=b"0000001"):
        phone = phone_of(edition)
        (answer,) = self.say(frame(0x0100, registration(edition, terminal_id), 1, phone))
        assert answer.id == 0x8100 and answer.result == 0
        (ok,) = self.say(frame(0x0102, authentication(edition, answer.auth_code), 2, phone))
        assert ok.brief == (0x0102, 2, 0)
        return answer.auth_code


@pytest.fixture
def registry(tmp_path):
    registry = Registry(tmp_path / "registry.db")
    yield registry
    registry.close()


@pytest.fixture
def desk(registry):
    return Desk(registry)


@pytest.mark.parametrize("edition", [2011, 2013, 2019])
def test_register_authenticate_report(desk, registry, edition):
    desk.log_in(edition)
    assert registry.edition_of("13800138000") == edition
    assert desk.session.state == table.ONLINE
    assert Authenticated("13800138000", edition) in desk.events
    report = frame(0x0200, body_of(7), 0x7D7E, phone_of(edition))
    assert desk.say(report) == [], "nothing is said before the commit"
    (submission,) = desk.journalled
    assert (submission.origin.phone, submission.origin.edition) == (phone_of(edition).hex(), edition)
    assert submission.reports == [(0x7D7E, LIVE, body_of(7))]
    (answer,) = answers(submission.answers)
    assert answer.brief == (0x0200, 0x7D7E, 0)
    assert answer.header.phone == phone_of(edition) and answer.header.edition == (
        2019 if edition == 2019 else 2013
    )


def test_the_standards_own_frames(desk):
    desk.log_in(2013)
    desk.session.speaker.serial = 0
    desk.session.receive(HEARTBEAT_2013, 0)
    assert desk.session.data_to_send() == ANSWER_TO_IT
    desk.say(POSITION_2013)
    assert desk.journalled[0].reports == [(2, LIVE, POSITION_2013[13:-2])]


def test_a_2019_heartbeat_is_answered_in_its_layout(desk):
    desk.log_in(2019)
    (answer,) = desk.say(HEARTBEAT_2019)
    assert answer.brief == (0x0002, 1, 0)
    assert (answer.header.edition, answer.header.version, answer.header.phone) == (2019, 1, PHONE_2019)


def test_a_2011_terminal_with_a_vin_for_a_plate_is_no_2013_one(desk, registry):
    desk.say(frame(0x0100, registration(2011, plate=b"LSVAA4182E2123456")))
    assert registry.edition_of("13800138000") == 2011


def test_the_edition_of_the_registration_is_remembered(registry, desk):
    code = desk.log_in(2011)
    again = Desk(registry)
    again.say(frame(0x0102, code))
    again.say(frame(0x0200, body_of(1), 3))
    assert again.journalled[0].origin.edition == 2011


def test_a_wrong_code_is_refused_and_does_not_open(desk):
    desk.log_in()
    other = Desk(desk.registry)
    (answer,) = other.say(frame(0x0102, b"0" * 32, 9))
    assert answer.brief == (0x0102, 9, 1)
    (answer,) = other.say(frame(0x0200, body_of(1), 10))
    assert answer.brief == (0x0200, 10, 1) and not other.journalled
    assert other.session.counters["refused_wrong_code"] == 1


def test_a_wrong_code_ends_an_authenticated_session_but_keeps_what_was_taken(desk):
    desk.log_in()
    said = desk.say(frame(0x0200, body_of(1), 3), frame(0x0102, b"wrong", 4), frame(0x0200, body_of(2), 5))
    assert [answer.brief for answer in said] == [(0x0102, 4, 1), (0x0200, 5, 1)]
    assert [submission.reports[0][0] for submission in desk.journalled] == [3]


def test_a_stranger_and_a_trailing_zero(desk):
    (answer,) = desk.say(frame(0x0102, b"whatever"))
    assert answer.result == 1
    code = desk.log_in()
    (answer,) = desk.say(frame(0x0102, code + b"\0", 5))
    assert answer.result == 0, "2011 ends its strings with a zero byte"


def test_nothing_is_taken_before_authentication_and_the_door_closes(registry):
    desk = Desk(registry, SessionLimits(strikes=4))
    said = desk.say(
        *[frame(message_id, body_of(1), serial) for serial, message_id in enumerate([0x0200, 0x0002])]
    )
    assert [answer.result for answer in said] == [1, 1] and not desk.events
    assert [answer.brief for answer in desk.say(frame(0x0704, body_of(1), 7), frame(0x0F0F, b"", 8))] == [
        (0x0704, 7, 1),
        (0x0F0F, 8, 1),
    ]
    assert isinstance(desk.events[-1], Close)
    assert desk.say(frame(0x0200, body_of(1), 9)) == [], "deaf once closing"
    assert not desk.journalled


@pytest.mark.parametrize(
    ("message", "result"),
    [
        (frame(0x0F0F, b"??", 9), 3),
        (frame(0x0801, b"??", 9), 3),  # nobody stores pictures here
        (frame(0x1211, b"\1a\0" + bytes(4), 9), 3),
        (frame(0xE123, b"vendor", 9), 3),
        (frame(0x0A00, bytes(131) + b"\3" + bytes(128), 9), 2),
        (build_frame(build_header(0x0002, 0, PHONE_2013, 9, total=2, number=1)), 3),
        (build_frame(build_header(0x0200, 36, PHONE_2013, 9, encryption=1) + body_of(1)), 3),
        (frame(0x0200, body_of(1)[:27], 9), 2),
        (frame(0x0200, b"", 9), 2),
        (frame(0x0704, b"\0\2\0" + b"\0\x24" + body_of(1), 9), 2),
        (frame(0x0704, b"\0\1\7" + b"\0\x24" + body_of(1), 9), 2),
        (frame(0x0704, b"\0\0\0", 9), 2),
        (frame(0x0704, b"\0\1\1" + b"\0\x1b" + body_of(1)[:27], 9), 2),
        (frame(0x0200, body_of(1), 9, bytes.fromhex("013900139000")), 1),
        (frame(0x0100, registration(2013), 9, bytes.fromhex("013900139000")), None),
        (frame(0x0200, body_of(1), 9, bytes.fromhex("0138001380ab")), 2),
    ],
)
def test_what_is_refused_with_which_result(desk, message, result):
    desk.log_in()
    (answer,) = desk.say(message)
    assert answer.reply_serial == 9 and answer.result == (1 if result is None else result)
    assert not desk.journalled and desk.session.state == table.ONLINE
    assert sum(n for name, n in desk.session.counters.items() if name.startswith("refused_")) == 1


def test_a_batch_is_one_answer_and_many_records(desk):
    desk.log_in()
    bodies = [body_of(number, 36 + number) for number in range(3)]
    items = b"".join(len(body).to_bytes(2, "big") + body for body in bodies)
    desk.say(frame(0x0704, b"\0\3\1" + items, 9), frame(0x0704, b"\0\3\0" + items, 10))
    (submission,) = desk.journalled
    assert submission.reports == [(9, BACKFILL, body) for body in bodies] + [
        (10, BATCHED, body) for body in bodies
    ]
    assert [answer.brief for answer in answers(submission.answers)] == [(0x0704, 9, 0), (0x0704, 10, 0)]


def test_the_answer_to_a_query_is_journalled_and_not_answered(desk):
    desk.log_in()
    assert desk.say(frame(0x0201, b"\0\5" + body_of(1), 9), frame(0x0201, b"\0\5", 10)) == []
    assert desk.journalled[0].reports == [(9, REPLY, body_of(1))] and desk.journalled[0].answers == b""


def test_platform_messages_and_answers_are_never_answered(desk):
    desk.log_in()
    assert desk.say(frame(0x8001, b"\0\1\2\0\0", 9), frame(0x0001, b"\0\1\x82\1\0", 10)) == []
    assert desk.say(frame(0x0001, b"\0", 11)) == [] and desk.session.counters["refused_bad_body"] == 1


def test_refused_answers_say_failure(desk):
    desk.log_in(2019)
    desk.say(frame(0x0200, body_of(1), 0x7E7D, PHONE_2019), frame(0x0200, body_of(2), 4, PHONE_2019))
    refused = answers(desk.session.refused(desk.journalled[0].answers))
    assert [answer.brief for answer in refused] == [(0x0200, 0x7E7D, 1), (0x0200, 4, 1)]
    assert refused[0].header.phone == PHONE_2019


def test_registering_again_keeps_the_old_code_until_the_new_one_is_used(registry):
    first = Desk(registry)
    old = first.log_in()
    (answer,) = Desk(registry).say(frame(0x0100, registration(2013), 5))
    new = answer.auth_code
    assert answer.result == 0 and new != old
    assert Desk(registry).say(frame(0x0102, old))[0].result == 0
    assert Desk(registry).say(frame(0x0102, new))[0].result == 0
    assert Desk(registry).say(frame(0x0102, old))[0].result == 1, "revoked by the use of the new one"
    assert Desk(registry).say(frame(0x0102, new))[0].result == 0


def test_replayed_registrations_do_not_lock_the_truck_out(registry):
    code = Desk(registry).log_in()
    for serial in range(8):
        Desk(registry).say(frame(0x0100, registration(2013), serial))
    assert Desk(registry).say(frame(0x0102, code))[0].result == 0


def test_another_device_on_the_phone_is_refused_with_3(registry):
    Desk(registry).log_in()
    (answer,) = Desk(registry).say(frame(0x0100, registration(2013, b"0000002"), 5))
    assert (answer.id, answer.result, answer.auth_code) == (0x8100, 3, b"")


def test_a_closed_registry_takes_the_known_only(tmp_path):
    registry = Registry(tmp_path / "r.db")
    Desk(registry).log_in()
    registry.close()
    closed = Registry(tmp_path / "r.db", closed=True)
    assert Desk(closed).say(frame(0x0100, registration(2013)))[0].result == 0
    stranger = Desk(closed)
    stranger.session.receive(frame(0x0100, registration(2013), 1, bytes.fromhex("013900139000")), 0)
    (asked,) = stranger.session.events()
    closed.register(asked.identity, asked.edition, asked.device, asked.answer)
    assert answers(stranger.session.data_to_send())[0].result == 4
    closed.close()


def test_deregistration_revokes_and_frees_the_phone(desk, registry):
    code = desk.log_in()
    said = desk.say(frame(0x0200, body_of(1), 3), frame(0x0003, b"", 4), frame(0x0200, body_of(2), 5))
    assert [answer.brief for answer in said] == [(0x0200, 5, 1), (0x0003, 4, 0)]
    assert len(desk.journalled) == 1 and desk.session.state == table.CONNECTED
    assert desk.say(frame(0x0102, code, 6))[0].result == 1
    Desk(registry).log_in(terminal_id=b"0000002")


def test_a_registration_resent_while_it_is_written_gets_one_answer(desk):
    again = frame(0x0100, registration(2013), 1)
    assert [answer.id for answer in desk.say(again, again)] == [0x8100]
    assert len([event for event in desk.events if isinstance(event, Register)]) == 1


def test_a_registration_that_was_not_written_is_answered_with_failure(desk):
    desk.session.receive(frame(0x0100, registration(2013), 5), 0)
    (asked,) = desk.session.events()
    asked.answer(None, b"")
    assert answers(desk.session.data_to_send())[0].brief == (0x0100, 5, 1)


def test_registrations_of_one_connection_are_bounded(registry):
    desk = Desk(registry, SessionLimits(registrations=3))
    for serial in range(4):
        desk.say(frame(0x0100, registration(2013), serial))
    assert isinstance(desk.events[-1], Close)


def test_the_same_terminal_in_the_other_layout_is_the_same_terminal(desk):
    desk.log_in(2013)
    desk.say(frame(0x0200, body_of(1), 3, PHONE_2013), frame(0x0200, body_of(2), 4, PHONE_2019))
    assert [(s.origin.phone, s.origin.edition) for s in desk.journalled] == [
        (PHONE_2013.hex(), 2013),
        (PHONE_2019.hex(), 2019),
    ]
    assert answers(desk.journalled[1].answers)[0].header.phone == PHONE_2019


def test_one_bad_frame_costs_one_frame(desk):
    desk.log_in()
    good = frame(0x0200, body_of(1), 3)
    broken = bytearray(frame(0x0200, body_of(2), 4))
    broken[20] ^= 1
    desk.say(good, bytes(broken), b"garbage", b"\x7e\x7d\x03" + b"x" * 20, frame(0x0200, body_of(3), 5))
    assert [serial for serial, _, _ in desk.journalled[0].reports] == [3, 5]
    assert desk.session.counters["rejected_check"] == 1 and desk.session.counters["rejected_framing"] >= 1


@pytest.mark.parametrize("edition", [2013, 2019])
def test_the_fast_lane_and_the_long_way_agree(registry, edition):
    """Every frame whole, byte by byte, and through the long way alone: the same records and answers."""
    phone = phone_of(edition)
    code = Desk(registry).log_in(edition)
    stream = b"".join(
        frame(0x0200, body_of(number * 0x7D7E, 36 + 40 * number % 700), number * 0x7D7D & 0xFFFF, phone)
        + (frame(0x0002, b"", number, phone) if number % 5 == 0 else b"")
        + (b"\x7e\x7e\x01\x02" if number % 7 == 0 else b"")
        for number in range(60)
    )
    seen = []
    for chunk, lane in ((len(stream), True), (len(stream), False), (1, True), (50, True)):
        desk = Desk(registry)
        desk.say(frame(0x0102, authentication(edition, code), 1, phone))
        if not lane:
            desk.session.intake.lane = None
        sent = []
        for at in range(0, len(stream), chunk):
            sent += desk.say(stream[at : at + chunk])
        reports = [report for submission in desk.journalled for report in submission.reports]
        held = [a.brief for submission in desk.journalled for a in answers(submission.answers)]
        seen.append((reports, held, [a.brief for a in sent]))
        assert desk.session.counters["frames_0200"] == 60
    assert seen[0] == seen[1] == seen[2] == seen[3]
    assert len(seen[0][0]) == 60 and len(seen[0][2]) == 12


def test_time_ends_sessions(registry):
    limits = SessionLimits(unauthenticated_ms=1000, idle_ms=5000)
    desk = Desk(registry, limits)
    assert desk.session.expired(1000) == ""
    assert desk.session.expired(1001) == "not authenticated in time"
    desk.log_in()
    assert desk.session.expired(4000) == ""
    desk.say(frame(0x0002), now_ms=4000)
    desk.say(b"no frame at all", now_ms=8000)
    assert desk.session.expired(9000) == "" and desk.session.expired(9001) == "idle"


def test_a_pair_that_is_not_in_the_table_is_our_bug(desk):
    desk.session.closed()
    with pytest.raises(LocalProtocolError):
        desk.session.go(table.CODE_ACCEPTED)


def test_every_state_can_be_closed_and_is_reached():
    reached = {following for row in table.TRANSITIONS.values() for following in row.values()}
    assert reached == set(table.TRANSITIONS)
    assert all(row[table.CLOSING] == table.CLOSED for row in table.TRANSITIONS.values())


def test_codes_are_kept_hashed_and_survive(tmp_path):
    registry = Registry(tmp_path / "r.db")
    code = Desk(registry).log_in()
    registry.close()
    everything = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert len(code) == 32 and code not in everything and bytes.fromhex(code.decode()) not in everything
    registry = Registry(tmp_path / "r.db")
    assert registry.authenticate("13800138000", code, False) == 2013
    assert len(registry) == 1
    registry.close()


def test_a_device_is_itself_by_maker_model_and_id():
    device = Device(53, 1, b"M", b"T", b"1", 2, PLATE)
    assert device.same_as(Device(11, 0, b"M", b"T", b"1", 1, b"other plate"))
    assert not device.same_as(Device(53, 1, b"M", b"T", b"2", 2, PLATE))
