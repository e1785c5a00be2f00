"""Conversations of the terminal with a scripted platform; time is an argument. Portable."""

from harness import raised, run
from platform_script import Road, sentence

from firmware.terminal.ram_files import RamFiles
from firmware.terminal.store import Store
from firmware.terminal.waits import answer_wait_ms, reconnect_pause_ms
from protocols.wire.bodies import encode_body
from protocols.wire.errors import LocalProtocolError
from protocols.wire.framing import build_frame
from protocols.wire.header import build_header
from protocols.wire.tables import STATUS_ACC_ON


def road(**settings):
    files = RamFiles()
    made = Road(files, Store(files), **settings)
    made.files = files
    return made


def online(**settings):
    made = road(**settings)
    made.pass_ms(200)
    assert made.terminal.state == "online", made.terminal.state
    return made


def ids(made):
    return [entry[0] for entry in made.seen]


def check_registers_authenticates_and_goes_online():
    for edition in (2011, 2013, 2019):
        made = online(edition=edition, terminal_id=b"T1", maker=b"M")
        assert ids(made) == [0x0100, 0x0102]
        assert made.of(0x0102)[0][1]["auth_code"] == b"code"
        assert made.of(0x0100)[0][1]["terminal_id"].rstrip(b"\0") == b"T1"


def check_a_stored_code_needs_no_registration():
    made = online()
    made.power_on(made.files)
    made.seen.clear()
    made.pass_ms(200)
    assert ids(made) == [0x0102] and made.terminal.state == "online"


def check_two_starts_do_not_give_the_same_serials():
    """Equal messages of both (a key that is pressed) would be one to who names them by their serial."""
    made = online()
    assert [entry[1] for entry in made.seen] == [0, 1]
    made.chance = 40000
    made.power_on(made.files)
    made.seen.clear()
    made.pass_ms(200)
    assert [entry[1] for entry in made.seen] == [40000]


def check_a_refused_code_is_forgotten_and_the_terminal_registers_again_once():
    made = online()
    made.cut()
    made.seen.clear()
    made.results = {0x0102: 1}
    made.pass_ms(2000)
    assert ids(made)[:3] == [0x0102, 0x0100, 0x0102]
    assert Store(made.files).get("auth") == b"" and made.terminal.state != "online"
    made.results = {}
    made.pass_ms(60000)
    assert made.terminal.state == "online"


def check_a_refused_registration_waits_and_tries_again():
    made = road()
    made.results = {0x0100: 3}
    made.pass_ms(5000)
    assert made.terminal.state != "online" and 2 <= len(made.of(0x0100)) <= 5
    made.results = {}
    made.pass_ms(30000)
    assert made.terminal.state == "online"


def check_waits_grow_by_the_recursive_rule():
    assert [answer_wait_ms(5, n, 999) for n in range(4)] == [5000, 10000, 30000, 120000]
    assert answer_wait_ms(5, 3, 60) == 60000


def check_a_silent_platform_is_asked_again_after_t_2t_6t_24t_with_the_same_bytes():
    made = online(answer_timeout_s=5, answer_timeout_max_s=600, heartbeat_s=3600, idle_interval_s=3600)
    made.answers = False
    made.seen.clear()
    made.fix(100)
    sent = []
    start = made.now_ms
    while made.terminal.state == "online" and made.now_ms < start + 400000:
        before = len(made.of(0x0200))
        made.pass_ms(100)
        if len(made.of(0x0200)) > before:
            sent.append(made.now_ms)
        made.terminal._look_ms = made.now_ms + 10000000  # the receiver's silence is not what is tested here
    frames = made.of(0x0200)
    assert len(frames) == 4 and all(frame == frames[0] for frame in frames)
    assert [at - start for at in sent] == [5000, 15000, 45000]
    assert abs(made.now_ms - start - 165000) <= 200 and not made.linked


def check_heartbeat_only_when_nothing_else_flows():
    made = online(heartbeat_s=10)
    made.drive(100, 30)
    assert not made.of(0x0002)
    made = online(heartbeat_s=10)
    made.pass_ms(31000)
    assert len(made.of(0x0002)) == 3 and made.terminal.state == "online"


