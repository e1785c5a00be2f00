"""Every order of the platform is answered; parameters, control and mail do what they say. Portable."""

from harness import run
from platform_script import Road

from firmware.terminal import actions, downlink
from firmware.terminal.ram_files import RamFiles
from firmware.terminal.store import Store
from protocols.wire.bodies import encode_layout, layout_of
from protocols.wire.pages import ids
from protocols.wire.pages import link as link_table
from protocols.wire.pages import parameters as parameter_table
from protocols.wire.reassembly import split_frames


class FakeBoard:
    """Writes down what it is asked for; offers what it is made with."""

    def __init__(self, *offered):
        self.offered = offered
        self.done = []

    def offers(self, action):
        return action in self.offered

    def act(self, action, value):
        if action not in self.offered:
            return False
        self.done.append((action, value))
        return True


def online(**settings):
    files = RamFiles()
    made = Road(files, Store(files), **settings)
    made.files = files
    made.pass_ms(200)
    assert made.terminal.state == "online"
    made.seen.clear()
    return made


def results(made):
    return [(values["reply_id"], values["result"]) for _, values, _ in made.of(0x0001)]


def set_parameters(made, *items):
    layout = layout_of(parameter_table.BODIES, 0x8103, made.settings.edition)
    parameters = [{"id": each[0], "value": each[1]} for each in items]
    made.send(0x8103, body=encode_layout(layout, {"count": len(items), "parameters": parameters}))


def query(made, *wanted):
    """The answer to 0x8106 (0x8104 without ids): {id: value}."""
    before = len(made.of(0x0104))
    if wanted:
        layout = layout_of(parameter_table.BODIES, 0x8106, made.settings.edition)
        made.send(0x8106, body=encode_layout(layout, {"count": len(wanted), "ids": list(wanted)}))
    else:
        made.send(0x8104, body=b"")
    made.pass_ms(200)
    values = made.of(0x0104)[before:][-1][1]
    assert values["count"] == len(values["parameters"])
    return {each["id"]: each["value"] for each in values["parameters"]}


def check_no_order_meets_silence():
    """Whatever the body: every id from the platform is answered, but for the replies."""
    known = [getattr(ids, name) for name in dir(ids) if name.startswith("MSG_")]
    orders = [each for each in known if each >= 0x8000 and each not in downlink.REPLIES]
    orders += [0x8201, 0x8202, 0x8204, 0x8A00, 0x8F00, 0x9003, 0x9101, 0x9208, 0xF123, 0x8999]
    for edition in (2011, 2013, 2019):
        for body in (b"", b"\xff", bytes(40), bytes(range(200))):
            made = online(edition=edition)
            for order in orders:
                made.seen.clear()
                made.send(order, body=body)
                made.pass_ms(100)
                answers = [entry[0] for entry in made.seen if entry[0] != 0x0002]
                assert answers, (edition, hex(order), len(body))


def check_replies_are_never_answered():
    made = online(edition=2019)
    for reply in downlink.REPLIES:
        made.send(reply, body=b"\xff")
        made.pass_ms(100)
    assert not made.of(0x0001) and made.terminal.bad_messages == 3


def check_parameters_are_set_stored_and_told():
    made = online(edition=2019)
    set_parameters(made, (0x0001, b"\0\0\0\x0a"), (0x0029, b"\0\0\0\x07"), (0x0083, b"\xd4\xc6A"))
    assert results(made) == [(0x8103, 0)]
    assert made.settings.heartbeat_s == 10 and made.settings.intervals_s[0] == 7
    assert query(made, 0x0001, 0x0083) == {0x0001: b"\0\0\0\x0a", 0x0083: b"\xd4\xc6A"}
    made.power_on(made.files)
    made.pass_ms(3000)
    assert made.terminal.parameters.number(0x0029) == 7 and made.settings.plate == b"\xd4\xc6A"
    everything = query(made)
    assert everything[0x0001] == b"\0\0\0\x0a" and len(everything) > 20


def check_a_new_interval_is_in_force_at_once():
    made = online(interval_s=60)
    made.drive(100, 5)
    assert len(made.emitted) == 1
    set_parameters(made, (0x0029, b"\0\0\0\x02"))
    made.drive(105, 20)
    assert len(made.emitted) == 11


