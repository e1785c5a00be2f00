"""The whole firmware in its heap for an hour of driving: vehicle, screen, tunnels, orders, letters, codes.

In the hour the receiver's clock runs ten times as fast as the terminal's; in the quick drive its sentences
come as fast as they are taken. A line `heap LIVE` is printed at every page that is loaded and lets the live
heap grow beyond what it was before.
"""

from __future__ import annotations

import time
from collections import deque
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from protocols.driver_code.masked_name import glyphs_of, masked
from protocols.driver_code.push import PASSTHROUGH_TYPE, Colour, DriverCode, code_push, colour_push
from protocols.wire import tables
from protocols.wire.framing import build_frame
from protocols.wire.header import build_header
from protocols.wire.pages import ids
from simulator.desk.desk import Desk

from .platform_server import PlatformServer
from .screen.pictures import CODE, SIZES
from .screen.test_desk_screen import scanned
from .test_desk import PATIENCE_S
from .test_nmea import sentence

HEAP = "128k"  # the goal; the quick drive has less, which only goes down
QUICK_HEAP = "104k"
PHONE = "013800138000"
DAY = datetime(2026, 3, 2, tzinfo=UTC)
FIRST_S = 3600  # of the day
TUNNEL_EVERY_S, TUNNEL_S = 300, 40
STEP = 10  # epochs given at once
ORDER_EVERY = 2  # steps
# Watches every page at its loading, behind the loader's own collection.
WATCH = """
import builtins, gc
load, most = builtins.__import__, [0]
def watched(name, *rest):
    module = load(name, *rest)
    if name.startswith("page_"):
        gc.collect()
        if gc.mem_alloc() > most[0]:
            most[0] = gc.mem_alloc()
            print("heap", most[0])
    return module
builtins.__import__ = watched
"""


class OrderingPlatform(PlatformServer):
    """Says the next of its orders, (message id, body), before it answers a report."""

    def __init__(self) -> None:
        super().__init__()
        self.orders: deque[tuple[int, bytes]] = deque()

    def _answer(self, payload: bytes, serial: int) -> bytes:
        answer = super()._answer(payload, serial)
        if not answer or not self.orders or payload[:2] != b"\x02\x00":
            return answer
        message_id, body = self.orders.popleft()
        header = build_header(message_id, len(body), bytes.fromhex(PHONE), serial)
        return build_frame(header + body) + answer


class WatchedDesk(Desk):
    """A desk whose firmware tells of its heap. heaps: what it told, bytes. watch: what it runs first."""

    watch = WATCH

    def _command(self) -> tuple[list[str], dict[str, str]]:
        command, environment = super()._command()
        script = self.directory / "watched.py"
        script.write_text(self.watch + Path(command[-2]).read_text("utf-8"), "utf-8")
        return [*command[:-2], str(script), command[-1]], environment

    @property
    def heaps(self) -> list[int]:
        """Live heap at pages that were loaded, growing."""
        return [int(line.split()[1]) for line in self.errors.splitlines() if line.startswith("heap ")]

    @property
    def faults(self) -> list[str]:
        """What was printed else."""
        return [line for line in self.errors.splitlines() if not line.startswith("heap ")]


def in_tunnel(second: int) -> bool:
    """Whether the receiver sees no sky."""
    return second % TUNNEL_EVERY_S >= TUNNEL_EVERY_S - TUNNEL_S


def epoch(second: int) -> bytes:
    """What the receiver says in this second of the day; in a tunnel it knows the time and no place."""
    at = FIRST_S + second
    clock = f"{at // 3600:02}{at // 60 % 60:02}{at % 60:02}.00"
    place = f"25{second // 60:02}.{second % 60 * 100:04},N,10243.0000,E"
    if in_tunnel(second):
        return sentence(f"GNGGA,{clock},,,,,0,0,,,M,,M,,") + sentence(f"GNRMC,{clock},V,,,,,,,020326,,,N")
    fix = sentence(f"GNGGA,{clock},{place},1,9,1.0,1891.0,M,,M,,")
    return fix + sentence(f"GNRMC,{clock},A,{place},30.0,{second % 360}.0,020326,,,A")


