"""A worker's end of the command desk and the API, which live with the supervisor: tells which terminals are
here and what they answer, and does to them what is asked. Decides nothing.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any, Final

from protocols.wire.errors import LocalProtocolError

from ..config import Config
from ..delivery.apart.keeper import chore_of
from ..journal import JournalError
from ..registry import RegistryError, Roll
from ..reload import Outcome
from ..server import Send, Server

Say = Callable[..., None]  # Lifeline.say
Reload = Callable[[Config], Awaitable[Outcome]]
ORDER_S: Final = 30.0
_log = logging.getLogger(__name__)


class Deputy:
    """A `Listener` for the server. `heard(line, bytes)`: what the supervisor asks."""

    def __init__(self, say: Say, server: Server, roll: Roll, reload: Reload) -> None:
        self._say = say
        self._reload = reload
        self._server = server
        self._roll = roll
        self._lines: dict[str, tuple[int, Send]] = {}  # terminal → which of its connections, and how to send
        self._connections = 0
        self._orders = 0
        self._ordering: dict[int, asyncio.Future[str]] = {}  # of files of alarms, by their numbers
        self._tasks: set[asyncio.Task[None]] = set()

    def stop(self) -> None:
        """What is in work is given up; who asked hears that we are gone."""
        for task in list(self._tasks):
            task.cancel()

    # What the server tells.

    def online(self, identity: str, edition: int, send: Send) -> None:
        """See server.Listener."""
        self._connections += 1
        self._lines[identity] = (self._connections, send)
        self._say({"online": [identity, edition, self._connections]})

    def offline(self, identity: str) -> None:
        """See server.Listener."""
        self._lines.pop(identity, None)
        self._say({"offline": [identity]})

    def edition_seen(self, identity: str, edition: int) -> None:
        """See server.Listener."""
        self._say({"edition_seen": [identity, edition]})

    def answered(self, identity: str, message_id: int, serial: int, result: int) -> None:
        """See server.Listener."""
        self._say({"answered": [identity, message_id, serial, result]})

    def uplink(
        self, identity: str, message_id: int, reply_serial: int | None, body: bytes, edition: int
    ) -> None:
        """See server.Listener."""
        self._say({"uplink": [identity, message_id, reply_serial, edition]}, body)

    async def order_files(self, terminal: str, edition: int, identifier: dict[str, Any]) -> None:
        """Returns when the supervisor has it on the disk. Raises OSError when it says that it has not."""
        self._orders += 1
        number = self._orders
        answer: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._ordering[number] = answer
        try:
            self._say({"files": number, "of": [terminal, edition, identifier]})
            async with asyncio.timeout(ORDER_S):
                problem = await answer
        finally:
            del self._ordering[number]
        if problem:
            raise OSError(problem)

    # What the supervisor asks.

    def heard(self, line: dict[str, Any], blob: bytes) -> None:
        """One line of the lifeline."""
        if "send" in line:
            self._send(line, blob)
        elif "disconnect" in line:
            self._server.disconnect(*line["disconnect"])
        elif "ordered" in line:
            answer = self._ordering.get(line["ordered"])
            if answer and not answer.done():
                answer.set_result(line["problem"])
        elif "do" in line:
            task = asyncio.get_running_loop().create_task(self._do(line["do"], line["what"], line["with"]))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    def _send(self, line: dict[str, Any], body: bytes) -> None:
        """On the very connection that was meant: a serial of another one would be somebody else's."""
        ticket, (identity, connection) = line["send"], line["to"]
        held = self._lines.get(identity)
        try:
            if held is None or held[0] != connection:
                raise ConnectionError("the connection is gone")
            serials = held[1](line["message"], body, line["again"])
        except (ConnectionError, LocalProtocolError) as error:
            for_good = isinstance(error, LocalProtocolError)
            self._say({"unsent": ticket, "why": str(error), "for_good": for_good})
        else:
            self._say({"sent": ticket, "serials": serials})

    async def _do(self, ticket: int, what: str, given: list[Any]) -> None:
        try:
            done = await getattr(self, f"_do_{what}")(*given)
        except (RegistryError, JournalError, KeyError, ValueError) as error:
            self._say({"done": ticket, "error": str(error)})
        except Exception:
            _log.exception("what was asked could not be done: %s", what)
            self._say({"done": ticket, "error": "it could not be done; see the log"})
        else:
            self._say({"done": ticket, "answer": done})

    async def _do_enlist(self, rows: list[tuple[str, str, str, str]]) -> list[tuple[str, str]]:
        """(identity, why) of those that could not be taken; the others are on the disk."""
        found = await asyncio.gather(*[self._roll.enlist(*row) for row in rows], return_exceptions=True)
        refused = []
        for row, outcome in zip(rows, found, strict=True):
            if isinstance(outcome, RegistryError):
                refused.append((row[0], str(outcome)))
            elif isinstance(outcome, BaseException):
                raise outcome
        return refused

    async def _do_journal(self, cursor: str, what: str, arguments: list[Any]) -> None:
        """For who follows our journal from the supervisor's process."""
        journal = self._server.journal
        if what == "confirm" and arguments[0] <= journal.position(cursor).confirmed:
            return  # told again, for nobody knows what a restart took along
        await asyncio.to_thread(journal.ask, chore_of(cursor, what, arguments))

    async def _do_issue_code(self, identity: str) -> str:
        return (await self._roll.issue_code(identity)).decode("ascii")

    async def _do_revoke_codes(self, identity: str) -> None:
        await self._roll.revoke_codes(identity)

    async def _do_remove(self, identity: str) -> None:
        await self._roll.remove(identity)

    async def _do_reload(self, config: str) -> Outcome:
        return await self._reload(Config.model_validate_json(config))
