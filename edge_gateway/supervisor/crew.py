"""The workers as the command desk and the API meet them: which terminals are where, words to their owners.

Carries; decides nothing. Lines of one worker are told in the order in which it said them.
"""

import asyncio
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Final

from protocols.wire.errors import LocalProtocolError

from ..commands import CommandService
from ..registry import RegistryError
from ..workers import owner_of

ANSWER_S: Final = 30.0  # for a change of the registry: it waits for a disk
_GONE: Final = "the worker of this terminal is being replaced; try again"
Say = Callable[[dict[str, Any], bytes], bool]  # to one worker; False when it does not run


class Crew:
    """`says`: how each worker is told something. `heard` and `gone` are what they say, and their deaths."""

    def __init__(self, says: Sequence[Say]) -> None:
        self.listener: CommandService | None = None
        self._loop = asyncio.get_running_loop()
        self._says = says
        self._online: list[set[str]] = [set() for _ in says]
        self._tickets: dict[int, tuple[int, asyncio.Future[Any]]] = {}  # → whose, and who waits
        self._last_ticket = 0

    def heard(self, index: int, line: dict[str, Any], blob: bytes) -> None:
        """What a worker says of its terminals, or answers us.

        Answers wake who waits for them, in a later turn of the loop; what follows them comes later still, so
        that the desk knows a command's serials before the terminal's answer to it.
        """
        if "sent" in line:
            self._resolve(line["sent"], line["serials"])
        elif "unsent" in line:
            kind = LocalProtocolError if line["for_good"] else ConnectionError
            self._fail(line["unsent"], kind(line["why"]))
        elif "done" in line and "error" in line:
            self._fail(line["done"], RegistryError(line["error"]))
        elif "done" in line:
            self._resolve(line["done"], line["answer"])
        else:
            self._loop.call_soon(self._tell, index, line, blob)

    def gone(self, index: int) -> None:
        """The worker died, or ended: so did its connections."""
        self._loop.call_soon(self._forget, index)

    def owner(self, identity: str) -> int:
        """The worker whose terminal it is."""
        return owner_of(identity, len(self._says))

    def disconnect(self, identity: str, reason: str) -> object:
        """Ends the connection that speaks for a terminal, if there is one."""
        return self._says[self.owner(identity)]({"disconnect": [identity, reason]}, b"")

    async def do(self, index: int, what: str, *given: Any) -> Any:
        """Has a worker do something to its terminals; what `Deputy` calls it. Raises RegistryError."""
        ticket, answer = self._ticket(index)
        try:
            if not self._says[index]({"do": ticket, "what": what, "with": given}, b""):
                raise RegistryError(_GONE)
            async with asyncio.timeout(ANSWER_S):
                return await answer
        except (TimeoutError, ConnectionError) as error:
            raise RegistryError(_GONE) from error
        finally:
            self._tickets.pop(ticket, None)

    def _send(
        self, index: int, to: tuple[str, int], message_id: int, body: bytes, again: int | None
    ) -> "asyncio.Future[list[int]]":
        """The desk's line to one terminal: the serials come with the worker's answer."""
        ticket, answer = self._ticket(index)
        line = {"send": ticket, "to": to, "message": message_id, "again": again}
        if not self._says[index](line, body):
            del self._tickets[ticket]
            raise ConnectionError("its worker is gone")
        return answer

    def _tell(self, index: int, line: dict[str, Any], blob: bytes) -> None:
        online, listener = self._online[index], self.listener
        if "online" in line:
            identity, edition, connection = line["online"]
            online.add(identity)
            if listener:
                listener.online(identity, edition, partial(self._send, index, (identity, connection)))
        elif "offline" in line:
            online.discard(*line["offline"])
            if listener:
                listener.offline(*line["offline"])
        elif listener and "edition_seen" in line:
            listener.edition_seen(*line["edition_seen"])
        elif listener and "answered" in line:
            listener.answered(*line["answered"])
        elif listener and "uplink" in line:
            identity, message_id, reply_serial, edition = line["uplink"]
            listener.uplink(identity, message_id, reply_serial, blob, edition)

    def _forget(self, index: int) -> None:
        for ticket, (whose, _) in list(self._tickets.items()):
            if whose == index:
                self._fail(ticket, ConnectionError("its worker is gone"))
        online, self._online[index] = self._online[index], set()
        for identity in online:
            if self.listener:
                self.listener.offline(identity)

    def _ticket(self, index: int) -> tuple[int, "asyncio.Future[Any]"]:
        self._last_ticket += 1
        answer: asyncio.Future[Any] = self._loop.create_future()
        self._tickets[self._last_ticket] = (index, answer)
        return self._last_ticket, answer

    def _resolve(self, ticket: int, value: Any) -> None:
        _, answer = self._tickets.pop(ticket, (0, None))
        if answer and not answer.done():
            answer.set_result(value)

    def _fail(self, ticket: int, error: Exception) -> None:
        _, answer = self._tickets.pop(ticket, (0, None))
        if answer and not answer.done():
            answer.set_exception(error)
