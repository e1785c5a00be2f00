"""The whole terminal, with vehicle and screen: its heap on both ports, its compiled size on boards."""

import tempfile
from pathlib import Path

import pytest

from simulator.desk.chips import BOARDS, build_chip
from simulator.desk.desk import Desk
from tests.firmware.platform_server import PlatformServer
from tests.firmware.screen.pictures import SIZES
from tests.firmware.test_desk import drive
from tests.firmware.test_hour import WatchedDesk
from tests.portable.test_whole import weighed

from .figures import Figure

HEAPS_KIB = {True: range(104, 71, -4), False: range(144, 115, -4)}  # in_place: what is tried
PLACES = {True: "code in flash", False: "code in files"}
ROOMY = "512k"
REPORTS = 30
PATIENCE_S = 30
# `heap`: live bytes behind a page that was loaded, when they grew; `rest`: before a picture is begun.
WATCH = """
import builtins, gc
load, most = builtins.__import__, [0]
def watched(name, *rest):
    page = name.startswith("page_")
    if name == "page_fields":
        gc.collect()
        print("rest", gc.mem_alloc())
    module = load(name, *rest)
    if page:
        gc.collect()
        if gc.mem_alloc() > most[0]:
            most[0] = gc.mem_alloc()
            print("heap", most[0])
    return module
builtins.__import__ = watched
"""


class TellingDesk(WatchedDesk):
    """Tells also what is live at rest."""

    watch = WATCH


def figures(group: str) -> list[Figure]:
    """Least heap, live heap at rest and at most on both ports, bytes of .mpy for each board."""
    rows = []
    for in_place in PLACES:
        rows += [least(group, in_place), *live(group, in_place), *live_32(group, in_place)]
    for board in BOARDS:
        with tempfile.TemporaryDirectory() as name:
            tree = build_chip(board, Path(name) / board)
            size = sum(path.stat().st_size for path in tree.glob("*.mpy"))
        rows.append(Figure(group, f"program and pages for {board}, compiled", size / 1024, "KiB"))
    return rows


def least(group: str, in_place: bool) -> Figure:
    """The smallest heap, in steps, in which all of it works."""
    found = 0
    for kib in HEAPS_KIB[in_place]:
        if drives(Desk, f"{kib}k", in_place) is None:
            break
        found = kib
    note = "vehicle and screen: 30 reports acknowledged and a picture; the next smaller of 4 KiB steps fails"
    return Figure(group, f"least heap of the whole terminal, {PLACES[in_place]}", found, "KiB", note=note)


def live(group: str, in_place: bool) -> list[Figure]:
    """On the 64-bit port."""
    told = drives(TellingDesk, ROOMY, in_place)
    if told is None:
        raise RuntimeError("the terminal did not drive")
    note = "vehicle and screen, 64-bit port, before a picture is begun"
    rest, most = told["rest"][-1] / 1024, max(told["heap"]) / 1024
    return [
        Figure(group, f"live heap at rest, {PLACES[in_place]}", rest, "KiB", note=note),
        Figure(
            group,
            f"live heap at most, {PLACES[in_place]}",
            most,
            "KiB",
            note="the same, behind any page that is loaded",
        ),
    ]


def live_32(group: str, in_place: bool) -> list[Figure]:
    """On the 32-bit port; nothing where Node is not."""
    with tempfile.TemporaryDirectory() as name:
        try:
            weights = weighed(Path(name), in_place)
        except pytest.skip.Exception:
            return []
    note = "vehicle, screen and code, between turns; without the port's own and littlefs"
    return [
        Figure(
            group,
            f"live heap at {what}, 32-bit port, {PLACES[in_place]}",
            weights[what] / 1024,
            "KiB",
            note=note,
        )
        for what in ("rest", "most")
    ]


def drives(kind: type[Desk], heap: str, in_place: bool) -> dict[str, list[int]] | None:
    """What it told of its heap, when it went online, brought its reports and painted its picture."""
    with tempfile.TemporaryDirectory() as name, PlatformServer() as platform:
        picture = Path(name) / "screen.png"
        settings = {"display": [str(picture), *SIZES["240x240"]], "vehicle": True, "in_place": in_place}
        server = [("127.0.0.1", platform.port)]
        desk = kind(Path(name) / "desk", server, "13800138000", heap=heap, interval_s=1, **settings)
        try:
            desk.start()
            online = lambda: desk.state == "online" or not desk.running  # noqa: E731
            if not desk.wait_until(online, PATIENCE_S):
                return None
            desk.feed(drive(1000, REPORTS))
            done = lambda: len(desk.acknowledged) >= REPORTS and picture.exists()  # noqa: E731
            if not desk.wait_until(lambda: done() or not desk.running, PATIENCE_S) or not done():
                return None
            told = [line.split() for line in desk.errors.splitlines()]
            return {word: [int(line[1]) for line in told if line[0] == word] for word in ("rest", "heap")}
        finally:
            desk.stop()
