"""What was taken, over a restart: 32 bytes appended for each message when it is taken.

Written to the system, not to the disk at once: a killed process forgets nothing, a power cut the last
seconds. What it forgets could be taken once more; receivers know a record or document that they have.
"""

import os
import struct
from pathlib import Path
from types import TracebackType
from typing import Final

from .seen import Mark, SeenMessages

_ENTRY: Final = struct.Struct(">8s8sQQ")
ENTRIES_MAX: Final = 100_000  # 3 MB; then what the windows still hold is written anew


class SeenFile:
    """`memory` is what a GuardedEnvelope wants. One process, one file. Raises OSError."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.memory = SeenMessages(self._keep)
        self._descriptor = -1
        data = path.read_bytes() if path.exists() else b""
        # A crash may leave a torn entry at the end.
        for at in range(0, len(data) - _ENTRY.size + 1, _ENTRY.size):
            self.memory.add(Mark(*_ENTRY.unpack_from(data, at)))
        self._rewrite()

    def __enter__(self) -> "SeenFile":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Nothing is lost without it."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def _keep(self, mark: Mark) -> None:
        if self._descriptor < 0:  # while the file is read
            return
        os.write(self._descriptor, _ENTRY.pack(*mark))
        self._entries += 1
        if self._entries >= ENTRIES_MAX:
            self._rewrite()

    def _rewrite(self) -> None:
        """A new file beside the old one takes its place: at no moment there is none."""
        self.close()
        marks = [_ENTRY.pack(*mark) for mark in self.memory.marks()]
        aside = self._path.with_name(self._path.name + ".new")
        descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND, 0o600)
        with os.fdopen(os.dup(descriptor), "wb") as file:
            file.write(b"".join(marks))
        aside.replace(self._path)
        self._descriptor, self._entries = descriptor, len(marks)
