"""The list of terminals as the API asks and changes it, wherever its registry lives: here, or with workers.

`Roll` is the port. `OwnRoll` is that of one process: its registry is at hand.
"""

import asyncio
from collections.abc import Iterator
from typing import Protocol

from . import csv_files
from .csv_files import Imported
from .registry import Registry
from .schema import RegistryError
from .terminal import Terminal


class Roll(Protocol):
    """Reading is quick and done at once; a change has come to the disk when it returns.

    Changes raise RegistryError when they were not written, or when there is no room.
    """

    def __iter__(self) -> Iterator[Terminal]:
        """Every terminal, by identity. Not to be changed."""

    def get(self, identity: str) -> Terminal | None:
        """The terminal of this identity; not to be changed."""

    def edition_of(self, identity: str) -> int | None:
        """The edition the terminal registered with; None for a stranger."""

    async def enlist(self, identity: str, status: str, group: str, note: str) -> Terminal:
        """Puts a terminal on the list, or changes what is said of it."""

    async def issue_code(self, identity: str) -> bytes:
        """A fresh code for a terminal that is set up by hand. KeyError for a stranger."""

    async def revoke_codes(self, identity: str) -> None:
        """No code of the terminal is good any longer. KeyError for a stranger."""

    async def remove(self, identity: str) -> None:
        """Forgets a terminal. KeyError for a stranger."""

    async def import_csv(self, text: str) -> Imported:
        """Puts the rows on the list; a bad row loses no other."""


class Written:
    """A callback for the registry's changes, to be awaited. Made in the loop that the callbacks come to."""

    def __init__(self) -> None:
        self._future: asyncio.Future[bool] = asyncio.get_running_loop().create_future()

    def __call__(self, written: bool) -> None:
        """The registry's answer."""
        if not self._future.done():
            self._future.set_result(written)

    async def wait(self) -> None:
        """Returns once it is on the disk. Raises RegistryError when it could not be written."""
        if not await self._future:
            raise RegistryError("the registry could not be written; see the log")


class OwnRoll:
    """The roll over a registry of this process."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    def __iter__(self) -> Iterator[Terminal]:
        return iter(self._registry)

    def get(self, identity: str) -> Terminal | None:
        """See Roll."""
        return self._registry.get(identity)

    def edition_of(self, identity: str) -> int | None:
        """See Roll."""
        return self._registry.edition_of(identity)

    async def enlist(self, identity: str, status: str, group: str, note: str) -> Terminal:
        """See Roll."""
        written = Written()
        terminal = self._registry.enlist(identity, status, group, note, written)
        await written.wait()
        return terminal

    async def issue_code(self, identity: str) -> bytes:
        """See Roll."""
        written = Written()
        code = self._registry.issue_code(identity, written)
        await written.wait()
        return code

    async def revoke_codes(self, identity: str) -> None:
        """See Roll."""
        written = Written()
        self._registry.revoke_codes(identity, written)
        await written.wait()

    async def remove(self, identity: str) -> None:
        """See Roll."""
        written = Written()
        self._registry.remove(identity, written)
        await written.wait()

    async def import_csv(self, text: str) -> Imported:
        """See Roll."""
        done = csv_files.import_terminals(text, self._registry, lambda _: None)
        written = Written()
        self._registry.run(lambda connection: None, written)
        await written.wait()
        return done