def check_main_and_backup_take_turns_and_pauses_grow():
    made = road(reconnect_s=1, reconnect_max_s=8)
    made.reachable = False
    made.pass_ms(60000)
    assert [name for _, name in made.asked[:4]] == ["main", "backup", "main", "backup"]
    gaps = [made.asked[n + 1][0] - made.asked[n][0] for n in range(len(made.asked) - 1)]
    assert gaps[0] < gaps[3] < gaps[6] and max(gaps) <= 8300
    made.reachable = True
    made.pass_ms(10000)
    assert made.terminal.state == "online"
    made.asked.clear()
    made.cut()
    made.pass_ms(10000)
    assert made.asked[0][1] == "main"


def check_a_long_session_makes_the_next_pause_short_and_a_short_one_does_not():
    for lived_ms, short in ((40000, True), (5000, False)):
        made = road(reconnect_s=1, reconnect_max_s=64, heartbeat_s=600)
        made.reachable = False
        made.pass_ms(60000)
        made.reachable = True
        while made.terminal.state != "online":
            made.pass_ms(100)
        made.pass_ms(lived_ms)
        made.cut()
        lost_ms = made.now_ms
        made.pass_ms(40000)
        assert (made.asked[-1][0] - lost_ms <= 1000) == short


def check_chance_spreads_the_pause_over_its_upper_half():
    assert reconnect_pause_ms(4, 0, 60, lambda: 0) == 2000
    assert reconnect_pause_ms(4, 0, 60, lambda: 65535) == 3992
    assert reconnect_pause_ms(4, 40, 60, lambda: 65535) < 60000


def check_reports_are_acknowledged_and_leave_the_log():
    made = online()
    made.drive(100, 60)
    assert made.terminal.emitted == made.terminal.acknowledged == 60 and made.terminal.held == 0
    assert made.acknowledged == list(range(1, 61))


def check_the_blind_zone_comes_back_oldest_first_in_batches_beside_live_reports():
    made = online(backfill_batch=10)
    made.cut()
    made.reachable = False
    made.drive(100, 45)
    assert made.terminal.held == 45
    made.reachable = True
    made.seen.clear()
    made.drive(145, 70)
    batches = [values for _, values, _ in made.of(0x0704)]
    assert all(values["kind"] == 1 and values["count"] <= 10 for values in batches)
    times = [report["time_bcd"] for values in batches for report in values["reports"]]
    assert times == sorted(times) and len(times) >= 45
    assert made.terminal.held == 0 and made.terminal.acknowledged == 115
    assert len(made.of(0x0200)) + len(times) == 115  # nothing was sent twice


def check_a_batch_is_byte_for_byte_what_the_table_says():
    made = online(edition=2019)
    made.cut()
    made.reachable = False
    made.drive(100, 30)
    made.reachable = True
    made.drive(130, 20)
    assert len(made.of(0x0704)) >= 3
    for serial, values, frame in made.of(0x0704):
        body = encode_body(0x0704, 2019, values)
        assert frame == build_frame(
            build_header(0x0704, len(body), made.settings.phone_bytes(), serial) + body
        )


def check_the_2011_edition_sends_the_backlog_one_by_one():
    made = online(edition=2011)
    made.cut()
    made.reachable = False
    made.drive(100, 20)
    made.reachable = True
    made.seen.clear()
    made.drive(120, 60)
    assert not made.of(0x0704) and made.terminal.held == 0 and len(made.of(0x0200)) == 80


def check_a_batch_without_answer_is_sent_again_with_the_same_bytes():
    made = online(answer_timeout_s=5, backfill_gap_ms=3000, idle_interval_s=600, interval_s=600)
    made.fix(100)
    made.cut()
    made.fix(101, "V")
    while made.terminal.state != "online":
        made.pass_ms(100)
    made.answers = False
    made.seen.clear()
    made.pass_ms(3000 + 7000)
    batches = made.of(0x0704)
    assert len(batches) == 2 and batches[0] == batches[1]


def check_failed_keeps_the_report_and_tries_later():
    made = online()
    made.results = {0x0200: 1, 0x0704: 1}
    made.drive(100, 10)
    assert made.terminal.acknowledged == 0 and made.terminal.held == 10 and made.terminal.state == "online"
    made.results = {}
    made.pass_ms(200000)
    assert made.terminal.held == 0 and made.terminal.refused == 0


