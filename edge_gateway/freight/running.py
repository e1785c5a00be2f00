"""Errands on their way to the command desk: in order for each terminal; a full one holds up nobody else."""

import asyncio
import logging
from typing import Final

from ..commands import CommandError, CommandService, Request, StoreError
from ..log import event
from . import errands
from .book import Book
from .errands import Errand

ASKER: Final = "freight"  # who stands in audit lines
ERRANDS_AT_ONCE: Final = 50
AGAIN_S: Final = 2.0
_log = logging.getLogger(__name__)


class Runner:
    """`await run()` in the loop, for good; `wake()` from the loop: there may be errands."""

    def __init__(self, book: Book, commands: CommandService) -> None:
        self._book, self._commands = book, commands
        self._waiting = asyncio.Event()
        self.wake = self._waiting.set

    async def run(self) -> None:
        """Takes every errand to the desk."""
        loop = asyncio.get_running_loop()
        while True:
            await self._waiting.wait()
            self._waiting.clear()
            try:
                again = await self._run_waiting()
            except _NotNowError:
                again = True
            except StoreError as error:
                _log.error("errands wait: %s", error)
                again = True
            except Exception:  # a bug with one of them must not end them for good
                _log.exception("errands go on")
                again = True
            if again:
                loop.call_later(AGAIN_S, self.wake)

    async def _run_waiting(self) -> bool:
        """All of them; whether some wait for a terminal that is full."""
        full: set[str] = set()
        after = 0
        while waiting := await asyncio.to_thread(errands.waiting, self._book, ERRANDS_AT_ONCE, after):
            for errand in waiting:
                after = errand.id
                if errand.terminal in full:
                    continue
                try:
                    await self._run_errand(errand)
                except _NotNowError as error:
                    if not error.terminal:
                        raise
                    full.add(errand.terminal)
        return bool(full)

    async def _run_errand(self, errand: Errand) -> None:
        for number in await asyncio.to_thread(errands.replaced, self._book, errand):
            try:
                await self._commands.cancel(number, ASKER)
            except CommandError:
                continue  # on the line or done already: the terminal takes the newer one after it
        request = Request(errand.terminal, errand.message, dict(errand.body), errand.not_after_ms, errand.key)
        command = 0
        try:
            row, _ = await self._commands.create(request, ASKER)
            command = row.command.number
        except CommandError as error:
            if error.kind in ("full", "failed"):
                raise _NotNowError(error.kind == "full" and error.field == "terminal") from error
            told = {"terminal": errand.terminal, "asked": errand.message, "why": str(error)}
            event(_log, logging.WARNING, "errand given up", **told)
        await asyncio.to_thread(errands.done, self._book, errand, command)


class _NotNowError(Exception):
    """The command desk is full, or its disk is: later. terminal: only for the errand's terminal."""

    def __init__(self, terminal: bool) -> None:
        super().__init__()
        self.terminal = terminal