def orders_of(turn: int) -> list[tuple[int, bytes]]:
    """What the platform wants in this turn: questions, settings, texts, areas, letters, a new code."""
    until = DAY + timedelta(days=100)
    name = glyphs_of(masked("王小明"))
    code = DriverCode(CODE.decode()[:-2] + f"{turn:02}", Colour.BLUE, until, until.date(), "云A12345", name)
    serial = 2 * turn + 1
    push = code_push(DAY, serial, code) if turn % 2 else colour_push(DAY, serial, Colour.YELLOW)
    circle = bytes.fromhex("0101 00000001 0000 018111d8 061f1e38 000001f4".replace(" ", ""))
    return [
        (ids.MSG_PARAMETER_QUERY, b""),
        (ids.MSG_DOWNLINK_PASSTHROUGH, bytes([PASSTHROUGH_TYPE]) + push),
        (ids.MSG_PARAMETER_SETTING, bytes.fromhex("01 00000055 04 00000050".replace(" ", ""))),
        (ids.MSG_TEXT_MESSAGE, b"\x08\xc7\xb0\xb7\xbd\xd3\xb5\xb6\xc2"),
        (ids.MSG_ATTRIBUTE_QUERY, b""),
        (ids.MSG_CIRCLE_SETTING, circle),
        (tables.MSG_POSITION_QUERY, b""),
        (ids.MSG_DRIVER_IDENTITY_QUERY, b""),  # the driver's identity comes as a letter
    ]


@pytest.mark.parametrize(
    ("seconds", "heap", "speed"),
    [
        pytest.param(200, QUICK_HEAP, 0, marks=pytest.mark.slow),
        pytest.param(3600, HEAP, 10, marks=pytest.mark.soak),
    ],
)
def test_the_whole_firmware_drives_in_its_heap(tmp_path: Path, seconds: int, heap: str, speed: int) -> None:
    picture = tmp_path / "screen.png"
    settings: dict[str, Any] = {"display": [str(picture), *SIZES["240x240"]], "vehicle": True}
    with OrderingPlatform() as platform:
        desk = WatchedDesk(
            tmp_path / "desk", [("127.0.0.1", platform.port)], PHONE, heap=heap, interval_s=1, **settings
        )
        try:
            desk.start()
            assert desk.wait_until(lambda: desk.state == "online", PATIENCE_S), desk.errors
            pictures = drive(desk, platform, seconds, speed, picture)
            done = lambda: desk.acknowledged >= set(desk.emitted) and not platform.orders  # noqa: E731
            assert desk.wait_until(done, PATIENCE_S + seconds // 10), (desk.counts, len(platform.orders))
            outside = sum(not in_tunnel(second) for second in range(seconds))
            assert len(desk.emitted) >= outside * 9 // 10
            shown = lambda: scanned(picture).startswith(CODE.decode()[:-2])  # noqa: E731
            assert desk.wait_until(shown, PATIENCE_S), desk.heaps  # it gave way to the orders
            assert not speed or pictures >= seconds // 200, pictures
            assert {0x0104, 0x0107, 0x0201, 0x0702} <= set(platform.ids), sorted(set(platform.ids))
            assert desk.running and not desk.faults
            print("live heap at most", max(desk.heaps), "of", heap, "with", pictures, "pictures")
        finally:
            desk.stop()


def drive(desk: WatchedDesk, platform: OrderingPlatform, seconds: int, speed: int, picture: Path) -> int:
    """Gives the sentences of so many seconds, some at a time; an order every now and then. speed: of the
    receiver's clock, 0 for no pauses. Gives how many pictures were drawn meanwhile.
    """
    pending: list[tuple[int, bytes]] = []
    pictures = set()
    turn = 0
    began = time.monotonic()
    for first in range(0, seconds, STEP):
        if first // STEP % ORDER_EVERY == 0:
            if not pending:
                turn += 1
                pending = orders_of(turn % 90)
            platform.orders.append(pending.pop(0))
        before = len(desk.emitted)
        desk.feed(b"".join(epoch(second) for second in range(first, first + STEP)))
        wanted = before + STEP - 2
        assert desk.wait_until(lambda wanted=wanted: len(desk.emitted) >= wanted, 10), (first, desk.errors)
        if speed:
            due = began + (first + STEP) / speed
            desk.wait_until(lambda due=due: time.monotonic() >= due or not desk.running, STEP)
        if picture.exists():
            pictures.add(picture.stat().st_mtime_ns)
    return len(pictures)
