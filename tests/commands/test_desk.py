"""The desk: one command on a line, retries as the standard says, expiries, takeover, answers by serial."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_gateway.commands import table
from edge_gateway.commands.command import Command, CommandError, Now
from edge_gateway.commands.desk import Desk
from edge_gateway.commands.settings import CommandLimits, wait_ms

TEXT, QUERY, PHOTO, DRIVER, UPGRADE = 0x8300, 0x8104, 0x8801, 0x8702, 0x8108
LIFE_MS = 1_000_000


class World:
    """A desk, a clock that the test moves, and serials as a connection would give them."""

    def __init__(self, **limits):
        self.desk = Desk(CommandLimits(**{"response_ms": 5000, "answer_ms": 60_000, **limits}))
        self.ms = 1_000
        self.serial = 0
        self.numbers = 0
        self.sent = []  # (number, serials) in the order of the line

    @property
    def now(self):
        return Now(self.ms, 1_700_000_000_000 + self.ms)

    def ask(self, message_id=TEXT, terminal="1", life_ms=LIFE_MS, **more):
        self.numbers += 1
        command = Command(self.numbers, terminal, message_id, 0, self.now.utc_ms + life_ms, **more)
        self.desk.submit(command, self.now)
        self.carry()
        return command

    def carry(self, pieces=1):
        """Puts on the line what the desk wants there."""
        while commands := self.desk.to_send():
            for command in commands:
                serials = command.serials if command.sendings else range(self.serial, self.serial + pieces)
                if not command.sendings:
                    self.serial += pieces
                self.desk.was_sent(command, serials, self.now)
                self.sent.append((command.number, command.serials))

    def online(self, terminal="1", edition=2013):
        self.desk.online(terminal, edition, self.now)
        self.carry()

    def offline(self, terminal="1"):
        self.desk.offline(terminal, self.now)
        self.carry()

    def later(self, ms):
        self.ms += ms
        self.desk.tick(self.now)
        self.carry()

    def confirm(self, command, result=0, serial=None):
        serial = command.serials[-1] if serial is None else serial
        self.desk.answered(command.terminal, command.message_id, serial, result, self.now)
        self.carry()

    def uplink(self, message_id, reply_serial=None, terminal="1", body=b"x", edition=2013):
        self.desk.uplink(terminal, message_id, reply_serial, body, edition, self.now)
        self.carry()


def test_a_command_waits_for_its_terminal_and_is_acknowledged():
    world = World()
    command = world.ask()
    assert command.state == table.QUEUED and not world.sent
    world.online()
    assert command.state == table.SENT and world.sent == [(1, (0,))]
    world.confirm(command)
    assert (command.state, command.result, command.done) == (table.ACKNOWLEDGED, 0, True)
    assert len(world.desk) == 0
    assert [each.number for each in world.desk.changed()] == [1]


@pytest.mark.parametrize(("result", "said"), [(1, "failed"), (2, "bad message"), (3, "not supported")])
def test_a_refusal_says_what_the_terminal_said(result, said):
    world = World()
    world.online()
    command = world.ask()
    world.confirm(command, result)
    assert (command.state, command.result, command.error) == (table.REFUSED, result, said)


def test_waits_and_serials_of_the_standard():
    vector = json.loads((Path(__file__).parents[1] / "vectors" / "retry_waits.json").read_text())[0]
    first_ms = vector["answer_timeout_s"] * 1000
    waits_ms = [wait_ms(first_ms, sendings) for sendings in range(1, 5)]
    assert waits_ms == [1000 * seconds for seconds in vector["waits_s"]]
    world = World(response_ms=first_ms, retries=vector["retransmissions"])
    world.online()
    command = world.ask()
    for number, wait in enumerate(waits_ms, 1):
        world.later(wait - 1)
        assert len(world.sent) == number
        world.later(1)
    assert world.sent == [(1, (0,))] * 4  # the same serial each time
    assert command.state == table.FAILED and "4 times" in command.error


def test_the_own_answer_may_come_instead_of_the_acknowledgement_or_behind_it():
    world = World()
    world.online()
    direct, later = world.ask(QUERY), world.ask(PHOTO)
    assert direct.state == table.SENT and later.state == table.QUEUED
    world.uplink(0x0104, direct.serials[0], body=b"parameters")
    assert (direct.state, direct.answer) == (table.ANSWERED, b"parameters")
    world.confirm(later)
    assert later.state == table.ACKNOWLEDGED and not later.done
    third = world.ask()  # the line is free while the photo is taken
    assert third.state == table.SENT
    world.uplink(0x0805, later.serials[0])
    assert later.state == table.ANSWERED


def test_2011_has_no_answer_of_its_own_to_a_photo():
    world = World()
    world.online(edition=2011)
    command = world.ask(PHOTO)
    world.confirm(command)
    assert command.done and command.state == table.ACKNOWLEDGED


def test_an_answer_without_a_serial_goes_to_the_oldest_that_waits():
    world = World()
    world.online()
    first, second = world.ask(DRIVER), world.ask(DRIVER)
    world.confirm(first)
    world.uplink(0x0702)
    world.uplink(0x0702)
    assert (first.state, second.state) == (table.ANSWERED, table.ANSWERED)
    world.uplink(0x0702)  # the driver's card, by itself
    assert len(world.desk) == 0


def test_an_own_answer_that_never_comes():
    world = World()
    world.online()
    command = world.ask(PHOTO)
    world.confirm(command)
    world.later(60_000)
    assert command.state == table.FAILED and "0x0805 did not come" in command.error


def test_a_takeover_in_the_middle_sends_it_again_on_the_new_connection():
    world = World()
    world.online()
    first, second = world.ask(), world.ask(QUERY)
    world.online(edition=2019)
    assert world.sent == [(1, (0,)), (1, (1,))] and first.attempts == 2
    world.confirm(first, serial=0)  # of the old connection: nobody knows which command that is now
    assert first.state == table.SENT
    world.confirm(first)
    assert first.done and second.state == table.SENT


def test_an_answer_to_the_old_connection_finds_a_command_that_was_acknowledged_there():
    world = World()
    world.online()
    command = world.ask(PHOTO)
    world.confirm(command)
    world.offline()
    world.online()
    world.uplink(0x0805, command.serials[0])
    assert command.state == table.ANSWERED


def test_an_expired_command_is_never_sent():
    world = World()
    command = world.ask(life_ms=500)
    world.later(500)
    assert command.state == table.EXPIRED
    world.online()
    assert not world.sent
    waiting = world.ask(), world.ask(life_ms=500)
    world.later(501)
    assert [each.state for each in waiting] == [table.SENT, table.EXPIRED]


def test_what_is_on_the_line_at_its_end_is_not_said_again():
    world = World()
    world.online()
    command = world.ask(life_ms=1000)
    world.later(4999)
    assert command.state == table.SENT
    world.later(1)
    assert command.state == table.EXPIRED and len(world.sent) == 1


def test_only_what_is_not_on_the_line_can_be_cancelled():
    world = World()
    command = world.ask()
    world.desk.cancel(command.number, world.now)
    assert command.state == table.CANCELLED
    world.online()
    command = world.ask()
    with pytest.raises(CommandError, match="is sent already"):
        world.desk.cancel(command.number, world.now)
    world.confirm(command)
    with pytest.raises(CommandError, match="done already"):
        world.desk.cancel(command.number, world.now)


def test_queues_are_bounded():
    world = World(per_terminal=2, total=3)
    world.ask()
    world.ask()
    with pytest.raises(CommandError) as caught:
        world.desk.limits_allow("1")
    assert (caught.value.kind, caught.value.field) == ("full", "terminal")
    world.desk.limits_allow("2")
    world.ask(terminal="2")
    with pytest.raises(CommandError, match="3 commands wait already"):
        world.desk.limits_allow("3")


@pytest.mark.parametrize("confirmed", [(0, 1, 2), (2,)])
def test_pieces_are_confirmed_one_by_one_or_by_the_last(confirmed):
    world = World()
    command = world.ask(UPGRADE)
    world.desk.online("1", 2013, world.now)
    world.carry(pieces=3)
    for serial in confirmed:
        assert not command.done
        world.confirm(command, serial=serial)
    assert command.done and command.state == table.ACKNOWLEDGED


def test_one_confirmation_with_the_first_serial_counts_once_the_wait_is_over():
    world = World(piece_ms=100)
    command = world.ask(UPGRADE)
    world.desk.online("1", 2013, world.now)
    world.carry(pieces=3)
    world.confirm(command, serial=0)
    world.later(5199)
    assert command.state == table.SENT
    world.later(1)
    assert command.state == table.ACKNOWLEDGED and len(world.sent) == 1


def test_an_upgrade_is_answered_after_the_restart_of_the_terminal():
    world = World()
    world.online()
    command = world.ask(UPGRADE, wants_upgrade_result=True)
    world.confirm(command)
    assert not command.done
    world.offline()
    world.later(600_000)
    world.online()
    world.uplink(0x0108, body=b"\x00\x00")
    assert command.state == table.ANSWERED and command.answer == b"\x00\x00"


def test_after_a_restart_what_was_sent_is_sent_again_and_what_was_acknowledged_waits():
    world = World()
    world.online()
    photo, text = world.ask(PHOTO), None
    world.confirm(photo)
    text = world.ask()
    again = World()
    again.desk.restore([photo, text], again.now)
    assert (photo.state, text.state) == (table.ACKNOWLEDGED, table.QUEUED)
    again.online()
    assert [number for number, _ in again.sent] == [text.number]
    again.uplink(0x0805, photo.serials[0])
    assert photo.state == table.ANSWERED


def happen(world, commands, action, terminal, number):
    mine = [each for each in commands if each.terminal == terminal and each.state == table.SENT]
    assert len(mine) <= 1
    if action == "ask":
        commands.append(world.ask((TEXT, QUERY, PHOTO)[number % 3], terminal, life_ms=20_000 + number))
    elif action == "online":
        world.online(terminal)
    elif action == "offline":
        world.offline(terminal)
    elif action in ("confirm", "refuse") and mine:
        world.confirm(mine[0], int(action == "refuse"))
    elif action == "own":
        world.uplink(0x0805, number % 10, terminal)
    elif action == "later":
        world.later(number)
    elif action == "cancel" and mine == []:
        queued = [each for each in commands if each.state == table.QUEUED and each.terminal == terminal]
        for each in queued[:1]:
            world.desk.cancel(each.number, world.now)
    elif action == "lost" and mine:
        world.desk.could_not_send(mine[0], "gone", world.now, for_good=False)


ACTIONS = st.lists(
    st.tuples(
        st.sampled_from(["ask", "online", "offline", "confirm", "refuse", "own", "later", "cancel", "lost"]),
        st.sampled_from(["1", "2"]),
        st.integers(0, 12_000),
    ),
    max_size=60,
)


@settings(max_examples=200, deadline=None)
@given(ACTIONS)
def test_whatever_happens_order_is_kept_one_is_on_the_line_and_all_end(actions):
    world = World(retries=1)
    commands = []
    for each in actions:
        happen(world, commands, *each)
    for terminal in ("1", "2"):
        of_it = {each.number for each in commands if each.terminal == terminal}
        firsts = list(dict.fromkeys(number for number, _ in world.sent if number in of_it))
        assert firsts == sorted(firsts)
    world.offline("1")
    world.offline("2")
    world.later(200_000)
    assert all(each.done for each in commands) and len(world.desk) == 0
    assert not world.desk._lanes and world.desk.counters["submitted"] == len(commands)
