"""Commands down to the real terminal core, over a line that splits, delays, breaks, and dies unnoticed.

The gateway's half-open connections are closed by the terminal's next one only, in the middle of whatever was
on them: a command that was on its way survives that, whoever's answer was lost.
"""

import os
import random

import pytest

from edge_gateway.commands import table
from edge_gateway.commands.command import Command, Now
from edge_gateway.commands.desk import Desk
from edge_gateway.commands.settings import CommandLimits
from edge_gateway.session import Answered, Authenticated, Left, Register, Uplink
from protocols.jt808 import walk

from .test_bad_line import CODE, STEP_MS, World

COMMANDS = 25
DAY_MS = 86_400_000
TRACKING = {"interval_s": 5, "validity_s": 20}


class CommandedWorld(World):
    """One truck, one gateway with its command desk."""

    def __init__(self, edition, seed):
        super().__init__(edition, seed)
        self.desk = Desk(CommandLimits(response_ms=3000, answer_ms=20_000, retries=1))
        self.speaking = None  # the session that the desk's commands go to
        self.takeovers = 0

    @property
    def now(self):
        return Now(self.now_ms, 1_700_000_000_000 + self.now_ms)

    def break_line(self):
        """Every other time the gateway does not notice: what it sends goes nowhere."""
        session = self.session
        if session is None:
            return
        if self.dice.random() < 0.5:
            self.gone(session)
            super().break_line()
        else:
            self.breaks += 1
            self.session, self.line = None, []
            self.terminal.link_closed(self.now_ms)

    def gone(self, session):
        if self.speaking is session:
            self.speaking = None
            self.desk.offline("13800138000", self.now)

    def up(self, data):
        session = self.session
        session.receive(data, self.now_ms)
        for submission in session.submissions():
            self.commits.append((self.now_ms + self.dice.randrange(400), session, submission))
        for event in session.events():
            self.do(session, event)
        self.carry(session.data_to_send(), self.down)
        self.work()

    def do(self, session, event):
        if isinstance(event, Register):
            event.answer(0, CODE)
        elif isinstance(event, Authenticated):
            if self.speaking not in (None, session):
                self.takeovers += 1
                self.speaking.closed()
            self.speaking = session
            self.desk.online(event.identity, event.edition, self.now)
        elif isinstance(event, Answered):
            self.desk.answered("13800138000", event.message_id, event.serial, event.result, self.now)
        elif isinstance(event, Uplink):
            self.desk.uplink(
                "13800138000", event.message_id, event.reply_serial, event.body, event.edition, self.now
            )
        else:
            assert isinstance(event, Left)
            self.gone(session)

    def work(self):
        while commands := self.desk.to_send():
            for command in commands:
                body = b"" if command.message_id == 0x8201 else self.tracking()
                again = command.serials[0] if command.sendings else None
                serials = self.speaking.send(command.message_id, body, self.now_ms, again)
                self.desk.was_sent(command, serials, self.now)
        if self.speaking is not None:
            data = self.speaking.data_to_send()
            if self.speaking is self.session:
                self.carry(data, self.down)

    def tracking(self):
        return walk.encode_body(0x8202, self.door.edition, TRACKING)

    def step(self):
        super().step()
        self.desk.tick(self.now)
        self.work()

    def order(self, number):
        command = Command(
            number, "13800138000", self.dice.choice([0x8201, 0x8202]), 0, self.now.utc_ms + DAY_MS
        )
        self.desk.submit(command, self.now)
        self.work()
        return command


@pytest.mark.parametrize("edition", [2011, 2013, 2019])
@pytest.mark.parametrize("number", range(3))
def test_every_command_is_done_whatever_happens_to_the_line(edition, number):
    seed = int(os.environ.get("SEED", random.SystemRandom().randrange(2**32)))
    print(f"seed {seed}")
    world = CommandedWorld(edition, seed)
    commands = []
    for second in range(150):
        world.fix(3600 + second)
        if second % 6 == 0 and len(commands) < COMMANDS:
            commands.append(world.order(len(commands) + 1))
            if second % 12 == 0:
                world.break_line()
        for _ in range(1000 // STEP_MS):
            world.step()
    end_ms = world.now_ms + 600_000
    while len(world.desk) and world.now_ms < end_ms:
        world.step()
    states = [(command.message_id, command.state) for command in commands]
    assert len(commands) == COMMANDS and world.breaks >= 10
    for command in commands:
        wanted = table.ANSWERED if command.message_id == 0x8201 else table.ACKNOWLEDGED
        assert command.state == wanted, (command, states)
        assert command.message_id == 0x8202 or len(command.answer) >= 30, "serial and position"
    assert max(command.attempts for command in commands) > 1, "some were said again"


def test_a_takeover_in_the_middle_of_a_command():
    """The line dies unnoticed with the command on it; the terminal's next connection gets the command."""
    world = CommandedWorld(2013, 7)
    for second in range(10):
        world.fix(3600 + second)
        for _ in range(1000 // STEP_MS):
            world.step()
    old = world.speaking
    assert old is world.session
    world.session, world.line = None, []  # dead, and only the terminal knows
    command = world.order(1)
    assert command.state == table.SENT
    world.terminal.link_closed(world.now_ms)
    for _ in range(60_000 // STEP_MS):
        world.step()
    assert world.takeovers == 1 and old.state == "closed" and world.speaking is not old
    assert command.state in (table.ANSWERED, table.ACKNOWLEDGED) and command.attempts > 1
