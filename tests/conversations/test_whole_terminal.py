"""A complete terminal and the gateway's session core over a bad line, both ways.

The line splits, delays, repeats, breaks, closes by half, and dies unnoticed. Reports, letters (cards of
drivers, and one of several packages) and answers go up; parameters, areas and a route of several packages
come down. Nothing that was acknowledged is lost, everything arrives, and each under one name.
"""

import os
import random

import pytest

from edge_gateway.commands import table
from edge_gateway.commands.command import Command
from edge_gateway.commands.desk import Desk
from edge_gateway.commands.settings import CommandLimits
from firmware.terminal import mail
from firmware.terminal.vehicle.vehicle import Vehicle
from protocols.monitoring.records import MESSAGE, record_id, unpack_message
from protocols.wire.bodies import encode_layout, layout_of
from protocols.wire.pages import areas, parameters
from simulator.fleet.cab import card_in, card_out, driver_of

from .test_bad_line import STEP_MS
from .test_commands_down import DAY_MS, CommandedWorld

PHONE = "13800138000"
MAX_SPEED, SPEED_KMH = 0x0055, 77
ROUTE_POINTS = 90  # more than a frame holds
PACKAGES = bytes(range(256)) * 6  # of a letter that goes up in three packages
ANSWERS = (0x0104,)
DRIVE_S = 150


class WholeWorld(CommandedWorld):
    """letters: (message id, serial) → name. taken: the letters that the platform acknowledged. arrived: names
    of messages in the journal, with their ids."""

    def __init__(self, edition, seed):
        super().__init__(edition, seed)
        # A line that is closed by half answers nothing until the terminal gives it up.
        self.desk = Desk(CommandLimits(response_ms=3000, answer_ms=20_000, retries=8))
        self.letters, self.taken, self.arrived = {}, set(), {}
        self.repeated = self.half_closed = 0
        self.deaf = None  # the session whose upward half is closed
        terminal = self.terminal
        terminal.mail.observer = self.on_mail
        terminal.attach_vehicle(
            Vehicle(terminal.parameters, terminal.settings.store, terminal.mail, lambda: 0, edition)
        )
        encode = self.encode
        point = {"width_m": 100, "attributes": 0}
        points = [
            {"point_id": at, "section_id": at, "latitude_udeg": 30_000_000 + 1000 * at,
             "longitude_udeg": 100_000_000, **point}
            for at in range(1, ROUTE_POINTS + 1)
        ]  # fmt: skip
        circle = {"id": 7, "attributes": 0, "latitude_udeg": 26_000_000, "longitude_udeg": 103_000_000,
                  "radius_m": 300, "name": b""}  # fmt: skip
        route = {"id": 8, "attributes": 0, "point_count": ROUTE_POINTS, "points": points, "name": b""}
        speed = {"id": MAX_SPEED, "value": SPEED_KMH.to_bytes(4, "big")}
        self.bodies = {
            0x8103: encode(parameters, 0x8103, {"count": 1, "parameters": [speed]}),
            0x8104: b"",
            0x8600: encode(areas, 0x8600, {"setting": 1, "count": 1, "areas": [circle]}),
            0x8606: encode(areas, 0x8606, route),
        }

    def encode(self, pages, message_id, values):
        return encode_layout(layout_of(pages.BODIES, message_id, self.door.edition), values)

    def on_mail(self, what, message_id, serial, body):
        if what == mail.POSTED:
            name = record_id(PHONE, bytes(body), MESSAGE, serial, message_id)
            assert name not in self.letters.values()
            self.letters[message_id, serial] = name
        elif what == mail.DELIVERED:
            assert self.letters[message_id, serial] in self.arrived, "acknowledged, and not in the journal"
            self.taken.add((message_id, serial))

    def commit(self):
        """As in World; messages have names of their own."""
        due = [each for each in self.commits if each[0] <= self.now_ms]
        self.commits = [each for each in self.commits if each[0] > self.now_ms]
        for _, session, submission in due:
            for serial, kind, body in submission.reports:
                if kind == MESSAGE:
                    message_id, content = unpack_message(body)
                    self.arrived[record_id(PHONE, content, MESSAGE, serial, message_id)] = message_id
                else:
                    self.journal[record_id(PHONE, body)] += 1
            if session is self.session:
                self.carry(submission.answers, self.down)

    def carry(self, data, deliver):
        """Now and then everything comes twice, as over a link that repeats."""
        if deliver == self.up and self.deaf is not None and self.deaf is self.session:
            return
        super().carry(data, deliver)
        if data and self.dice.random() < 0.03:
            self.repeated += 1
            super().carry(data, deliver)

    def half_close(self):
        """Nothing of the terminal arrives any more, and nobody tells it."""
        if self.session is not None:
            self.half_closed += 1
            self.deaf = self.session

    def work(self):
        while commands := self.desk.to_send():
            for command in commands:
                again = command.serials[0] if command.sendings else None
                body = self.bodies[command.message_id]
                serials = self.speaking.send(command.message_id, body, self.now_ms, again)
                self.desk.was_sent(command, serials, self.now)
        if self.speaking is not None:
            data = self.speaking.data_to_send()
            if self.speaking is self.session:
                self.carry(data, self.down)

    def give(self, number, message_id):
        command = Command(number, PHONE, message_id, 0, self.now.utc_ms + DAY_MS)
        self.desk.submit(command, self.now)
        self.work()
        return command


@pytest.mark.parametrize("edition", [2011, 2013, 2019])
@pytest.mark.parametrize("number", range(2))
def test_nothing_is_lost_either_way_and_each_has_one_name(edition, number):
    seed = int(os.environ.get("SEED", random.SystemRandom().randrange(2**32)))
    print(f"seed {seed}")
    world = WholeWorld(edition, seed)
    commands = drive(world)
    owed = world.drain()
    end_ms = world.now_ms + 900_000
    while (len(world.desk) or world.terminal.mail.held) and world.now_ms < end_ms:
        world.step()
    assert world.breaks >= 5 and world.half_closed and world.repeated
    for command in commands:
        wanted = table.ANSWERED if command.message_id == 0x8104 else table.ACKNOWLEDGED
        assert command.state == wanted, command
    assert owed <= world.acknowledged
    assert {world.emitted[sequence] for sequence in owed} <= set(world.journal)
    assert set(world.journal) <= set(world.emitted.values())
    assert world.taken == set(world.letters) and len(world.letters) >= 5
    letters = {name for name, message_id in world.arrived.items() if message_id not in ANSWERS}
    assert letters == set(world.letters.values()), "a letter under another name is another letter"
    vehicle = world.terminal.vehicle
    assert vehicle.areas.count == 2 and world.terminal.parameters.number(MAX_SPEED) == SPEED_KMH


def drive(world):
    """Two drivers in turn, a long letter now and then, every kind of command twice; gives the commands."""
    commands = []
    for second in range(DRIVE_S):
        world.fix(3600 + second)
        if second % 30 == 4:
            world.terminal.vehicle.feed_card(card_in(driver_of(1, second // 30)))
        if second % 60 == 25:
            world.terminal.vehicle.feed_card(card_out())
        if second % 50 == 10:
            assert world.terminal.mail.post(0x0900, b"\xf5" + PACKAGES)
        if second % 15 == 7 and len(commands) < 8:
            commands.append(world.give(len(commands) + 1, sorted(world.bodies)[len(commands) % 4]))
        if second % 25 == 12:
            world.break_line()
        if second % 70 == 35:
            world.half_close()
        for _ in range(1000 // STEP_MS):
            world.step()
    return commands
