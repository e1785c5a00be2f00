"""A certificate's end ends the code at the edge that second: verified until then, then no order for it."""

from dataclasses import replace
from pathlib import Path

import pytest

from edge_gateway.commands import CommandError
from protocols.driver_code.codec import StandIn
from protocols.driver_code.content import Colour, Content, Holder
from protocols.driver_code.trust import State
from tests.freight import fleet
from tests.gateway.freight.house import House
from tests.gateway.freight.test_dispatch import scan

END_S = fleet.NOON + 600


def ending(until_s: int) -> str:
    """A code of the fleet's driver, good until this second."""
    content = Content(
        Holder.DRIVER, fleet.HOLDER, "张**", fleet.PLATE, int(fleet.COLOUR), ("A2",), Colour.BLUE,
        fleet.NOON - 3600, until_s, fleet.KEY.key_id,
    )  # fmt: skip
    return StandIn(fleet.GUOMI).sign(content, fleet.PRIVATE)


@pytest.fixture
def house(tmp_path: Path):
    made = House(tmp_path)
    made.know(replace(fleet.snapshot(), valid_until_s=END_S + 86400))
    yield made
    made.book.close()


def test_a_code_gives_its_last_order_one_second_before_it_ends(house: House) -> None:
    code = ending(END_S)
    house.now_s = END_S - 1
    assert house.desk.check(house.shown(code), "")[1].verdict.state is State.VALID
    house.now_s = END_S
    assert house.desk.check(house.shown(code), "")[1].verdict.state is State.EXPIRED
    with pytest.raises(CommandError, match="expired"):
        scan(house, house.shown(code))
    house.now_s = END_S - 1
    order, new = scan(house, house.shown(code))
    assert new
    assert not order["held"]