def check_distance_alone_and_emergency_have_their_own_pace():
    made = online(interval_s=1)
    set_parameters(made, (0x0020, b"\0\0\0\x01"), (0x002C, b"\0\0\x01\0"))
    made.drive(100, 20)
    assert len(made.emitted) == 1  # it stands
    set_parameters(made, (0x0020, b"\0\0\0\0"), (0x0028, b"\0\0\0\x01"), (0x0029, b"\0\0\0\x3c"))
    made.terminal.set_alarm(0, True, made.now_ms)
    made.drive(120, 10)
    assert len(made.emitted) >= 10


def check_all_parameters_or_none():
    made = online()
    for bad, result in (((0x0002, b"\0\0"), 2), ((0x0002, bytes(4)), 2), ((0x7777, b"\0"), 3)):
        made.seen.clear()
        set_parameters(made, (0x0001, b"\0\0\0\x0b"), bad)
        assert results(made) == [(0x8103, result)] and made.settings.heartbeat_s == 60


def check_new_servers_are_gone_to_and_the_old_ones_stay_the_last_resort():
    for edition, address in ((2013, b"other"), (2019, b"other:9;third:10")):
        made = online(edition=edition)
        set_parameters(made, (0x0013, address))
        assert results(made) == [(0x8103, 0)] and made.terminal.state == "online"
        made.asked.clear()
        made.pass_ms(10000)
        assert made.asked[0][1] == "other" and made.terminal.state == "online"
        assert ("main", 1) in made.settings.servers[-2:]


def check_a_new_plate_registers_anew():
    made = online()
    set_parameters(made, (0x0083, b"A1"))
    made.pass_ms(10000)
    assert made.of(0x0100)[0][1]["plate"] == b"A1" and made.terminal.state == "online"


def check_control_acts_after_its_answer():
    made = online()
    made.terminal.board = board = FakeBoard(actions.RESET, actions.FACTORY_RESET)
    made.send(0x8105, body=b"\x04")
    assert results(made) == [(0x8105, 0)] and not board.done
    made.pass_ms(3000)
    assert board.done == [(actions.RESET, 0)]
    made.send(0x8105, body=b"\x03")
    made.send(0x8105, body=b"\x01http://x;;;;;;;;;;")
    made.send(0x8105, body=b"\x63")
    assert results(made)[1:] == [(0x8105, 3)] * 3
    set_parameters(made, (0x0001, b"\0\0\0\x0a"))
    made.send(0x8105, body=b"\x05")
    made.pass_ms(3000)
    assert board.done[1:] == [(actions.FACTORY_RESET, 0), (actions.RESET, 0)]
    made.power_on(made.files)
    assert made.settings.heartbeat_s == 10 or made.terminal.parameters.changed == []


def check_a_visit_to_another_server_ends_when_its_time_is_over():
    made = online()
    made.send(0x8105, body=b"\x020;visit;;;;away;77;78;1")
    assert results(made) == [(0x8105, 0)]
    made.asked.clear()
    made.pass_ms(10000)
    assert made.asked[0][1] == "away" and made.of(0x0102)[-1][1]["auth_code"] == b"visit"
    made.pass_ms(60000)
    assert made.asked[-1][1] == "main" and made.of(0x0102)[-1][1]["auth_code"] == b"code"
    made.send(0x8105, body=b"\x020;;;;;away;0;0;1")
    assert results(made)[-1] == (0x8105, 2)


def check_closed_data_stays_closed_until_the_ignition():
    made = online()
    made.send(0x8105, body=b"\x06")
    made.pass_ms(200000)
    assert not made.linked
    made.terminal.set_ignition(True, made.now_ms)
    made.pass_ms(5000)
    assert made.terminal.state == "online"


def check_attributes_and_doors():
    for edition, lock in ((2013, b"\x01"), (2019, b"\0\x01\0\x01\x00")):
        made = online(edition=edition)
        made.send(0x8107, body=b"")
        made.send(0x8500, body=lock)
        made.pass_ms(200)
        assert made.of(0x0107)[0][1]["firmware_version"] == b"0.1.0"
        assert results(made) == [(0x8500, 3)]
        made.terminal.board = board = FakeBoard(actions.DOORS)
        made.fix(100)
        made.send(0x8500, body=lock)
        made.pass_ms(200)
        assert board.done == [(actions.DOORS, 1)] and results(made)[-1] == (0x8500, 0)
        assert made.of(0x0500)[0][1]["reply_serial"] == made.of(0x0001)[-1][1]["reply_serial"]


