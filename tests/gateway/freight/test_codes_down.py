"""Codes on their way down, errands, registers: each once, the newest stays, what is not believed is left."""

import base64
import json
from datetime import UTC, datetime, timedelta

import pytest

from edge_gateway.freight import codes_down, errands
from edge_gateway.freight.clock import Now
from edge_gateway.freight.registers import Registers
from protocols.driver_code import push
from protocols.driver_code.lists import write_revocations
from protocols.driver_code.trust import Revocations
from protocols.freight.registers import SnapshotError
from protocols.freight.snapshot import Signer, seal
from protocols.wire.errors import RemoteProtocolError
from tests.freight import fleet

from .house import TERMINAL, House, Terminals, terminal

ISSUED = datetime(2026, 3, 10, tzinfo=UTC)
KEY = push.key_push(ISSUED, 1, 9, bytes(32))
COLOUR = push.colour_push(ISSUED, 2, push.Colour.RED)


def message(content: bytes, **changes: object) -> bytes:
    fields = {
        "v": 1, "id": "a", "plate": fleet.PLATE, "plate_colour": 2, "terminal": fleet.TERMINAL,
        "push": base64.b64encode(content).decode(),
    }  # fmt: skip
    return json.dumps(fields | changes).encode()


def take(house: House, payload: bytes) -> bool:
    with house.book.turn():
        return house.codes.take(codes_down.decode(payload), Now(house.now_s * 1000))


def test_a_push_becomes_one_errand_however_often_it_comes(house: House) -> None:
    assert [take(house, message(KEY)), take(house, message(KEY))] == [True, False]
    (errand,) = errands.waiting(house.book, 10)
    assert (errand.terminal, errand.body) == (TERMINAL, {"type": 0xF1, "content": {"hex": KEY.hex()}})
    assert house.registers.presence_key(9) == bytes(32)


def test_without_a_phone_the_vehicles_terminal_is_taken(house: House) -> None:
    take(house, message(COLOUR, terminal=""))
    assert errands.waiting(house.book, 10)[0].terminal == TERMINAL


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"v": 2}, "v"),
        ({"id": ""}, "id"),
        ({"terminal": "x"}, "terminal"),
        ({"plate_colour": 256}, "plate_colour"),
        ({"push": "%"}, "push"),
        ({"push": base64.b64encode(KEY[:-1]).decode()}, "check"),
    ],
)
def test_a_wrong_message_is_named_by_field(changes: dict[str, object], field: str) -> None:
    with pytest.raises(RemoteProtocolError) as caught:
        codes_down.decode(message(KEY, **changes))
    assert caught.value.field == field


def test_a_newer_colour_replaces_a_colour_and_no_code(house: House) -> None:
    code = push.DriverCode("DYC1:A", push.Colour.BLUE, ISSUED, None, fleet.PLATE)
    for name, content in (("a", push.code_push(ISSUED, 1, code)), ("b", COLOUR)):
        take(house, message(content, id=name))
    for number, errand in enumerate(errands.waiting(house.book, 10), start=1):
        assert errands.replaced(house.book, errand) == []
        errands.done(house.book, errand, number)
    take(house, message(COLOUR, id="c"))
    (colour,) = errands.waiting(house.book, 10)
    assert errands.replaced(house.book, colour) == [2]
    take(house, message(push.withdrawal_push(ISSUED, 9), id="d"))
    withdrawn = errands.waiting(house.book, 10)[1]
    assert sorted(errands.replaced(house.book, withdrawn)) == [1, 2]


def look(house: House) -> int:
    with house.book.turn():
        return house.codes.look(Now(house.now_s * 1000))


def waiting_for(house: House, terminal: str = "") -> list[tuple[push.Kind, str]]:
    """What is on its way, as the terminal would read it."""
    found = [each for each in errands.waiting(house.book, 10) if terminal in ("", each.terminal)]
    values = [push.parse(bytes.fromhex(each.body["content"]["hex"])) for each in found]
    return [(each["kind"], each.get("code", b"").decode()) for each in values]


