"""The whole way on the desk: pushed over the line, shown, and scanned from the PNG."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
import zxingcpp
from PIL import Image

from protocols.driver_code.masked_name import glyphs_of, masked
from protocols.driver_code.presence import Verdict, verify
from protocols.driver_code.push import (
    PASSTHROUGH_TYPE,
    Colour,
    DriverCode,
    code_push,
    colour_push,
    key_push,
    withdrawal_push,
)
from protocols.wire.framing import build_frame
from protocols.wire.header import build_header
from simulator.desk.desk import Desk

from ..platform_server import PlatformServer
from ..test_desk import PATIENCE_S, drive
from .pictures import CODE, SIZES
from .test_screen import BAND

PHONE = "013800138000"
MORNING = datetime(2026, 3, 2, tzinfo=UTC)  # the day of `drive`
HEAP = "104k"  # vehicle and screen


def pushed(content: bytes) -> bytes:
    body = bytes([PASSTHROUGH_TYPE]) + content
    return build_frame(build_header(0x8900, len(body), bytes.fromhex(PHONE), 1) + body)


def scanned(path) -> str:
    """What the PNG of the moment says; it is replaced whole."""
    if not path.exists():
        return ""
    with Image.open(path) as picture:
        found = zxingcpp.read_barcodes(np.array(picture.convert("L")))
    return found[0].text if found else ""


def band(path) -> tuple[int, ...]:
    with Image.open(path) as picture:
        return tuple(picture.convert("RGB").getpixel((238, 60)))


def near(colour: tuple[int, ...], name: str) -> bool:
    return all(abs(a - b) < 12 for a, b in zip(colour, BAND[name], strict=True))


@pytest.mark.slow
def test_a_code_s_life_on_the_screen(tmp_path):
    path = tmp_path / "screen.png"
    until = MORNING + timedelta(days=100)
    code = DriverCode(
        CODE.decode(), Colour.BLUE, until, until.date(), "云A12345", glyphs_of(masked("王小明"))
    )
    with PlatformServer() as platform:
        desk = Desk(
            tmp_path / "desk",
            [("127.0.0.1", platform.port)],
            PHONE,
            plate="云A12345",
            interval_s=1,
            display=[str(path), *SIZES["240x240"]],
            heap=HEAP,
        )
        try:
            platform.said_before = pushed(code_push(MORNING, 1, code))
            desk.start()
            assert desk.wait_until(lambda: desk.state == "online", PATIENCE_S), desk.errors
            desk.feed(drive(100, 30))
            assert desk.wait_until(lambda: scanned(path) == CODE.decode(), PATIENCE_S), desk.errors
            assert desk.wait_until(lambda: near(band(path), "blue"), PATIENCE_S)

            platform.said_before = pushed(colour_push(MORNING, 2, Colour.YELLOW))
            desk.feed(drive(131, 10))
            assert desk.wait_until(lambda: near(band(path), "yellow"), PATIENCE_S), desk.errors

            desk.kill()  # a power cut: the code is in flash
            platform.said_before = b""
            path.unlink()
            desk.restart()
            assert desk.wait_until(lambda: scanned(path) == CODE.decode(), PATIENCE_S), desk.errors

            assert desk.wait_until(lambda: desk.state == "online", PATIENCE_S), desk.errors
            platform.said_before = pushed(withdrawal_push(MORNING, 3))
            desk.feed(drive(200, 10))
            assert desk.wait_until(lambda: not scanned(path), PATIENCE_S), desk.errors
            assert not desk.errors
        finally:
            desk.stop()


@pytest.mark.slow
def test_the_symbol_proves_that_the_screen_is_there(tmp_path):
    """The board's presence key makes a proof that the verifier takes, and that no other key makes."""
    path = tmp_path / "screen.png"
    key = bytes(range(32))
    until = MORNING + timedelta(days=100)
    code = DriverCode(
        CODE.decode(), Colour.BLUE, until, until.date(), "云A12345", glyphs_of(masked("王小明")), key=7
    )
    with PlatformServer() as platform:
        platform.said_before = pushed(code_push(MORNING, 1, code))
        desk = Desk(
            tmp_path / "desk",
            [("127.0.0.1", platform.port)],
            PHONE,
            interval_s=1,
            display=[str(path), *SIZES["240x240"]],
            presence_key=key.hex(),
            presence_key_number=7,
            heap=HEAP,
        )
        try:
            desk.start()
            assert desk.wait_until(lambda: desk.state == "online", PATIENCE_S), desk.errors
            desk.feed(drive(100, 20))
            assert desk.wait_until(lambda: len(scanned(path)) > len(CODE), PATIENCE_S), desk.errors
            text, now = scanned(path), MORNING + timedelta(seconds=130)
            found = verify(text, {7: key}.get, now)
            assert (found.verdict, found.code, found.key_reference) == (Verdict.PRESENT, CODE.decode(), 7)
            assert verify(text, {7: bytes(32)}.get, now).verdict is Verdict.FORGED
            assert verify(text, {7: key}.get, now + timedelta(minutes=5)).verdict is Verdict.OLD
            assert not desk.errors
        finally:
            desk.stop()


@pytest.mark.slow
def test_a_presence_key_from_the_platform_makes_proofs(tmp_path):
    """Only where the terminal was set to take it: key and code are pushed, the symbol proves itself."""
    path = tmp_path / "screen.png"
    key = bytes(range(16))
    until = MORNING + timedelta(days=100)
    code = DriverCode(
        CODE.decode(), Colour.BLUE, until, until.date(), "云A12345", glyphs_of(masked("王小明")), key=9
    )
    with PlatformServer() as platform:
        platform.said_before = pushed(key_push(MORNING, 1, 9, key)) + pushed(code_push(MORNING, 2, code))
        desk = Desk(
            tmp_path / "desk",
            [("127.0.0.1", platform.port)],
            PHONE,
            interval_s=1,
            display=[str(path), *SIZES["240x240"]],
            presence_keys_pushed=True,
            heap=HEAP,
        )
        try:
            desk.start()
            assert desk.wait_until(lambda: desk.state == "online", PATIENCE_S), desk.errors
            desk.feed(drive(100, 20))
            assert desk.wait_until(lambda: len(scanned(path)) > len(CODE), PATIENCE_S), desk.errors
            found = verify(scanned(path), {9: key}.get, MORNING + timedelta(seconds=130))
            assert (found.verdict, found.key_reference) == (Verdict.PRESENT, 9)
            assert not desk.errors
        finally:
            desk.stop()
