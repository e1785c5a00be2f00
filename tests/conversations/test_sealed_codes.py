"""Driver codes under a seal, from the authority's message to the real terminal's screen, over a bad line.

The gateway's own parts seal and order them; the terminal's own page opens them. Whoever writes on the line
without the key changes nothing on the screen.
"""

import base64
import json
from datetime import UTC, datetime, timedelta

import pytest

from edge_gateway.commands import table
from edge_gateway.commands.command import Command
from edge_gateway.freight import codes_down, errands
from edge_gateway.freight.clock import Now
from edge_gateway.session import Authenticated
from firmware.board.keyed_hash import hmac_sha256
from firmware.terminal.screen.view import View
from protocols.driver_code import push
from protocols.driver_code.lists import read_seals, write_seals
from tests.freight import fleet
from tests.gateway.freight.house import House, Terminals, terminal

from .test_bad_line import STEP_MS
from .test_commands_down import DAY_MS, CommandedWorld

PHONE = "13800138000"
KEY = bytes(range(32))
ISSUED = datetime(2026, 3, 2, tzinfo=UTC)  # before the clock that the receiver tells the terminal


class Screened(CommandedWorld):
    """A truck with a screen that takes codes only under the seal of its key."""

    def __init__(self, edition: int) -> None:
        super().__init__(edition, 7)
        self.terminal.view = View()
        self.terminal.view.seal = (hmac_sha256, KEY, True)
        self.bodies: dict[int, bytes] = {}

    def do(self, session, event):
        super().do(session, event)
        if isinstance(event, Authenticated):
            self.work()

    def work(self):
        while commands := self.desk.to_send():
            for command in commands:
                again = command.serials[0] if command.sendings else None
                body = self.bodies[command.number]
                serials = self.speaking.send(0x8900, body, self.now_ms, again)
                self.desk.was_sent(command, serials, self.now)
        if self.speaking is not None and self.speaking is self.session:
            self.carry(self.speaking.data_to_send(), self.down)

    def say(self, number: int, content: bytes) -> Command:
        """What stands behind the type; returns once it is done."""
        self.bodies[number] = bytes([push.PASSTHROUGH_TYPE]) + content
        command = Command(number, PHONE, 0x8900, 0, self.now.utc_ms + DAY_MS)
        self.desk.submit(command, self.now)
        self.work()
        for _ in range(60_000 // STEP_MS):
            if command.state in (table.ACKNOWLEDGED, table.REFUSED):
                break
            self.step()
        return command


def down(name: str, content: bytes) -> codes_down.CodeDown:
    """As the authority sends it: no terminal, only a vehicle."""
    message = {
        "v": 1, "id": name, "plate": fleet.PLATE, "plate_colour": int(fleet.COLOUR), "terminal": "",
        "push": base64.b64encode(content).decode(),
    }  # fmt: skip
    return codes_down.decode(json.dumps(message).encode())


@pytest.mark.parametrize("edition", [2013, 2019])
def test_a_sealed_code_reaches_the_screen_and_nothing_else_does(edition: int, tmp_path) -> None:
    house = House(
        tmp_path,
        seals=read_seals(write_seals({"0" + PHONE: KEY})),
        terminals=Terminals(terminal(PHONE, fleet.PLATE)),
    )
    code = push.DriverCode("DYC1:SEALED", push.Colour.BLUE, ISSUED + timedelta(days=90), None, "")
    with house.book.turn():
        assert house.codes.take(down("a", push.code_push(ISSUED, 1, code)), Now(house.now_s * 1000))
        house.codes.take(down("b", push.colour_push(ISSUED, 2, push.Colour.YELLOW)), Now(house.now_s * 1000))
    contents = [bytes.fromhex(each.body["content"]["hex"]) for each in errands.waiting(house.book, 10)]
    assert [each[0] for each in contents] == [push.SEALED] * 2
    assert house.codes.counts["push_sealed"] == 2

    world = Screened(edition)
    world.fix(3600)
    forged = push.colour_push(ISSUED, 9, push.Colour.RED)
    states = [world.say(number, each).state for number, each in enumerate([*contents, forged], start=1)]
    view = world.terminal.view
    assert states == [table.ACKNOWLEDGED, table.ACKNOWLEDGED, table.REFUSED]
    assert (bytes(view.code), view.colour) == (b"DYC1:SEALED", push.Colour.YELLOW)
    stranger = push.seal(forged, KEY[::-1], PHONE)
    assert world.say(4, stranger).state == table.REFUSED
    assert view.colour == push.Colour.YELLOW
    house.book.close()
