"""Starts a program that says `{"event":"ready",…}` on its standard output, and waits for that line."""

from __future__ import annotations

import json
import queue
import subprocess
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Final

from .children import Child

READY_TIMEOUT_S: Final = 30.0
_LOG_TAIL_LINES: Final = 12


class NotReady(RuntimeError):
    """The program ended or kept silent; the text ends with what it logged."""


def start_until_ready(name: str, command: Sequence[str], log_file: Path) -> Child:
    """The running child, after its ready line. Its standard error is appended to `log_file`.

    Raises NotReady when it ends before, or is not ready within READY_TIMEOUT_S (it is killed then).
    """
    log_file.parent.mkdir(parents=True, exist_ok=True)
    with log_file.open("ab") as log:
        child = Child(command, stdout=subprocess.PIPE, stderr=log)
    lines: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    assert child.process.stdout is not None
    threading.Thread(target=_forward, args=(child.process.stdout, lines), daemon=True).start()
    if not _hears_ready(lines):
        child.kill()
        raise NotReady(f"{name} did not come up; {log_file} ends with:\n{_tail(log_file)}")
    return child


def _hears_ready(lines: queue.SimpleQueue[bytes]) -> bool:
    deadline = time.monotonic() + READY_TIMEOUT_S
    try:
        while line := lines.get(timeout=max(0.0, deadline - time.monotonic())):
            if _is_ready(line):
                return True
    except queue.Empty:
        return False
    return False


def _forward(stream: IO[bytes], lines: queue.SimpleQueue[bytes]) -> None:
    """Reads to the end, so that a talkative child never blocks on a full pipe; b"" says it is over."""
    with stream:
        for line in stream:
            lines.put(line)
    lines.put(b"")


def _is_ready(line: bytes) -> bool:
    try:
        return bool(json.loads(line).get("event") == "ready")
    except (ValueError, AttributeError):
        return False


def _tail(log_file: Path) -> str:
    return "\n".join(log_file.read_text("utf-8", errors="replace").splitlines()[-_LOG_TAIL_LINES:])
