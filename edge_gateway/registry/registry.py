"""Which terminals may speak: who is registered under which identity, and with which authentication codes.

The truth is a SQLite file; all of it is held in memory, so that an authentication costs no disk. Codes are
random, handed out once and kept as SHA-256 only. Changes are written by one thread, many in one commit, and
called back after it: a code that a terminal holds is a code that survives a power cut.
"""

import logging
import sqlite3
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, NamedTuple

from ..log import Throttle
from ..threads import BatchThread
from . import schema
from .schema import RegistryError
from .terminal import APPROVED, PENDING, TERMINALS_MAX, Device, Terminal

# Results of 0x8100 (unverified: JT/T 808-2013 §8.6).
REGISTERED: Final = 0
TERMINAL_ALREADY_REGISTERED: Final = 3
TERMINAL_UNKNOWN: Final = 4

OPEN: Final = "open"  # whoever registers is approved
ASK: Final = "pending"  # whoever registers waits for somebody's approval
CLOSED: Final = "closed"  # only who is on the list
EDITION_UNTIL_KNOWN: Final = 2013  # of a terminal on the list that never registered
_log = logging.getLogger(__name__)

# Called after the commit: (result of 0x8100 or None when it could not be written, the code or b"").
Registered = Callable[[int | None, bytes], None]
Deliver = Callable[[list[tuple[Callable[[bool], None], bool]]], None]


class Change(NamedTuple):
    """What is to be written, and who is told whether it was."""

    write: Callable[[sqlite3.Connection], None]
    answer: Callable[[bool], None]


def _call_here(released: list[tuple[Callable[[bool], None], bool]]) -> None:
    for release, written in released:
        release(written)


