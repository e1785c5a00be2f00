"""Journals from a time with another number of workers: what they still hold is delivered, under the name that
it was journalled under, beside the running gateway. Nothing is written to them but cursors.
"""

import asyncio
import logging
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from .config import Config
from .delivery import Delivery, destination_names
from .delivery.apart.keeper import chore_of
from .delivery.settings import read_by, settings_of
from .folder import FolderInUseError, locked
from .freight import CURSOR, cursor_names
from .journal import Journal, JournalError, JournalLimits, read_queued
from .log import event

if TYPE_CHECKING:
    from .freight.sources import JournalFile

LOOK_S: Final = 1.0
AGAIN_S: Final = 10.0  # after a journal could not be opened
_log = logging.getLogger(__name__)


@dataclass
class _Old:
    """One journal. gateway: who delivered from it. queued: records, as seen last. journal: while it is
    delivered."""

    path: Path
    gateway: str
    queued: int = 0
    journal: Journal | None = None


class Leftovers:
    """`start()`; `await stop()`. To be used by who holds the lock of the data folder."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._old = [_Old(path, gateway_of(config, path)) for path in config.old_journal_paths]
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begins to deliver; returns at once."""
        self._tasks = [asyncio.create_task(self._see_to(old)) for old in self._old]

    async def stop(self) -> None:
        """What is not delivered stays for the next start."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def sources(self) -> "list[JournalFile]":
        """The journals as freight follows them: what it has not seen is as much a leftover as what was not
        delivered."""
        from .freight.sources import JournalFile  # noqa: PLC0415 - only where freight runs

        folder = self._config.data_dir
        return [
            JournalFile(
                old.path,
                "" if old.path.parent == folder else old.path.parent.name,
                partial(self._write, old),
            )
            for old in self._old
        ]

    def stats(self) -> dict[str, int]:
        """Records that are not delivered yet, by the gateway's former name; only where there are any."""
        return {old.gateway: old.queued for old in self._old if old.queued}

    async def _see_to(self, old: _Old) -> None:
        while True:
            try:
                await self._deliver(old)
                return
            except (JournalError, OSError) as error:  # FolderInUseError: a worker of before still ends
                _log.warning("the journal %s is tried again: %s", old.path, error)
                await asyncio.sleep(LOOK_S if isinstance(error, FolderInUseError) else AGAIN_S)

    async def _deliver(self, old: _Old) -> None:
        config = self._config
        with ExitStack() as held:
            if old.path.parent != config.data_dir:
                held.enter_context(locked(old.path.parent))
            old.queued = await asyncio.to_thread(read_queued, old.path)
            if not old.queued:
                return
            fields: dict[str, Any] = {"journal": str(old.path), "queued": old.queued}
            event(_log, logging.WARNING, "a journal of another number of workers is delivered", **fields)
            if not config.mqtt.enabled:
                return
            names = (*destination_names(config), *cursor_names(config))
            journal = await asyncio.to_thread(Journal, old.path, JournalLimits(), destinations=names)
            held.callback(journal.close)
            old.journal = journal
            held.callback(setattr, old, "journal", None)
            gateway = config.gateway.model_copy(update={"id": old.gateway})
            settings = settings_of(config.model_copy(update={"gateway": gateway}))
            delivery = Delivery(read_by(settings, config.sessions, config.registry_path), journal)
            delivery.start()
            try:
                while old.queued:
                    await asyncio.sleep(LOOK_S)
                    old.queued = journal.stats()["queued"]
            finally:
                await asyncio.shield(asyncio.to_thread(delivery.stop))
            event(_log, logging.INFO, "everything of it is delivered", journal=str(old.path))

    def _write(self, old: _Old, what: str, arguments: list[Any]) -> None:
        """What who follows asks for; while nobody delivers from it, it is asked for again later. From any
        thread."""
        journal = old.journal
        if journal is not None:
            journal.ask(chore_of(CURSOR, what, arguments))


def gateway_of(config: Config, path: Path) -> str:
    """The name that this journal's batches bear: of the only process, or of a worker."""
    if path.parent == config.data_dir:
        return config.gateway.id
    return config.worker_id(int(path.parent.name.rpartition("-")[2]))
