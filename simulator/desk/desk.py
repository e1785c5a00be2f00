"""One real terminal on the desk: the process, its flash image, its UART cable, and what its trace said."""

from __future__ import annotations

import json
import logging
import os
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import serial

from simulator.children import Child

from . import build
from .cable import Cable
from .feeder import Feeder
from .watchdog import Watchdog

HEAP = "128k"
WHY_FILES = "MICROPYTHON names an interpreter that maps no image"
PARTITION_BYTES = 65 * 4096  # the largest package, and some for its tables
_LOG = logging.getLogger(__name__)


class Desk:
    """`start`, feed it, `kill` it like a power cut, `restart`, `stop`.

    directory: for the flash image, the configuration and the log of errors; what is in it is kept, so a
    second Desk on it is the same terminal. servers: (host, port), main first. plate: text. settings: any
    name of firmware.terminal.settings that JSON can hold (texts as str). watchdog_s: None, or how long the
    firmware may be silent before it is killed; then it is also started again whenever it ends by itself.

    emitted: {sequence: body}; acknowledged, refused: sets of sequences; posted: letters and sent: answers as
    (message id, serial, body); taken: letters that the platform took as (message id, serial); counts:
    (emitted, acknowledged, held) of the running process; state: name of the session's state. All grow while
    it runs; reading them is safe at any time. restarts: why the watchdog started the firmware again: "reset"
    or "watchdog". in_place: whether the program runs out of mapped flash, as on a chip; where that cannot be,
    it runs from files, which takes some 40 KiB of heap more.
    """

    def __init__(
        self,
        directory: Path,
        servers: Sequence[tuple[str, int]],
        phone: str,
        *,
        plate: str = "",
        heap: str = HEAP,
        compiled: bool = True,
        in_place: bool = True,
        watchdog_s: float | None = None,
        **settings: Any,
    ) -> None:
        self.directory = directory
        self.emitted: dict[int, bytes] = {}
        self.acknowledged: set[int] = set()
        self.refused: set[int] = set()
        self.posted: list[tuple[int, int, bytes]] = []
        self.sent: list[tuple[int, int, bytes]] = []
        self.taken: list[tuple[int, int]] = []
        self.counts = (0, 0, 0)
        self.state = ""
        self.restarts: list[str] = []
        self._heap = heap
        self._upgrades = bool(settings.get("ota_key"))
        self._compiled = compiled
        self.in_place = in_place and compiled and bool(build.launcher())
        if in_place and not self.in_place:
            _LOG.warning("the firmware runs from files: %s", WHY_FILES if compiled else "not compiled")
        self._child: Child | None = None
        self._reader: threading.Thread | None = None
        self._feeder: Feeder | None = None
        self._news = threading.Condition()
        self._beside_trace: list[str] = []  # MicroPython prints its tracebacks on standard output
        directory.mkdir(parents=True, exist_ok=True)
        self.cable = Cable()
        self._port = serial.Serial(self.cable.left, 115200)
        self._watchdog: Watchdog | None = None
        if watchdog_s is not None:
            pipe = directory / "watchdog"
            pipe.unlink(missing_ok=True)
            settings["watchdog"] = str(pipe)
            self._watchdog = Watchdog(pipe, watchdog_s, lambda: not self.running, self._start_again)
        self._write_configuration(servers, phone, plate, settings)

    @property
    def pid(self) -> int:
        """The process id of the running firmware; RuntimeError when it does not run."""
        if self._child is None:
            raise RuntimeError("the desk is off")
        return self._child.pid

    @property
    def running(self) -> bool:
        """Whether the firmware runs."""
        return self._child is not None and self._child.running

    @property
    def errors(self) -> str:
        """What the firmware printed beside its trace since the desk was made; nothing when all is well."""
        path = self.directory / "errors.txt"
        written = path.read_text("utf-8", "replace") if path.exists() else ""
        return "".join(self._beside_trace) + written

    def start(self) -> None:
        """Power on. What came over the cable while it was off is lost, as on a UART."""
        if self.running:
            raise RuntimeError("the desk is on")
        self._start("power_on")
        if self._watchdog is not None:
            self._watchdog.begin()

    def feed(self, data: bytes) -> None:
        """Bytes from the GNSS receiver, at once."""
        self._port.write(data)

    def play(self, data: bytes, speed: float = 1.0) -> Feeder:
        """Plays a recording through pyserial in its own thread; gives the feeder."""
        self._feeder = Feeder(self.cable.left, data, speed)
        self._feeder.start()
        return self._feeder

    def kill(self) -> None:
        """The power fails: SIGKILL. Returns when the process is gone and its trace is read."""
        if self._watchdog is not None:
            self._watchdog.end()
        self._kill()

    def restart(self) -> None:
        """Off, if it is on, and on again with the same flash."""
        self.kill()
        self.start()

    def stop(self) -> None:
        """Ends all: player, process, cable. The directory stays."""
        if self._feeder is not None:
            self._feeder.stop()
        self.kill()
        if self._watchdog is not None:
            self._watchdog.close()
        self._port.close()
        self.cable.close()

    def wait_until(self, happened: Callable[[], bool], timeout_s: float) -> bool:
        """Waits until `happened()` is true; looks at every line of the trace. False when the time is over."""
        deadline = time.monotonic() + timeout_s
        with self._news:
            while not happened():
                left_s = deadline - time.monotonic()
                if left_s <= 0:
                    return False
                self._news.wait(min(left_s, 0.5))
        return True

    def _start_again(self, reason: str) -> None:
        """The watchdog's thread asks for it."""
        self._kill()
        self.restarts.append(reason)
        self._start(reason)

    def _start(self, reason: str) -> None:
        command, environment = self._command()
        environment["BOOT_REASON"] = reason
        self.state, self.counts = "", (0, 0, 0)
        self.cable.discard_right()
        out, pipe = os.pipe()
        with (self.directory / "errors.txt").open("ab") as errors, os.fdopen(pipe, "wb") as trace:
            self._child = Child(command, stdout=trace, stderr=errors, env=environment)
        self._reader = threading.Thread(target=self._read_trace, args=(out,), name="trace", daemon=True)
        self._reader.start()

    def _kill(self) -> None:
        if self._child is not None:
            self._child.kill()
        self._end_reader()

    def _write_configuration(
        self, servers: Sequence[tuple[str, int]], phone: str, plate: str, settings: dict[str, Any]
    ) -> None:
        configuration = {
            "phone": phone,
            "plate_gbk": plate.encode("gbk").hex(),
            "servers": [list(server) for server in servers],
            "uart": self.cable.right,
            "flash": str(self.directory / "flash.img"),
            "trace": True,
            **settings,
        }
        (self.directory / "terminal.json").write_text(json.dumps(configuration), "utf-8")

    def _command(self) -> tuple[list[str], dict[str, str]]:
        main = build.build() / "main.py" if self._compiled else build.ROOT / build.MAIN
        path = main.parent if self._compiled else build.ROOT
        environment = {**os.environ, "MICROPYPATH": str(path)}
        start = build.interpreter()
        if self.in_place:
            start = [*build.launcher(), ",".join(map(str, [path / build.ROM, *self._partitions()]))]
        command = [*start, "-X", f"heapsize={self._heap}", str(main)]
        return [*command, str(self.directory / "terminal.json")], environment

    def _partitions(self) -> list[Path]:
        """Those of slots 1 and 2, when upgrades are taken; erased when they are new."""
        paths = [self.directory / f"rom_{name}.img" for name in ("a", "b")] if self._upgrades else []
        for path in paths:
            if not path.exists():
                path.write_bytes(b"\xff" * PARTITION_BYTES)
        return paths

    def _end_reader(self) -> None:
        if self._reader is not None:
            self._reader.join()
            self._reader = None

    def _read_trace(self, descriptor: int) -> None:
        with os.fdopen(descriptor, "r", encoding="ascii", errors="replace") as trace:
            for line in trace:
                with self._news:
                    self._note(line)
                    self._news.notify_all()

    def _note(self, line: str) -> None:
        if not line.endswith("\n"):
            return  # the power failed while it was printed; what it told is on flash and is told again
        word, *values = line.split() or [""]
        if word == "emit":
            body = bytes.fromhex(values[1])
            if self.emitted.setdefault(int(values[0]), body) != body:
                self._beside_trace.append(f"sequence {values[0]} was given to two reports\n")
        elif word == "ack":
            self.acknowledged.add(int(values[0]))
        elif word == "refused":
            self.refused.add(int(values[0]))
        elif word in ("posted", "sent"):
            messages = self.posted if word == "posted" else self.sent
            messages.append((int(values[0]), int(values[1]), bytes.fromhex("".join(values[2:]))))
        elif word == "taken":
            self.taken.append((int(values[0]), int(values[1])))
        elif word == "state":
            self.state = values[0]
        elif word == "counts":
            self.counts = (int(values[0]), int(values[1]), int(values[2]))
        else:
            self._beside_trace.append(line)