class Registry:
    """Used from one thread (the event loop); `deliver` brings its callbacks there, as the journal's does."""

    def __init__(
        self,
        path: Path,
        closed: bool = False,
        deliver: Deliver = _call_here,
        max_terminals: int = TERMINALS_MAX,
        mode: str = "",
        *,
        owns: Callable[[str], bool] | None = None,
    ) -> None:
        """Opens or makes the file. `mode`: OPEN, ASK or CLOSED; without one `closed` says which of open and
        closed. `max_terminals`: no new one when there are so many; anybody can make identities up.
        `owns`: whose terminals are ours, where several processes share the file; others are strangers here.

        Raises RegistryError.
        """
        self.path = path
        self._max_terminals = max_terminals
        self._throttle = Throttle()
        self._mode = mode or (CLOSED if closed else OPEN)
        self._deliver = deliver
        try:
            self._connection = schema.connect(path)
            known = schema.load(self._connection)
        except sqlite3.Error as error:
            raise RegistryError(f"the registry {path} cannot be opened: {error}") from error
        self._owns = owns or _everybody
        self._terminals = {name: each for name, each in known.items() if self._owns(name)}
        self._thread: BatchThread[Change] = BatchThread("registry", self._write, self._abandon)

    def __len__(self) -> int:
        return len(self._terminals)

    def __iter__(self) -> Iterator[Terminal]:
        """Every terminal, by identity. Not to be changed."""
        return iter([self._terminals[identity] for identity in sorted(self._terminals)])

    def get(self, identity: str) -> Terminal | None:
        """The terminal of this identity; not to be changed."""
        return self._terminals.get(identity)

    def set_mode(self, mode: str) -> None:
        """Another way of onboarding from now on."""
        self._mode = mode

    def edition_of(self, identity: str) -> int | None:
        """The edition the terminal registered with; None for a stranger."""
        terminal = self._terminals.get(identity)
        return terminal.edition if terminal else None

    # What terminals ask.

    def register(self, identity: str, edition: int, device: Device, answer: Registered) -> None:
        """Decides a 0x0100 and calls `answer`, after the commit where something is written.

        The same device again gets a fresh code, and its old one stays good until the new one is first used:
        the answer may get lost. Another device on a bound identity is refused.
        """
        known = self._terminals.get(identity)
        if known is None and (self._mode == CLOSED or not self._owns(identity) or self._is_full()):
            answer(TERMINAL_UNKNOWN, b"")
        elif known is None and self._mode == ASK:
            self._terminals[identity] = terminal = Terminal(identity, edition, device, status=PENDING)
            self.change(terminal, lambda written: answer(TERMINAL_UNKNOWN if written else None, b""))
        elif known and known.status != APPROVED:
            answer(TERMINAL_UNKNOWN, b"")
        elif known and known.device and not known.device.same_as(device):
            answer(TERMINAL_ALREADY_REGISTERED, b"")
        else:
            terminal = known or Terminal(identity, edition, device)
            self._terminals[identity] = terminal
            terminal.edition, terminal.device = edition, device
            code = terminal.issue()
            self.change(
                terminal, lambda written: answer(REGISTERED if written else None, code if written else b"")
            )

    def authenticate(self, identity: str, code: bytes, layout_2019: bool) -> int | None:
        """The edition to speak with the terminal, or None when the code is wrong or revoked.

        A newer code, used for the first time, revokes the older ones. `layout_2019`: of the header that
        carried the code; a terminal whose software changed sides is remembered with its new edition.
        """
        terminal = self._terminals.get(identity)
        if terminal is None or terminal.status != APPROVED:
            return None
        place = terminal.place_of(code)
        if place is None:
            return None
        edition = edition_of_layout(terminal.edition, layout_2019)
        if place or not terminal.in_use or edition != terminal.edition:
            terminal.codes = terminal.codes[place:]
            terminal.in_use, terminal.edition = True, edition
            self.change(terminal, _ignore)  # when it is lost, the code is still among those issued
        return edition

    def deregister(self, identity: str, answer: Callable[[bool], None]) -> None:
        """Ends the binding and revokes every code (0x0003); `answer(written)` after the commit."""
        terminal = self._terminals.get(identity)
        if terminal is None:
            answer(True)
            return
        terminal.device = None
        terminal.revoke()
        self.change(terminal, answer)

    def remember_edition(self, identity: str, edition: int) -> None:
        """What the terminal sends fits this edition only."""
        terminal = self._terminals.get(identity)
        if terminal is not None and terminal.edition != edition:
            terminal.edition = edition
            self.change(terminal, _ignore)

    # What people ask; `answer(written)` follows after the commit.

    def enlist(
        self, identity: str, status: str, group: str, note: str, answer: Callable[[bool], None]
    ) -> Terminal:
        """Puts a terminal on the list, or changes what is said of it. Raises RegistryError when full."""
        terminal = self._terminals.get(identity)
        if terminal is None:
            if self._is_full():
                raise RegistryError(
                    f"registration.max_terminals: there are {self._max_terminals} terminals already"
                )
            terminal = self._terminals[identity] = Terminal(identity, EDITION_UNTIL_KNOWN, None)
        terminal.status, terminal.group, terminal.note = status, group, note
        self.change(terminal, answer)
        return terminal

    def issue_code(self, identity: str, answer: Callable[[bool], None]) -> bytes:
        """A fresh code for a terminal that is set up by hand. Raises KeyError for a stranger."""
        terminal = self._terminals[identity]
        code = terminal.issue()
        self.change(terminal, answer)
        return code

    def revoke_codes(self, identity: str, answer: Callable[[bool], None]) -> None:
        """No code of the terminal is good any longer; it has to register again. Raises KeyError."""
        terminal = self._terminals[identity]
        terminal.revoke()
        self.change(terminal, answer)

    def remove(self, identity: str, answer: Callable[[bool], None]) -> None:
        """Forgets a terminal. Raises KeyError for a stranger."""
        del self._terminals[identity]
        self.run(lambda connection: schema.remove(connection, identity), answer)

    def change(self, terminal: Terminal, answer: Callable[[bool], None]) -> None:
        """Writes the terminal as it is now."""
        snapshot = terminal.copy()
        self.run(lambda connection: schema.save(connection, snapshot), answer)

    def run(self, write: Callable[[sqlite3.Connection], None], answer: Callable[[bool], None]) -> None:
        """Any other change of the same file, in the same thread."""
        self._thread.put(Change(write, answer))

    @property
    def died(self) -> bool:
        """Whether the writer met a bug: nobody can register any longer."""
        return self._thread.died

    def close(self) -> None:
        """Writes what was asked for, closes the file."""
        self._thread.close()
        self._connection.close()

    def _is_full(self) -> bool:
        return len(self._terminals) >= self._max_terminals

    def _write(self, changes: list[Change]) -> None:
        written = True
        try:
            with self._connection:
                for change in changes:
                    change.write(self._connection)
        except sqlite3.Error as error:
            written = False
            if self._throttle.allows("registry", str(error), time.monotonic()):
                _log.error("the registry could not be written: %s", error)
        self._deliver([(change.answer, written) for change in changes])

    def _abandon(self, changes: list[Change]) -> None:
        self._deliver([(change.answer, False) for change in changes])


def edition_of_layout(remembered: int, layout_2019: bool) -> int:
    """The edition behind a header: the layout shows 2019; of the older two the remembered one is kept."""
    if layout_2019:
        return 2019
    return remembered if remembered != 2019 else 2013


def _everybody(identity: str) -> bool:
    del identity
    return True


def _ignore(written: bool) -> None:
    """Nobody waits for it; a failure is in the log."""
