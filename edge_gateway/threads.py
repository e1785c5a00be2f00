"""A thread that is handed items and works on all that came while it was busy.

This is the shape of every group commit here: no timer, no batch size, the disk sets the pace.
"""

import logging
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Final, Generic, TypeVar

Item = TypeVar("Item")

TAKEN_MAX: Final = 8192  # items handed over at once
NAME_MAX: Final = 15  # characters that Linux keeps
_log = logging.getLogger(__name__)


def name_thread(name: str) -> None:
    """Shows the calling thread under `name` in `top -H` and `perf`; on Linux; elsewhere nothing."""
    with suppress(OSError):
        Path(f"/proc/self/task/{threading.get_native_id()}/comm").write_text(name[:NAME_MAX], "ascii")


class BatchThread(Generic[Item]):
    """Calls `handle(items)` in its own thread, in the order of `put`.

    What `handle` raises is a bug: it is logged, `died` is set, `abandon(items)` gets the items that were
    not handled and every later one, so that nobody waits for an answer that never comes.
    """

    def __init__(
        self, name: str, handle: Callable[[list[Item]], None], abandon: Callable[[list[Item]], None]
    ) -> None:
        self.died = False
        self._handle = handle
        self._abandon = abandon
        self._queue: SimpleQueue[Item | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def put(self, item: Item) -> None:
        """Hands an item over. Thread-safe, never blocks."""
        self._queue.put(item)

    def close(self) -> None:
        """Returns when everything put before has been handled."""
        self._queue.put(None)
        self._thread.join()

    def _run(self) -> None:
        name_thread(self._thread.name)
        stopping = False
        while not stopping:
            items, stopping = self._take()
            if self.died:
                self._abandon(items)
            elif items:
                self._guarded(items)

    def _guarded(self, items: list[Item]) -> None:
        try:
            self._handle(items)
        except Exception:
            _log.exception("a writer thread failed; everything it is given from now on is refused")
            self.died = True
            self._abandon(items)

    def _take(self) -> tuple[list[Item], bool]:
        """What is there, waiting for the first; and whether the end was among it."""
        items: list[Item] = []
        item = self._queue.get()
        try:
            while item is not None and len(items) < TAKEN_MAX:
                items.append(item)
                item = self._queue.get_nowait()
        except Empty:
            return items, False
        if item is not None:
            items.append(item)
        return items, item is None