def check_no_heartbeat_shortens_the_pause_after_failed():
    made = online(heartbeat_s=2, interval_s=3600, idle_interval_s=3600)
    made.results = {0x0200: 1, 0x0704: 1}
    made.fix(100)
    made.seen.clear()
    tried = []
    for _ in range(900):
        made.pass_ms(100)
        made.fix(101 + made.now_ms // 1000)
        if len(made.of(0x0704)) > len(tried):
            tried.append(made.now_ms)
    assert len(made.of(0x0002)) > 30
    gaps = [tried[n + 1] - tried[n] for n in range(len(tried) - 1)]
    assert gaps == [10000, 20000, 40000], gaps


def check_only_what_was_on_the_line_can_be_answered():
    made = online()
    serve, made.serve = made.serve, lambda: None
    made.fix(100)  # offered, and the board has not come to carry it yet
    made.terminal.answered(0x0200, made.terminal.session._serial - 1, 0, made.now_ms)
    assert (made.terminal.acknowledged, made.terminal.held) == (0, 1)
    made.serve = serve
    made.serve()
    assert (made.terminal.acknowledged, made.terminal.held) == (1, 0)


def check_a_late_answer_counts_while_the_repetition_waits_for_the_line():
    made = online(answer_timeout_s=5)
    made.answers = False
    made.fix(100)
    serial = made.of(0x0200)[0][0]
    made.now_ms += 5000
    made.terminal.tick(made.now_ms)
    made.terminal.answered(0x0200, serial, 0, made.now_ms)
    made.terminal.answered(0x0200, serial, 0, made.now_ms)
    made.serve()
    sent = [entry[0] for entry in made.of(0x0200)]
    assert made.terminal.acknowledged == 1 and sent.count(serial) == 1


def check_a_code_that_could_never_be_sent_back_is_a_refusal():
    for edition in (2011, 2013, 2019):
        for size in (256, 1000):
            made = road(edition=edition)
            made.answers = False
            made.pass_ms(200)
            made.send(0x8100, {"reply_serial": made.of(0x0100)[0][0], "result": 0, "auth_code": b"x" * size})
            assert made.terminal.session.refusals == 1 and Store(made.files).get("auth") == b""
            made.answers = True
            made.pass_ms(10000)
            assert made.terminal.state == "online"


def check_dirt_on_the_line_is_not_kept():
    made = online()
    for _ in range(10):
        made.terminal.receive(b"\x7e" + b"\x11" * 2000 + b"\x7e", made.now_ms)
    assert made.terminal._splitter.rejected == 10 and not made.terminal._splitter.rejections()


def check_bad_and_unsupported_set_the_report_aside():
    for result in (2, 3):
        made = online()
        made.results = {0x0200: result}
        made.drive(100, 3)
        made.pass_ms(300)
        assert (made.terminal.refused, made.terminal.held, made.terminal.acknowledged) == (3, 0, 0)
        made.seen.clear()
        made.results = {}
        made.drive(103, 3)
        assert len(made.of(0x0200)) == 3


def check_a_refused_batch_is_taken_apart():
    made = online()
    made.cut()
    made.reachable = False
    made.drive(100, 8)
    made.reachable = True
    made.results = {0x0704: 2}
    made.drive(108, 20)
    assert made.terminal.held == 0 and made.terminal.refused == 0 and made.terminal.acknowledged == 28


def check_nothing_is_lost_when_the_power_goes():
    made = online()
    made.answers = False
    made.drive(100, 7)
    made.power_on(made.files)
    made.answers = True
    made.drive(107, 40)
    taken = set()
    for _, values, _ in made.of(0x0200):
        taken.add(values["time_bcd"])
    for _, values, _ in made.of(0x0704):
        taken.update([report["time_bcd"] for report in values["reports"]])
    assert made.terminal.held == 0 and len(taken) == len(made.emitted) == 47


class PowerFails(Exception):
    pass


class CutAtCheckpoint(RamFiles):
    """The power fails before the acknowledgements are written; finished segments are removed by then."""

    def __init__(self):
        RamFiles.__init__(self)
        self.armed = False

    def open(self, name, writable):
        if self.armed and name == "acked.new":
            raise PowerFails
        return RamFiles.open(self, name, writable)


def check_an_acknowledgement_is_told_before_the_record_can_be_gone():
    for before in range(10):  # one of them makes the 32nd acknowledgement the last one of a segment
        files = CutAtCheckpoint()
        made = Road(files, Store(files))
        made.pass_ms(200)
        made.drive(100, before)
        made.cut()
        made.reachable = False
        made.drive(200, 60)
        made.reachable = True
        made.terminal.log.checkpoint()
        made.terminal._checkpoint_ms = made.now_ms + 1000000
        files.armed = True
        raised(PowerFails, made.pass_ms, 60000)
        files.armed = False
        made.power_on(files)
        made.pass_ms(5000)
        made.drive(300, 10)
        assert made.terminal.held == 0 and set(made.acknowledged) == set(made.emitted)


def check_a_second_is_used_once_across_a_restart():
    made = online()
    made.fix(100)
    made.power_on(made.files)
    made.fix(100)
    assert len(made.emitted) == 1
    made.fix(101)
    assert len(made.emitted) == 2


def check_position_query():
    made = online()
    made.send(0x8201, {})
    assert made.of(0x0001)[0][1]["result"] == 1  # no time, no position
    made.fix(100)
    made.pass_ms(1000)
    made.fix(101)
    made.send(0x8201, {})
    answer = made.of(0x0201)[0][1]
    last = made.of(0x0200)[-1][1]
    assert answer["position"] == last and len(made.of(0x0200)) == len(made.emitted)


def check_temporary_tracking():
    made = online(interval_s=60)
    made.fix(100)
    made.send(0x8202, {"interval_s": 2, "validity_s": 10})
    assert made.of(0x0001)[0][1]["result"] == 0
    made.drive(101, 40)
    assert len(made.emitted) == 6  # the first, then five in ten seconds
    made.send(0x8202, {"interval_s": 2, "validity_s": 100})
    made.send(0x8202, {"interval_s": 0})
    made.drive(141, 15)
    assert len(made.emitted) == 6


def check_what_it_does_not_know_is_answered_and_never_met_with_silence():
    made = online()
    made.send(0x8999, body=b"\x00")
    made.send(0x8202, body=b"\x00")
    made.send(0x8201, {}, flags=1)
    answers = [values for _, values, _ in made.of(0x0001)]
    assert [(a["reply_id"], a["result"]) for a in answers] == [(0x8999, 3), (0x8202, 2), (0x8201, 3)]
    before = len(made.seen)
    made.send(0x8001, body=b"\x00")
    assert len(made.seen) == before and made.terminal.bad_messages == 2


def check_answers_that_cannot_go_are_limited_and_subpackages_refused():
    made = online()
    serve, made.serve = made.serve, lambda: None
    for _ in range(50):
        made.send(0x8201, {})
    made.serve = serve
    made.serve()
    assert len(made.of(0x0001)) == 16 and made.terminal.session.replies_dropped == 34
    header = build_header(0x8999, 0, made.settings.phone_bytes(), 9, total=2, number=1)
    made.terminal.receive(build_frame(header), made.now_ms)
    made.serve()
    assert made.of(0x0001)[-1][1]["result"] == 3


def check_acknowledgements_reach_the_flash_by_and_by():
    made = online(interval_s=3600)
    made.drive(100, 5)
    made.pass_ms(31000)
    assert made.terminal.acknowledged == 2  # the first fix, and the loss of it
    made.power_on(made.files)
    assert made.terminal.held == 0


def check_a_silent_receiver_has_no_fix_and_the_report_bears_its_own_time():
    made = online(interval_s=60)
    made.drive(100, 2)
    late_ms = made.now_ms + 700
    made.terminal.tick(late_ms)
    made.fix(130)  # heard late or early: the time of a fix is the satellites'
    made.pass_ms(4000)
    reports = [values for _, values, _ in made.of(0x0200)]
    assert [report["status"] >> 1 & 1 for report in reports] == [1, 0]
    assert reports[0]["time_bcd"][-2:] == b"\x01\x40"


def check_dirt_on_the_line_does_no_harm():
    made = online()
    for at in range(300):
        made.terminal.receive(bytes([(at * 89) & 0xFF, 0x7E, at & 0xFF]), made.now_ms)
    made.drive(100, 3)
    assert made.terminal.acknowledged == 3


def check_ignition_off_is_told_at_once_and_slows_down():
    made = online(interval_s=5, idle_interval_s=20)
    made.drive(100, 11)
    assert len(made.emitted) == 3
    made.pass_ms(300)
    made.terminal.set_ignition(False, made.now_ms)
    assert len(made.emitted) == 4
    made.serve()
    assert not made.of(0x0200)[-1][1]["status"] & 1 << STATUS_ACC_ON
    made.drive(111, 40)
    assert len(made.emitted) == 6


def check_alarms_are_told_at_once_up_to_bit_31():
    made = online(interval_s=60)
    made.drive(100, 3)
    for bit in (0, 31):
        made.terminal.set_alarm(bit, True, made.now_ms)
        made.drive(103 + bit, 2)
    assert made.of(0x0200)[-1][1]["alarm"] == 1 << 31 | 1
    assert len(made.emitted) == 3


def check_reports_go_on_without_fix_with_the_last_position():
    made = online()
    made.drive(100, 3)
    for second in range(103, 106):
        made.pass_ms(1000)
        made.fix(second, "V")
    made.pass_ms(5000)  # and then the receiver is silent
    reports = [values for _, values, _ in made.of(0x0200)]
    assert [report["status"] >> 1 & 1 for report in reports[:4]] == [1, 1, 1, 0]
    assert len(reports) >= 9 and reports[-1]["latitude_udeg"] == reports[0]["latitude_udeg"]
    assert reports[-1]["speed_dkmh"] == 0
    assert len({report["time_bcd"] for report in reports}) == len(reports)


def check_the_last_fix_before_silence_is_reported():
    """Its GGA is lost; the epoch is closed by the pause, not by an epoch that may never come."""
    made = online()
    made.drive(100, 3)
    made.pass_ms(1000)
    rmc = sentence("GNRMC,000143.00,A,2502.0,N,10243.0,E,30.0,90.0,020326,,,A")
    made.terminal.feed_gnss(rmc, len(rmc), made.now_ms)
    assert len(made.emitted) == 3 and made.terminal.next_deadline_ms() <= made.now_ms + 300
    made.pass_ms(500)
    assert made.of(0x0200)[-1][1]["latitude_udeg"] == 25033333
    gga = sentence("GNGGA,000143.00,2502.0,N,10243.0,E,1,9,1.0,1891.0,M,,M,,")
    made.terminal.feed_gnss(gga, len(gga), made.now_ms)  # it comes after all
    made.pass_ms(500)
    assert len(made.emitted) == 4
    made.drive(104, 3)
    assert len(made.emitted) == 7


def check_no_report_before_the_first_valid_time():
    made = online()
    for second in range(5):
        made.pass_ms(1000)
        made.fix(100 + second, "V")
    assert not made.emitted


def check_distance_and_turn():
    made = online(interval_s=3600, distance_m=200, turn_deg=30, idle_interval_s=3600)
    made.fix(100)
    for step in range(1, 10):
        made.pass_ms(1000)
        made.fix(100 + step, minute=f"01.{2 * step:02}")  # 37 m north each
    assert len(made.emitted) == 2  # 6 × 37 m
    made.pass_ms(1000)
    made.fix(110, minute="01.18", course="125.0")
    assert len(made.emitted) == 3


def check_the_serial_goes_round():
    made = online()
    made.terminal.session._serial = 0xFFFE
    made.drive(100, 4)
    assert [serial for serial, _, _ in made.of(0x0200)] == [0xFFFE, 0xFFFF, 0, 1]


def check_deadlines_are_in_the_future_or_now():
    made = online()
    for second in range(100, 140):
        made.pass_ms(1000)
        made.fix(second)
        made.terminal.tick(made.now_ms)
        made.serve()
        assert made.terminal.next_deadline_ms() > made.now_ms


def check_settings_refuse_what_cannot_be_sent():
    for wrong in ({"phon": "1"}, {"edition": 2020}, {"window": 0}, {"servers": ()}, {"backfill_batch": 99}):
        raised(LocalProtocolError, lambda wrong=wrong: road(**wrong))
    for wrong in ({"reconnect_max_s": 0}, {"answer_timeout_max_s": 0}, {"retransmissions": -1}):
        raised(LocalProtocolError, lambda wrong=wrong: road(**wrong))


run(globals())