def check_what_comes_in_packages_is_put_together_in_any_order():
    made = online(edition=2019)
    items = [{"id": 0x0010 + at, "value": b"x" * 200} for at in range(4)]
    layout = layout_of(parameter_table.BODIES, 0x8103, 2019)
    body = encode_layout(layout, {"count": 4, "parameters": items})
    frames = list(split_frames(0x8103, body, made.settings.phone_bytes(), 500, 1, 300))
    assert len(frames) == 3
    for at in (2, 0):
        made.terminal.receive(frames[at], made.now_ms)
    made.pass_ms(6000)
    asked = made.of(0x0005)[0][1]
    assert asked["first_serial"] == 500 and asked["numbers"] == [2]
    made.terminal.receive(frames[1], made.now_ms)
    made.pass_ms(200)
    assert results(made) == [(0x8103, 0)] * 3
    assert made.terminal.parameters.text(0x0013) == b"x" * 200
    made.pass_ms(40000)
    assert made.terminal.assembly is None


def check_letters_outlive_a_power_cut_and_go_once():
    made = online()
    made.answers = False
    assert made.terminal.mail.post(0x0900, b"\xf5one") and made.terminal.mail.post(0x0900, b"\xf5two")
    made.pass_ms(500)
    assert len(made.of(0x0900)) == 1  # one at a time
    made.power_on(made.files)
    made.answers = True
    made.pass_ms(5000)
    contents = [values["content"] for _, values, _ in made.of(0x0900)]
    assert contents == [b"one", b"one", b"two"] and made.terminal.mail.held == 0
    made.power_on(made.files)
    made.pass_ms(5000)
    assert len(made.of(0x0900)) == 3


def check_a_letter_keeps_its_serial_on_every_connection_and_over_power_cuts():
    made = online()
    made.answers = False
    told = []
    made.terminal.mail.observer = lambda *event: told.append(event)
    assert made.terminal.mail.post(0x0900, b"\xf5one")
    made.pass_ms(500)
    made.cut()
    made.pass_ms(5000)
    made.power_on(made.files)
    made.terminal.mail.observer = lambda *event: told.append(event)
    made.answers = True
    made.pass_ms(5000)
    serials = [serial for serial, _, _ in made.of(0x0900)]
    assert len(serials) >= 2 and len(set(serials)) == 1, serials
    assert told == [(0, 0x0900, serials[0], b"\xf5one"), (1, 0x0900, serials[0], None)]


def check_a_long_letter_goes_in_packages_and_is_repeated_byte_for_byte():
    made = online(edition=2013)
    made.answers = False
    body = bytes([at & 0xFF for at in range(1700)])
    assert made.terminal.mail.post(0x0900, body)
    made.pass_ms(500)
    raw = made.packages
    assert [(number, total) for number, total, _, _ in raw] == [(1, 4), (2, 4), (3, 4), (4, 4)]
    assert b"".join([piece for _, _, piece, _ in raw]) == body
    first = raw[0][3]
    layout = layout_of(link_table.BODIES, 0x8003, 2013)
    made.send(0x8003, body=encode_layout(layout, {"first_serial": first, "count": 2, "numbers": [2, 4]}))
    made.pass_ms(100)
    assert raw[4:] == [raw[1], raw[3]]
    made.send(0x8003, body=encode_layout(layout, {"first_serial": 9999, "count": 1, "numbers": [2]}))
    assert results(made)[-1] == (0x8003, 1)
    for _, _, _, serial in raw[:4]:
        made.send(0x8001, {"reply_serial": serial, "reply_id": 0x0900, "result": 0})
    assert made.terminal.mail.held == 0 and made.terminal.mail.delivered == 1


def check_one_answer_for_the_last_package_is_for_all():
    made = online()
    made.answers = False
    made.terminal.mail.post(0x0900, bytes(1300))
    made.pass_ms(500)
    last = made.packages[-1][3]
    made.send(0x8001, {"reply_serial": last, "reply_id": 0x0900, "result": 0})
    assert made.terminal.mail.held == 0


