"""Commands on their way to the terminals' lines: encoded for the connection, large ones on few lines at once.

Knows lines and bytes; which command goes when, and what an answer means, is the desk's business.
"""

import asyncio
import inspect
import logging
from collections.abc import Awaitable, Callable, Iterable
from typing import Final

from protocols.wire.errors import LocalProtocolError

from ..store_file import StoreError
from . import table
from .command import Command, CommandError, Now
from .desk import Desk

LARGE_BYTES: Final = 64 * 1024  # a body from this size on is large …
LARGE_AT_ONCE: Final = 4  # … and so many may be on the lines, each in a socket's buffer
_log = logging.getLogger(__name__)

# Puts a body on a terminal's line: gives the serials of its pieces, at once or awaited. The last argument is
# the first serial of a sending before that is to be said again, None for a new one. Raises ConnectionError.
Send = Callable[[int, bytes, int | None], Iterable[int] | Awaitable[Iterable[int]]]


class Sender:
    """`send` each of the desk's `to_send`, and of `released`, which waited for a place.

    `lines`: terminal → its connection. `body_of(command)`: its bytes, may raise CommandError, StoreError.
    `pump`: to be called when the desk was told something outside of a call from it.
    """

    def __init__(
        self,
        desk: Desk,
        body_of: Callable[[Command], bytes],
        now: Callable[[], Now],
        pump: Callable[[], None],
    ) -> None:
        self.lines: dict[str, Send] = {}
        self._desk = desk
        self._body_of = body_of
        self._now = now
        self._pump = pump
        self._large: set[int] = set()  # on the lines
        self._deferred: dict[int, Command] = {}  # large ones that wait for a place, oldest first
        self._tasks: set[asyncio.Task[None]] = set()

    def send(self, command: Command) -> None:
        """Puts it on the line of its terminal, or tells the desk why not."""
        if not command.sending:  # taken back meanwhile, and not said to be sent since
            return
        line = self.lines.get(command.terminal)
        if line is None:
            self._could_not_send(command, "the connection is gone", for_good=False)
            return
        if self._desk.is_over(command, self._now()):
            return
        try:
            body = self._body_of(command)
        except CommandError as error:
            self._could_not_send(command, f"{error.field}: {error}" if error.field else str(error), True)
            return
        except StoreError as error:
            _log.error("command %d waits for the next connection: %s", command.number, error)
            self._could_not_send(command, str(error), for_good=False)
            return
        if len(body) >= LARGE_BYTES and command.number not in self._large:
            if len(self._large) >= LARGE_AT_ONCE:
                self._deferred[command.number] = command
                return
            self._large.add(command.number)
        self._hand_over(command, body, line)

    def moved(self, command: Command) -> None:
        """It changed its state: whoever is not on a line any more leaves its place to others."""
        if command.state != table.SENT:
            self._large.discard(command.number)

    def released(self) -> list[Command]:
        """Deferred ones that there is a place for now; forgotten here once taken."""
        free = max(0, LARGE_AT_ONCE - len(self._large))
        numbers = list(self._deferred)[:free]
        return [self._deferred.pop(number) for number in numbers]

    def tick(self, now: Now) -> None:
        """Ends what expired while it waited for a place."""
        for command in list(self._deferred.values()):
            if not command.sending or self._desk.is_over(command, now):
                self._deferred.pop(command.number, None)

    def stop(self) -> None:
        """Nothing more is handed over."""
        for task in list(self._tasks):
            task.cancel()

    def _hand_over(self, command: Command, body: bytes, line: Send) -> None:
        """What the line gives at once is taken at once, what must be awaited in a task."""
        again = command.serials[0] if command.sendings else None
        try:
            said = line(command.message_id, body, again)
        except (ConnectionError, LocalProtocolError) as error:
            self._refused_by_line(command, error)
            return
        if inspect.isawaitable(said):
            task = asyncio.get_running_loop().create_task(self._awaited(command, line, said))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        else:
            self._desk.was_sent(command, tuple(said), self._now())

    async def _awaited(self, command: Command, line: Send, said: Awaitable[Iterable[int]]) -> None:
        try:
            serials = tuple(await said)
        except (ConnectionError, LocalProtocolError) as error:
            if self.lines.get(command.terminal) is line:
                self._refused_by_line(command, error)
        else:
            if self.lines.get(command.terminal) is line:  # else it was taken back and sent elsewhere
                self._desk.was_sent(command, serials, self._now())
        self._pump()

    def _refused_by_line(self, command: Command, error: Exception) -> None:
        """The line is gone, or it cannot carry this to this terminal."""
        self._could_not_send(command, str(error), isinstance(error, LocalProtocolError))

    def _could_not_send(self, command: Command, reason: str, for_good: bool) -> None:
        self._large.discard(command.number)
        self._desk.could_not_send(command, reason, self._now(), for_good)
