"""The gateway's side: starts the delivery process, keeps it alive, writes to the journal what it asks for."""

import logging
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import asdict
from functools import partial
from typing import Any, Final

from ...journal import Journal, JournalError
from ...journal.chores import Chore, SetAside, Told
from ...journal.destinations import Confirm, CutLoose, Reject
from ...log import event
from ..backoff import Backoff
from ..publisher import NO_FIGURES, SINCE_THE_START, summed
from ..settings import Settings
from .lines import Lines

STOP_S: Final = 15.0  # for an orderly end: threads, goodbyes to brokers, the last cursors
STEADY_S: Final = 30.0  # up for so long, and its death is the first again
WRITTEN: Final = ("confirm", "cut_loose", "reject", "set_aside")
_AGAIN_MS: Final = (100, 5000)
_MODULE: Final = "edge_gateway.delivery.apart.process"
_NEVER: Final = 2**63 - 1
_log: Final = logging.getLogger(__name__)


class DeliveryKeeper:
    """Brings what the journal commits to the monitoring systems, by a process at `nice` (0…19)
    that slows down to `least_rate` records a second while the answers to terminals are kept waiting.

    The journal must know every destination by name. `start()` needs no broker to be there; `stop()` returns
    within seconds and loses nothing; the journal must be closed after it. Start it once.
    """

    def __init__(
        self, settings: Sequence[Settings], journal: Journal, nice: int, least_rate: int, log: tuple[str, str]
    ) -> None:
        self._settings = settings
        self._journal = journal
        self._nice = nice
        self._least_rate = least_rate
        self._log = log
        self._watched = _NEVER  # the sequence whose commit is worth a line
        self._lines: Lines | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._stopping = threading.Event()
        self._starting = threading.Lock()  # a process that is being started is stopped as well
        self._replaced: subprocess.Popen[bytes] | None = None  # one that ends because we want another
        self.starts = 0
        self._said: dict[str, dict[str, Any]] = {one.name: dict(NO_FIGURES) for one in settings}
        self._before: dict[str, dict[str, int]] = {
            one.name: {} for one in settings
        }  # counts of earlier lives
        self._thread = threading.Thread(target=self._keep, name="delivery", daemon=True)

    @property
    def pid(self) -> int | None:
        """Of the running process."""
        process = self._process
        return process.pid if process and process.poll() is None else None

    def dead(self) -> list[str]:
        """Why nobody starts the process any longer, in words; empty while all is well or being mended."""
        if self._thread.is_alive() or self._stopping.is_set():
            return []
        return ["who looks after the delivery process ended; see the log"]

    def start(self) -> None:
        """Starts the process and who looks after it."""
        self._journal.on_commit(self._committed)
        self._thread.start()

    def stop(self) -> None:
        """Ends the process, in order or by force, and returns when it is gone."""
        self._stopping.set()
        with self._starting:
            process, lines = self._process, self._lines
        _end(process, lines)
        self._thread.join()

    def renew(self, settings: Sequence[Settings], nice: int, least_rate: int) -> None:
        """Has a process with these settings take over from the present one, which ends in order; returns at
        once. The destinations are those that it began with, by name."""
        with self._starting:
            self._settings, self._nice, self._least_rate = settings, nice, least_rate
            process, lines = self._process, self._lines
            self._replaced = process
        threading.Thread(target=_end, args=(process, lines), name="delivery ends", daemon=True).start()

    def set_log(self, level: str, form: str) -> None:
        """From now on, and for every later process."""
        self._log = (level, form)
        if lines := self._lines:
            lines.say({"log": [level, form]}, wait=False)

    def stats(self) -> dict[str, Any]:
        """The figures of Delivery.stats, counted over all lives of the process; its `pid` and `starts`."""
        each = {
            name: said | {key: said[key] + count for key, count in self._before[name].items()}
            for name, said in self._said.items()
        }
        for name, figures in each.items():
            figures["cursor"] = self._journal.position(name).confirmed
        return summed(each, self._journal.confirmed_sequence) | {"pid": self.pid, "starts": self.starts}

    def _keep(self) -> None:
        backoff = Backoff(*_AGAIN_MS, random.random)
        while not self._stopping.is_set():
            began_s = time.monotonic()
            try:
                code = self._live()
            except OSError as error:
                code = None
                _log.error("the delivery process cannot be started: %s", error)
            self._bury()
            if self._stopping.is_set():
                return
            if self._process is self._replaced:
                event(_log, logging.INFO, "delivery begins anew with its new configuration")
                continue
            event(_log, logging.ERROR, "the delivery process died and is started again", code=code)
            if time.monotonic() - began_s > STEADY_S:
                backoff.reset()
            self._stopping.wait(backoff.next_ms() / 1000)

    def _live(self) -> int | None:
        """One life of the process; gives its exit code, None when it was not to be started any more."""
        with self._starting:
            if self._stopping.is_set():
                return None
            lines = self._lines = self._spawn()
            lines.say({"begin": self._beginning()})  # before a stop() could say anything
        process = self._process
        assert process
        try:
            for line in lines:
                self._hear(lines, line)
        except (ValueError, KeyError, TypeError):
            _log.exception("the delivery process says what nobody understands")
        lines.close()
        try:
            return process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            return process.wait()

    def _spawn(self) -> Lines:
        ours, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", _MODULE, str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                # Ctrl-C is for the gateway. No session of its own: kernels that group processes by session
                # weigh priorities within each.
                process_group=0,
            )
        self.starts += 1
        return Lines(ours)

    def _beginning(self) -> dict[str, Any]:
        return {
            "settings": [asdict(one) for one in self._settings],
            "journal": str(self._journal.path.absolute()),
            "positions": {one.name: list(self._journal.position(one.name)) for one in self._settings},
            "nice": self._nice,
            "least_rate": self._least_rate,
            "log": list(self._log),
        }

    def _bury(self) -> None:
        """What the dead one has counted stays counted; what it had on its way is nobody's now."""
        self._watched, self._lines = _NEVER, None
        for name, said in self._said.items():
            before = self._before[name]
            for key in SINCE_THE_START:
                before[key] = before.get(key, 0) + said[key]
            self._said[name] = dict(NO_FIGURES) | {"depth": said["depth"], "lost": said["lost"]}

    def _hear(self, lines: Lines, line: dict[str, Any]) -> None:
        if "watch" in line:
            self._watched = line["watch"]
            self._committed()
        elif "stats" in line:
            self._said = line["stats"]
        else:
            name = line["destination"]
            try:
                what = next(each for each in WRITTEN if each in line)
                told = partial(self._written, lines, line["ask"], name)
                self._journal.post(chore_of(name, what, line[what], told))
            except JournalError as error:
                lines.say({"done": line["ask"], "error": str(error), "position": None}, wait=False)

    def _committed(self) -> None:
        """In the journal's writer thread: one comparison, and a line when somebody waits for this commit."""
        last = self._journal.last_sequence
        lines = self._lines
        if last >= self._watched and lines:
            self._watched = _NEVER
            lines.say({"at": last, "record_bytes": self._journal.record_bytes}, wait=False)

    def _written(self, lines: Lines, number: int, name: str, error: BaseException | None) -> None:
        """In the writer's thread, after the commit."""
        position = None if error else list(self._journal.position(name))
        lines.say({"done": number, "error": error and str(error), "position": position}, wait=False)


def _end(process: "subprocess.Popen[bytes] | None", lines: Lines | None) -> None:
    """In order, or by force."""
    if lines:
        lines.say({"stop": True}, wait=False)
    if process:
        try:
            process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            _log.error("the delivery process does not end and is killed")
            process.kill()


def chore_of(name: str, what: str, arguments: list[Any], told: Told = None) -> Chore:
    """What another process wants written to the journal for the destination `name`; what: one of WRITTEN."""
    if what == "confirm":
        sequence, ahead = arguments
        return Confirm(sequence, name, _spans(ahead), told=told)
    if what == "cut_loose":
        sequence, ahead, lost = arguments
        return CutLoose(sequence, name, _spans(ahead), lost, told=told)
    if what == "reject":
        (entries,) = arguments
        return Reject([(sequence, reason) for sequence, reason in entries], name, told=told)
    first_sequence, problem, readable = arguments
    return SetAside(first_sequence, problem, readable, told=told)


def _spans(said: list[list[int]]) -> list[tuple[int, int]]:
    return [(first, last) for first, last in said]
