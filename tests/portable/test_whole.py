"""The whole terminal's live heap on a 32-bit port, with vehicle and screen, a code shown."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from protocols.driver_code.masked_name import glyphs_of, masked
from protocols.driver_code.push import Colour, DriverCode, code_push

from ..firmware.screen.pictures import CODE
from ..firmware.screen.test_desk_screen import PHONE, pushed, scanned
from ..firmware.test_desk import drive
from .whole import weigh_whole

GOAL_BYTES = 64 * 1024
# They only go down.
REST_BYTES_MAX = 40 * 1024  # measured 37,984
MOST_BYTES_MAX = 44 * 1024  # measured 42,304
RESIDENT_BYTES_MAX = 20 * 1024  # measured 19,504
MORNING = datetime(2026, 3, 2, tzinfo=UTC)  # the day of `drive`
EPOCHS = 400


def weighed(folder: Path, in_place: bool = True) -> dict[str, int]:
    """`weigh_whole` of a terminal that drives, gets a code and shows it."""
    until = MORNING + timedelta(days=100)
    name = glyphs_of(masked("王小明"))
    code = DriverCode(CODE.decode(), Colour.BLUE, until, until.date(), "云A12345", name)
    return weigh_whole(folder, PHONE, drive(100, EPOCHS), [pushed(code_push(MORNING, 1, code))], in_place)


@pytest.mark.slow
def test_the_whole_terminal_s_heap_on_32_bits(tmp_path: Path) -> None:
    weights = weighed(tmp_path)
    print("bytes of live heap", weights)
    assert scanned(tmp_path / "data" / "screen.png") == CODE.decode()  # it did all that is weighed
    assert weights["reports"] >= EPOCHS // 2
    assert weights["resident"] <= RESIDENT_BYTES_MAX
    assert weights["rest"] <= REST_BYTES_MAX and weights["most"] <= MOST_BYTES_MAX
    assert (
        weights["most"] + weights["bare"] <= GOAL_BYTES
    )  # with the port's own, and what stands in for flash
