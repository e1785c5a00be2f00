"""`python -m edge_gateway.delivery.apart.process FILE`: the delivery process, started by its keeper.

FILE: the number of our end of the pair of sockets. It ends in order when it is told to, and at once when the
gateway is gone: what it was doing is found again in the journal.
"""

import logging
import os
import signal
import socket
import sys
import threading
import time
from pathlib import Path
from typing import Any, Final

from ... import log
from ..pace import GiveWay
from ..publisher import Delivery
from ..settings import Settings
from .journal import RemoteJournal
from .lines import Lines

LOOK_S: Final = 0.25  # how often the gateway hears how it goes, when that has changed
_BROKEN: Final = 1
_GATEWAY_GONE: Final = 3
_log: Final = logging.getLogger("edge_gateway.delivery")


def main(end_file: int) -> None:
    """Delivers until it is told to stop."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the gateway, which tells us
    lines = Lines(socket.socket(fileno=end_file))
    heard = iter(lines)
    first = next(heard, None)
    if first is None:
        sys.exit(_GATEWAY_GONE)
    begin = first["begin"]
    log.configure(*begin["log"])
    _step_back(begin["nice"])
    journal = RemoteJournal(Path(begin["journal"]), lines, begin["positions"])
    delivery = Delivery([_settings_of(values) for values in begin["settings"]], journal)
    delivery.start()
    stopping, ended = threading.Event(), threading.Event()
    looks = (lines, delivery, stopping, begin["least_rate"])
    threading.Thread(target=_look, args=looks, name="look", daemon=True).start()
    for line in heard:
        if "stop" in line:
            stopping.set()  # from here on a destination's thread that ends is in order
            threading.Thread(target=_end, args=(lines, delivery, ended), name="end", daemon=True).start()
        elif "log" in line:
            log.configure(*line["log"])
        else:
            journal.hear(line)
    # Nobody is there who could write a cursor or read our figures.
    journal.gone()
    os._exit(0 if ended.is_set() else _GATEWAY_GONE)


def _end(lines: Lines, delivery: Delivery, ended: threading.Event) -> None:
    """Beside the thread that hears, for what is confirmed last must still be answered."""
    delivery.stop()
    ended.set()
    lines.say({"stats": delivery.stats()["destinations"]})
    lines.close()


def _look(lines: Lines, delivery: Delivery, stopping: threading.Event, least_rate: int) -> None:
    """Until it is to stop: tells how it goes, and steps back while the gateway is kept waiting."""
    told: dict[str, Any] = {}
    way, before = GiveWay(least_rate), _processor_of(os.getppid())
    while not stopping.wait(LOOK_S):
        seen = _processor_of(os.getppid())
        if before and seen and seen[0] > before[0]:
            ran, waited = (((seen[at] - before[at]) / (seen[0] - before[0])) for at in (1, 2))
            delivery.give_way(way.looked(ran, waited))
        before = seen
        if (dead := delivery.dead()) and not stopping.is_set():
            _log.error("%s", "; ".join(dead))
            os._exit(_BROKEN)
        stats = delivery.stats()["destinations"]
        if stats != told and lines.say({"stats": stats}):
            told = stats


def _processor_of(pid: int) -> tuple[int, int, int] | None:
    """Now, how long the first thread of a process has run, and how long it waited for others to leave it a
    processor, all in ns; None where the system does not say."""
    try:
        ran, waited, _ = Path(f"/proc/{pid}/schedstat").read_text("ascii").split()
    except (OSError, ValueError):
        return None
    return time.monotonic_ns(), int(ran), int(waited)


def _step_back(nice: int) -> None:
    try:
        os.setpriority(os.PRIO_PROCESS, 0, nice)
    except OSError as error:  # a sandbox may forbid even that
        _log.warning("delivery.nice: delivery keeps the gateway's priority: %s", error)


def _settings_of(said: dict[str, Any]) -> Settings:
    values: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in said.items()
    }
    return Settings(**values)


if __name__ == "__main__":
    main(int(sys.argv[1]))
