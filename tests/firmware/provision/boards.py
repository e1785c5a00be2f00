"""A MicroPython at a serial port: its prompt on a pty, bridged to another one that mpremote opens."""

from __future__ import annotations

import contextlib
import os
import pty
import subprocess
import termios
import threading
from collections.abc import Iterator
from pathlib import Path

from ...portable.interpreters import micropython


@contextlib.contextmanager
def prompt_in(folder: Path) -> Iterator[str]:
    """The port of a MicroPython whose files lie in `folder`."""
    ours, theirs = pty.openpty()
    _raw(theirs)
    child = subprocess.Popen(
        [micropython()], stdin=theirs, stdout=theirs, stderr=theirs, cwd=folder, start_new_session=True
    )
    os.close(theirs)
    port_ours, port_theirs = pty.openpty()
    for descriptor in (port_ours, port_theirs):
        _raw(descriptor)
    pumps = [
        threading.Thread(target=_pump, args=pair, daemon=True)
        for pair in ((ours, port_ours), (port_ours, ours))
    ]
    for pump in pumps:
        pump.start()
    try:
        yield os.ttyname(port_theirs)
    finally:
        child.kill()
        child.wait()
        for pump in pumps:
            pump.join(0)


def _raw(descriptor: int) -> None:
    attributes = termios.tcgetattr(descriptor)
    attributes[0] = attributes[1] = attributes[3] = 0
    termios.tcsetattr(descriptor, termios.TCSANOW, attributes)


def _pump(source: int, target: int) -> None:
    while True:
        try:
            data = os.read(source, 4096)
            while data:
                data = data[os.write(target, data) :]
        except OSError:
            return
