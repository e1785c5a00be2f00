"""A child process that never outlives us, however we end: by return, by Ctrl-C, by SIGKILL.

It gets its own session, so a Ctrl-C at the terminal reaches us alone and we stop our children in order.
A two-line shell watches a pipe whose other end only we hold; when we are gone without a word, the kernel
closes it and the shell kills the child. (prctl's death signal would fire when the *thread* that started
the child ends, and exists on Linux only.)
"""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

_WATCH = 'read -r word || kill -9 "$1" 2>/dev/null'


class Child:
    """One started process. `process` is its Popen; use `kill` and `stop`, never its own methods."""

    def __init__(
        self,
        command: Sequence[str],
        *,
        stdout: int | IO[bytes] = subprocess.DEVNULL,
        stderr: int | IO[bytes] = subprocess.DEVNULL,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
    ) -> None:
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=stderr,
            cwd=cwd,
            env=env,
            start_new_session=True,
        )
        self._watch = subprocess.Popen(
            ["/bin/sh", "-c", _WATCH, "watch", str(self.process.pid)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    @property
    def pid(self) -> int:
        """Its process id."""
        return self.process.pid

    @property
    def running(self) -> bool:
        """Whether it still runs."""
        return self.process.poll() is None

    def kill(self) -> None:
        """SIGKILL, as a power cut or the out-of-memory killer would; returns when it is gone."""
        self._end(signal.SIGKILL, 30.0)

    def stop(self, timeout_s: float = 10.0) -> int:
        """SIGTERM, and SIGKILL when it takes longer than `timeout_s`. Gives the exit code."""
        self._end(signal.SIGTERM, timeout_s)
        return self.process.returncode

    def _end(self, number: signal.Signals, timeout_s: float) -> None:
        if self.running:
            self.process.send_signal(number)
        try:
            self.process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self._release_watch()

    def _release_watch(self) -> None:
        """Ends the watcher with a word, after the child is reaped: it must not kill a reused pid."""
        if self._watch.poll() is None:
            try:
                self._watch.communicate(b"done\n", timeout=10)
            except subprocess.TimeoutExpired:
                self._watch.kill()
                self._watch.wait()
