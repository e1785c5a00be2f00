"""What CPython builds is what the terminal's page understands, field by field; and the layouts are fresh."""

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.terminal import pages
from firmware.terminal.calendar import day_number
from firmware.terminal.clock import DeviceClock
from firmware.terminal.ram_files import RamFiles
from firmware.terminal.screen.view import View
from firmware.terminal.settings import Settings
from firmware.terminal.store import Store
from protocols.driver_code import emit
from protocols.driver_code.masked_name import glyphs_of, masked
from protocols.driver_code.push import (
    CODE_BYTES_MAX,
    Colour,
    DriverCode,
    Kind,
    code_push,
    colour_push,
    key_push,
    parse,
    withdrawal_push,
)
from protocols.wire.errors import LocalProtocolError, RemoteProtocolError

ISSUED = datetime(2027, 3, 2, 2, 0, tzinfo=UTC)
SHOWN = DriverCode(
    "DYC1:ABC",
    Colour.YELLOW,
    datetime(2028, 1, 1, tzinfo=timezone(timedelta(hours=8))),
    date(2028, 6, 30),
    "云A12345",
    glyphs_of(masked("王小明")),
    7,
)


class Truck:
    """What the page needs of a terminal."""

    def __init__(self) -> None:
        self.settings = Settings(servers=[("none", 1)], store=Store(RamFiles()))
        self.clock = DeviceClock()
        self.view = View()


def taken(*contents: bytes) -> View:
    truck = Truck()
    for content in contents:
        assert pages.use("driver_code").push(truck, content, 0) == 0
    return truck.view


codes = st.builds(
    DriverCode,
    st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789:+-.", min_size=1, max_size=CODE_BYTES_MAX),
    st.sampled_from(Colour),
    st.datetimes(datetime(2001, 1, 1), datetime(2098, 1, 1), timezones=st.just(UTC)),
    st.none() | st.dates(date(2001, 1, 1), date(2098, 12, 31)),
    st.text("云A0123456789挂学", max_size=8),
    st.binary(max_size=128).map(lambda data: data[: len(data) // 32 * 32]),
    st.integers(0, 0xFFFF),
)


@given(codes, st.integers(0, 0xFFFFFFFF))
def test_the_terminal_shows_what_was_pushed(code, serial):
    view = taken(code_push(ISSUED, serial, code))
    assert view.code == code.code.encode() and view.colour == code.colour and view.key == code.key
    assert view.plate == code.plate.encode("gbk") and view.name == code.name
    until = datetime(2000, 1, 1, tzinfo=UTC) + timedelta(days=view.until_day, seconds=view.until_second)
    assert until == code.until.replace(microsecond=0)
    end = b"\x99\x99\x99" if code.licence_end is None else bytes.fromhex(f"{code.licence_end:%y%m%d}")
    assert view.licence_end == end
    assert (view.refreshed_day, view.refreshed_second) == (day_number(2027, 3, 2), 7200)


def test_colours_and_withdrawals_arrive():
    first = code_push(ISSUED, 1, SHOWN)
    assert taken(first, colour_push(ISSUED, 2, Colour.RED)).colour == Colour.RED
    view = taken(first, withdrawal_push(ISSUED, 3))
    assert view.code == b"" and view.colour == 0


def test_parse_gives_back_what_was_built():
    values = parse(code_push(ISSUED, 5, SHOWN))
    assert values["kind"] is Kind.CODE and values["serial"] == 5 and values["code"] == b"DYC1:ABC"
    assert values["issued_bcd"].hex() == "270302100000" and values["until_bcd"].hex() == "280101000000"
    assert parse(key_push(ISSUED, 6, 7, b"k" * 32))["secret"] == b"k" * 32


@given(st.binary(max_size=80))
def test_no_bytes_make_parse_fail_otherwise(content):
    with pytest.raises(RemoteProtocolError):
        parse(content)


def test_a_damaged_push_is_refused():
    content = bytearray(colour_push(ISSUED, 1, Colour.BLUE))
    content[-1] ^= 1
    with pytest.raises(RemoteProtocolError, match="check sum"):
        parse(bytes(content))


@pytest.mark.parametrize(
    ("field", "value"),
    [("code", "A" * (CODE_BYTES_MAX + 1)), ("plate", "云" * 9), ("name", bytes(160)), ("name", bytes(31))],
)
def test_what_the_terminal_would_refuse_is_not_built(field, value):
    code = DriverCode(**{**SHOWN.__dict__, field: value})
    with pytest.raises(LocalProtocolError) as error:
        code_push(ISSUED, 1, code)
    assert error.value.field == field


def test_a_time_needs_its_zone():
    with pytest.raises(LocalProtocolError):
        colour_push(datetime(2027, 3, 2), 1, Colour.BLUE)


def test_the_layouts_of_the_terminal_are_fresh():
    assert emit.TARGET.read_text("utf-8") == emit.render()