def check_failed_letters_wait_and_refused_ones_go():
    made = online()
    made.results = {0x0900: 1}
    made.terminal.mail.post(0x0900, b"\xf5x")
    made.pass_ms(3000)
    assert made.terminal.mail.held == 1 and len(made.of(0x0900)) == 1
    made.results = {0x0900: 3}
    made.pass_ms(10000)
    assert made.terminal.mail.held == 0 and made.terminal.mail.refused == 1


def check_mail_is_limited():
    made = online()
    made.cut()
    for _ in range(70):
        made.terminal.mail.post(0x0900, b"\xf5x")
    assert made.terminal.mail.held == 64 and made.terminal.mail.full == 6
    assert not made.terminal.mail.post(0x0900, bytes(20000))


def check_passthrough_goes_to_who_knows_its_type():
    made = online()
    taken = []
    made.terminal.on_passthrough = lambda kind, content: taken.append((kind, content)) or True
    made.terminal.board = board = FakeBoard(actions.SERIAL)
    made.send(0x8900, body=b"\xf9hello")
    made.send(0x8900, body=b"\x41bytes")
    made.send(0x8900, body=b"\x42bytes")
    assert taken == [(0xF9, b"hello")] and board.done == [(actions.SERIAL, b"bytes")]
    assert results(made) == [(0x8900, 0), (0x8900, 0), (0x8900, 3)]


def check_the_state_of_the_terminal_can_be_fetched():
    made = online()
    made.terminal.health.note(b"uart silent", 5000)
    made.drive(100, 3)
    made.send(0x8900, body=b"\xf2")
    made.pass_ms(500)
    text = made.of(0x0900)[0][1]["content"]
    assert b"emitted 3\n" in text and text.endswith(b"error 5 uart silent") and b"flash_bytes_today" in text


def check_time_of_the_platform_counts_only_without_satellites():
    made = online(edition=2019)
    made.pass_ms(3000)
    assert len(made.of(0x0004)) == 1  # nobody else knows the time
    made.send(0x8004, body=b"\x26\x03\x02\x01\x00\x00")
    assert made.terminal.clock.known and made.terminal.clock.second == 3600
    made.fix(100)
    made.send(0x8004, body=b"\x20\x01\x01\x01\x00\x00")
    made.terminal.clock.read(made.now_ms)
    assert made.terminal.clock.second in (100, 101)
    made.send(0x8004, body=b"\xff" * 6)


class DeadFlash(RamFiles):
    """Opens nothing for writing any more."""

    def open(self, name, writable):
        if writable:
            raise OSError(5)
        return RamFiles.open(self, name, writable)


def check_a_terminal_whose_flash_is_dead_goes_on_live_and_says_so():
    files = DeadFlash()
    made = Road(files, Store(files))
    made.pass_ms(200)
    assert made.terminal.state == "online"
    made.drive(100, 10)
    terminal = made.terminal
    assert len(made.of(0x0200)) == terminal.volatile == 10
    assert (terminal.emitted, terminal.acknowledged, terminal.held) == (0, 0, 0)
    assert len({values["time_bcd"] for _, values, _ in made.of(0x0200)}) == 10
    assert terminal.health.errors() == [b"error 1 flash refused a report"]
    assert not terminal.mail.post(0x0900, b"x") and terminal.mail.full == 1
    told = [values for _, values, _ in made.of(0x0900)]  # once, and unasked
    assert len(told) == 1 and told[0]["type"] == 0xF2 and b"flash refused a report" in told[0]["content"]
    assert b"flash_failures 1" in told[0]["content"]


def check_a_dead_link_is_noticed_within_two_heartbeats():
    for driving in (False, True):
        made = online(heartbeat_s=20, answer_timeout_s=60)
        made.answers = False
        start_ms = made.now_ms
        second = 100
        while made.linked and made.now_ms < start_ms + 100000:
            second += 1
            made.pass_ms(1000)
            if driving:
                made.fix(second)
        assert 39000 <= made.now_ms - start_ms <= 41000, made.now_ms - start_ms


def check_a_receiver_that_lost_1024_weeks_is_put_right():
    made = online(earliest_day=9500)
    made.fix(100)
    assert made.terminal.clock.day == 9557  # the date of the sentence, 2026-03-02
    made = online(earliest_day=9600)
    made.fix(100)
    assert made.terminal.clock.day == 9557 + 7168


run(globals())