def test_a_code_waits_for_a_terminal_that_nobody_knows_yet_and_survives_a_restart(house: House) -> None:
    """The newest code and its colour leave once it registers, in order; what they replaced does not."""
    until = ISSUED + timedelta(days=90)
    for serial, text in ((1, "OLD"), (3, "NEW"), (2, "LATE")):  # the last one was issued before the second
        code = push.DriverCode(text, push.Colour.BLUE, until, None, "云A99999")
        take(house, message(push.code_push(ISSUED, serial, code), id=text, terminal="", plate="云A99999"))
    colour = push.colour_push(ISSUED, 4, push.Colour.YELLOW)
    take(house, message(colour, id="colour", terminal="", plate="云A99999"))
    take(house, message(KEY, id="named", terminal="013900001111"))
    assert (look(house), errands.count(house.book), house.codes.waiting()) == (0, 0, 3)
    house.book.close()
    house.open()
    house.terminals.know(terminal("13912345678", "云A99999"))
    assert (look(house), house.codes.waiting()) == (2, 1)
    assert waiting_for(house) == [(push.Kind.CODE, "NEW"), (push.Kind.COLOUR, "")]
    house.terminals.know(terminal("13900001111", "云A11111"))
    assert (look(house), look(house), house.codes.waiting()) == (1, 0, 0)
    assert waiting_for(house, "13900001111") == [(push.Kind.KEY, "")]
    assert take(house, message(colour, id="colour", terminal="", plate="云A99999")) is False


def test_a_code_waits_for_a_terminal_that_only_the_registers_name(house: House) -> None:
    """They know whose vehicle it is; the command desk knows nobody of that name before it registers."""
    house.terminals = house.whose._terminals = Terminals()
    take(house, message(COLOUR, terminal=""))
    assert (house.codes.waiting(), errands.count(house.book)) == (1, 0)
    house.terminals.know(terminal(TERMINAL, "云A00000"))
    assert look(house) == 1
    assert errands.waiting(house.book, 10)[0].terminal == TERMINAL


def test_a_code_waits_until_its_own_end(house: House) -> None:
    code = push.DriverCode("SHORT", push.Colour.BLUE, ISSUED + timedelta(days=1), None, "云A99999")
    take(house, message(push.code_push(ISSUED, 1, code), terminal="", plate="云A99999"))
    house.now_s = int(ISSUED.timestamp()) + 86_400
    house.terminals.know(terminal("13912345678", "云A99999"))
    assert (look(house), house.codes.waiting(), errands.count(house.book)) == (0, 0, 0)
    assert house.codes.counts["push_expired"] == 1


def test_codes_that_wait_have_a_limit(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(codes_down, "WAITING_MAX", 1)
    take(house, message(COLOUR, terminal="", plate="云A99999"))
    take(house, message(COLOUR, id="b", terminal="", plate="云A99999"))  # of the same vehicle: it replaces
    with pytest.raises(RemoteProtocolError, match="wait for terminals already"):
        take(house, message(COLOUR, id="c", terminal="", plate="云A88888"))
    assert (house.codes.waiting(), house.codes.counts["push_waiting_full"]) == (1, 1)


def test_errands_have_a_limit(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(errands, "ERRANDS_MAX", 1)
    take(house, message(COLOUR))
    with pytest.raises(errands.FullError):
        take(house, message(COLOUR, id="b"))
    assert [take(house, message(COLOUR)), errands.count(house.book)] == [False, 1]


def test_only_a_newer_snapshot_of_a_trusted_key_is_kept_and_stands_after_a_start(house: House) -> None:
    newer = seal(fleet.snapshot(sequence=5), fleet.SIGNER)
    assert house.registers.take_snapshot(newer) is True
    assert house.registers.take_snapshot(newer) is False
    assert house.registers.take_snapshot(seal(fleet.snapshot(sequence=4), fleet.SIGNER)) is False
    renewed = fleet.snapshot(sequence=5, issued_s=fleet.NOON + 9)
    assert house.registers.take_snapshot(seal(renewed, fleet.SIGNER)) is True
    private, _ = fleet.GUOMI.sm2_new_key()
    with pytest.raises(SnapshotError):
        house.registers.take_snapshot(seal(fleet.snapshot(sequence=9), Signer(fleet.GUOMI, b"nobd", private)))
    assert Registers(house.book, fleet.GUOMI, [fleet.KEY]).snapshot == renewed
    assert Registers(house.book, fleet.GUOMI, []).snapshot is None


def test_only_a_newer_revocation_list_is_kept(house: House) -> None:
    newer = write_revocations(Revocations(house.now_s + 1, frozenset({bytes(8)})))
    assert [house.registers.take_revocations(newer), house.registers.take_revocations(newer)] == [True, False]
    assert Registers(house.book, fleet.GUOMI, []).revocations == house.registers.revocations
