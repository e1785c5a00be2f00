"""The screen as people and scanners see it: each state on each size of display, and what changes when."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import numpy as np
import pytest
import zxingcpp
from PIL import Image

from firmware.terminal.clock import DeviceClock
from firmware.terminal.screen.console import PANEL_MS, TEXT, Console
from firmware.terminal.screen.screen import KEY_NAME, Screen
from firmware.terminal.screen.view import SHOWN_BLUE, SHOWN_EXPIRED, SHOWN_PENDING, SHOWN_STALE
from firmware.terminal.store import Store
from protocols.driver_code.presence import EPOCH, Verdict, verify

from .memory_display import MemoryDisplay
from .pictures import (
    CODE,
    DAY,
    FOLDER,
    KEY,
    KEY_NUMBER,
    SECOND,
    SIZES,
    STATES,
    driver_view,
    hashed,
    image,
    sheet,
    show,
)

NOW = EPOCH + timedelta(days=DAY, seconds=SECOND)
BAND = {"blue": (0, 85, 197), "yellow": (255, 222, 0), "red": (222, 24, 24)}


def scanned(display: MemoryDisplay) -> str | None:
    found = zxingcpp.read_barcodes(np.array(image(display).convert("L")))
    return found[0].text if found else None


def key_of(reference: int) -> bytes | None:
    return KEY if reference == KEY_NUMBER else None


def settle(screen: Screen, now_ms: int) -> None:
    while screen.work(now_ms):
        pass


def made(size: str, **changes: Any) -> tuple[Screen, Callable[[int], None]]:
    """A settled screen at SECOND, and what lets the time go on (`seconds` after that)."""
    clock = DeviceClock()
    clock.set(DAY, SECOND, 0, 0)
    screen = Screen(MemoryDisplay(*SIZES[size]), driver_view(**changes), clock, None, hashed, KEY, KEY_NUMBER)
    settle(screen, 0)
    return screen, lambda seconds: settle(screen, seconds * 1000)


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("size", SIZES)
def test_each_state_on_each_display(size, state):
    screen = show(size, driver_view(**STATES[state]))
    text = scanned(screen.display)
    if state == "none":
        assert text is None and not screen.size
        return
    assert text is not None and text.startswith(CODE.decode())
    assert verify(text, key_of, NOW).verdict is Verdict.PRESENT
    assert screen.display.shows == [True]


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("size", ["240x240", "160x128"])
def test_the_band_has_the_colour(size, state):
    picture = np.array(image(show(size, driver_view(**STATES[state])).display))
    corner = tuple(int(value) for value in picture[60 if size == "240x240" else 2, -2])
    wanted = BAND.get(state)
    if wanted is None:
        assert max(corner) - min(corner) < 12 and 60 < corner[0] < 200, corner  # grey
    else:
        assert all(abs(a - b) < 12 for a, b in zip(corner, wanted, strict=True)), corner


def test_modules_are_as_large_as_promised():
    for size, pixels in (("240x240", 3), ("160x128", 2), ("296x128", 2)):
        screen = show(size, driver_view())
        box = np.array(image(screen.display).convert("L"))
        ink = np.argwhere(box[:, : 196 if size == "240x240" else 122] < 128)
        if size == "240x240":
            ink = ink[ink[:, 0] >= 40]
        height = ink[:, 0].max() - ink[:, 0].min() + 1
        assert height == screen.size * pixels


def test_a_proof_stands_a_minute_and_then_another_comes():
    screen, at = made("240x240")
    first = scanned(screen.display)
    at(59)
    assert scanned(screen.display) == first
    at(61)
    second = scanned(screen.display)
    assert second != first and second[: len(CODE)] == first[: len(CODE)]
    assert verify(first, key_of, NOW + timedelta(seconds=61)).verdict is Verdict.PRESENT
    assert verify(first, key_of, NOW + timedelta(seconds=91)).verdict is Verdict.OLD
    assert verify(second, key_of, NOW + timedelta(seconds=91)).verdict is Verdict.PRESENT


def test_only_what_changed_is_drawn_again():
    screen, at = made("240x240")
    rows: list[int] = []
    plain = screen.display.row
    screen.display.row = lambda buffer: (rows.append(len(buffer)), plain(buffer))
    at(30)
    assert rows == []
    screen.view.link = False
    at(31)
    assert rows == [2 * 44] * 200  # the band
    rows.clear()
    screen.view.plate = "云A54321".encode("gbk")
    screen.view.changed()
    at(32)
    assert rows == [2 * 240] * 40 + [2 * 44] * 200


def test_the_code_expires_that_second_without_a_word_from_anybody():
    screen, at = made("160x128", until_day=DAY, until_second=SECOND + 20)
    at(19)
    assert screen.shown == SHOWN_BLUE
    at(20)
    assert screen.shown == SHOWN_EXPIRED


def test_an_old_word_makes_grey_and_a_new_one_colour():
    screen, at = made("160x128", refreshed_second=SECOND - 43200 + 5)
    at(4)
    assert screen.shown == SHOWN_BLUE
    at(6)
    assert screen.shown == SHOWN_STALE
    screen.view.refreshed_second = SECOND + 6
    screen.view.changed()
    at(7)
    assert screen.shown == SHOWN_BLUE


@pytest.mark.parametrize("size", SIZES)
def test_without_time_there_is_no_proof_and_no_colour(size):
    screen = show(size, driver_view(), known=False)
    assert scanned(screen.display) == CODE.decode()
    assert screen.shown == SHOWN_PENDING


def test_without_the_key_there_is_no_proof():
    assert scanned(show("240x240", driver_view(), key=b"").display) == CODE.decode()
    assert scanned(show("240x240", driver_view(key=KEY_NUMBER + 1)).display) == CODE.decode()


def test_the_key_may_come_from_the_store(tmp_path):
    from firmware.terminal.ram_files import RamFiles

    store = Store(RamFiles())
    store.put(KEY_NAME, KEY_NUMBER.to_bytes(2, "big") + KEY)
    clock = DeviceClock()
    clock.set(DAY, SECOND, 0, 0)
    screen = Screen(MemoryDisplay(*SIZES["240x240"]), driver_view(), clock, store, hashed)
    settle(screen, 0)
    assert verify(scanned(screen.display), key_of, NOW).verdict is Verdict.PRESENT


@pytest.mark.parametrize("length", [1, 40, 120, 240])
@pytest.mark.parametrize("size", SIZES)
def test_codes_of_every_length_are_read(size, length):
    screen = show(size, driver_view(code=(b"DYC1:" + b"Z9%" * 80)[:length]))
    assert scanned(screen.display)[:length] == ("DYC1:" + "Z9%" * 80)[:length]


def test_a_code_of_any_bytes_is_read_too():
    code = b"https://example.org/c?id=" + b"a1b2" * 20
    assert scanned(show("240x240", driver_view(code=code)).display)[: len(code)] == code.decode()


@pytest.mark.parametrize("size", SIZES)
def test_a_panel_lies_over_the_symbol_and_goes_by_itself(size):
    screen, at = made(size)
    console = Console(screen.view)
    assert console.put(TEXT, "消息".encode("gbk"), "请到3号门装货".encode("gbk"), None, PANEL_MS, False, 0)
    at(1)
    assert scanned(screen.display) is None and screen.view.panel_end == 0
    at(PANEL_MS // 1000 - 1)
    assert screen.view.panel is not None
    at(PANEL_MS // 1000)
    assert scanned(screen.display) is not None


def test_a_long_text_has_pages_and_every_byte_is_on_one():
    screen, at = made("160x128")
    text = "第一条：请在前方服务区休息20分钟。".encode("gbk") * 12
    Console(screen.view).put(TEXT, b"T", text, None, 0, False, 0)
    ends = []
    begin = 0
    for turn in range(1, 40):
        at(turn)
        ends.append(screen.view.panel_end)
        if not screen.view.panel_end:
            break
        assert screen.view.panel_end > begin
        begin = screen.view.panel_end
        screen.view.panel = (b"T", text, begin)
    assert len(ends) > 3 and ends[-1] == 0


def test_no_slice_draws_more_than_a_row():
    screen, _ = made("240x240")
    counts = []
    screen.redraw()
    plain = screen.display.row
    screen.display.row = lambda buffer: (counts.append(1), plain(buffer))
    more = True
    while more:
        before = len(counts)
        more = screen.work(5)
        assert len(counts) - before <= 1
    assert len(counts) == 40 + 200 + 200


def test_a_heap_that_does_not_suffice_costs_a_pause_and_no_picture(monkeypatch):
    from firmware.terminal import pages

    screen, _ = made("160x128")
    screen.view.code = CODE + b"X"
    screen.view.changed()
    real = pages.use
    monkeypatch.setattr(pages, "use", lambda name: (_ for _ in ()).throw(MemoryError))
    settle(screen, 1000)
    assert screen.short == 1
    monkeypatch.setattr(pages, "use", real)
    settle(screen, 2000)
    assert screen.short == 1 and scanned(screen.display)[: len(CODE) + 1] != (CODE + b"X").decode()
    settle(screen, 6001)
    assert scanned(screen.display)[: len(CODE) + 1] == (CODE + b"X").decode()


@pytest.mark.parametrize("size", SIZES)
def test_the_pictures_in_the_docs_are_of_this_screen(size):
    with Image.open(FOLDER / f"screen-{size}.png") as picture:
        kept = np.array(picture.convert("RGB"), np.int16)
    assert np.abs(kept - np.array(sheet(size), np.int16)).max() <= 8
