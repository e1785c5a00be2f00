"""What the command line asks of a gateway with several workers: sums, lists, the frames of one terminal."""

import asyncio
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from protocols.wire.bcd import identity_of

from ..config import Config
from ..control import ControlError, ask
from ..control.address import address_of
from ..status import summed
from ..workers import owner_of
from .child import Child

Say = Callable[[Any], None]


class Answers:
    """`about()`: what the supervisor says of itself. What workers say is as old as their last second."""

    def __init__(
        self, children: Sequence[Child], config: Config, about: Callable[[], dict[str, Any]]
    ) -> None:
        self._children = children
        self._config = config
        self._about = about
        self._streams: set[asyncio.Task[None]] = set()

    def sums(self) -> dict[str, Any]:
        """The figures of all workers that run, added up."""
        stats = [child.stats for child in self._children if child.stats]
        return summed(stats) | self._about()

    async def status(self, question: dict[str, Any]) -> dict[str, Any]:
        """The sums; `journal`, `server` and `delivery` are there as soon as one worker runs."""
        del question
        return self.sums()

    async def terminals(self, question: dict[str, Any]) -> list[dict[str, Any]]:
        """Of all workers, by identity, as one process would list them."""
        asked = {name: question[name] for name in ("limit", "after", "online") if name in question}
        answers = await asyncio.gather(
            *[
                asyncio.to_thread(ask, self._socket_of(child.index), "terminals", **asked)
                for child in self._children
            ],
            return_exceptions=True,
        )
        rows: list[dict[str, Any]] = []
        for answer in answers:
            if isinstance(answer, ControlError):
                raise ValueError(f"a worker does not answer now: {answer}")
            if isinstance(answer, BaseException):
                raise answer
            rows += answer
        return sorted(rows, key=lambda row: str(row["identity"]))[: int(question.get("limit", 100))]

    def frames(self, question: dict[str, Any], say: Say) -> Callable[[], None]:
        """The stream of the worker whose terminal it is."""
        identity = identity_of(str(question.get("terminal", "")))
        if not identity.isascii() or not identity.isalnum():
            raise ValueError(f"no terminal {question.get('terminal')!r} is registered")
        owner = owner_of(identity, len(self._children))
        task = asyncio.create_task(_relay(self._socket_of(owner), question, say))
        self._streams.add(task)
        task.add_done_callback(self._streams.discard)

        def end() -> None:
            task.cancel()

        return end

    def _socket_of(self, index: int) -> Path:
        return self._config.worker_dir(index) / self._config.control_path.name


async def _relay(path: Path, question: dict[str, Any], say: Say) -> None:
    """Until it is cancelled or the worker ends."""
    with address_of(path) as name:
        reader, writer = await asyncio.open_unix_connection(name)
    try:
        writer.write(json.dumps(question).encode() + b"\n")
        while line := await reader.readline():
            said = json.loads(line)
            say(said.get("line", said))
    finally:
        writer.close()
