"""Several workers as one floor: sums, lists, one terminal's frames, files of all, changes by the owner."""

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from protocols.wire.bcd import identity_of

from ..api.media import StoredMedia
from ..commands import CommandService
from ..config import Config
from ..config.section import WORKERS_MAX
from ..control import ControlError, ask
from ..control.address import address_of
from ..floor import Say
from ..media import MediaService, Shelves
from ..media.store import LIST_FILE
from ..metrics import Snapshot, hindrances, machine_hindrances
from ..registry import Registry
from ..status import summed
from .child import Child
from .crew import Crew
from .plan import journal_share
from .roll import SharedRoll

if TYPE_CHECKING:
    from ..api.services import Media
    from ..commands.alarm_files import OrderFiles

STRIDE: Final = WORKERS_MAX + 1  # of numbers of media: the house's own shelf is 0, worker N's is N + 1


class SharedFloor:
    """A `Floor`. What workers say of themselves is as old as their last second.

    about: what the supervisor says of itself. media: the attachment server's, where there is one.
    """

    def __init__(
        self,
        config: Config,
        children: Sequence[Child],
        crew: Crew,
        media: MediaService | None,
        about: Callable[[], dict[str, Any]],
    ) -> None:
        """Raises RegistryError."""
        self._config = config
        self._children = children
        self._crew = crew
        self._about = about
        self.roll = SharedRoll(config.registry_path, crew)
        self.registry = Registry(config.registry_path, deliver=_deliver(), owns=_nobodys)
        shelves = Shelves(self._folders, STRIDE)
        self.media: Media | None = StoredMedia(shelves) if config.media.enabled else None
        self.order_files: OrderFiles | None = media.orders.order if media else None
        self.disconnect = crew.disconnect
        self._streams: set[asyncio.Task[None]] = set()

    async def close(self) -> None:
        """Writes what was asked for, closes the files."""
        self.roll.close()
        await asyncio.to_thread(self.registry.close)

    def listen(self, listener: CommandService | None) -> None:
        """See Floor."""
        self._crew.listener = listener

    def last_position(self, identity: str) -> dict[str, Any] | None:
        """See Floor. None also while its worker is being replaced."""
        try:
            found: dict[str, Any] | None = ask(
                self._socket_of(self._crew.owner(identity)), "position", terminal=identity
            )
        except ControlError:
            return None
        return found

    def stats(self) -> dict[str, Any]:
        """The figures of all workers that run, added up; `journal`, `server` and `delivery` are there as soon
        as one worker runs."""
        return summed([child.stats for child in self._children if child.stats]) | self._about()

    async def snapshots(self) -> Sequence[Snapshot]:
        """See Floor. One that does not answer is left out: its gauge says that it is not up."""
        answers = await self._ask_all("snapshot", {})
        found = [
            Snapshot.of_json(answer, str(child.index))
            for child, answer in zip(self._children, answers, strict=True)
            if not isinstance(answer, BaseException)
        ]
        return [Snapshot(self._about()), *found]

    async def terminals(self, question: dict[str, Any]) -> list[dict[str, Any]]:
        """See Floor."""
        asked: dict[str, Any] = {
            name: value for name, value in question.items() if name in ("limit", "after", "online")
        }
        rows: list[dict[str, Any]] = []
        for answer in await self._ask_all("terminals", asked):
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
        task = asyncio.create_task(_relay(self._socket_of(self._crew.owner(identity)), question, say))
        self._streams.add(task)
        task.add_done_callback(self._streams.discard)

        def end() -> None:
            task.cancel()

        return end

    def dead(self) -> list[str]:
        """Workers that should serve and do not: one that is being replaced is given its time."""
        found = [f"worker {child.index} is down" for child in self._children if child.is_overdue()]
        return found + (["the registry's writer failed"] if self.registry.died else [])

    def hindrances(self) -> list[str]:
        """Of each worker, and of this machine."""
        found = machine_hindrances(self._config.data_dir)
        for child in self._children:
            problems = (
                hindrances(child.stats, journal_share(self._config)) if child.stats else ["does not run"]
            )
            found += [f"worker {child.index}: {problem}" for problem in problems]
        return found

    async def _ask_all(self, word: str, more: Mapping[str, Any]) -> list[Any]:
        return await asyncio.gather(
            *[asyncio.to_thread(ask, self._socket_of(child.index), word, **more) for child in self._children],
            return_exceptions=True,
        )

    def _folders(self) -> dict[int, Path]:
        """Of workers that are no longer there too: what they stored is still to be had."""
        config = self._config
        folders = {0: config.media_dir}
        folders |= {
            index + 1: config.worker_dir(index) / config.media_dir.name for index in range(WORKERS_MAX)
        }
        return {shelf: folder for shelf, folder in folders.items() if (folder / LIST_FILE).is_file()}

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


def _deliver() -> Callable[[list[tuple[Callable[[bool], None], bool]]], None]:
    """From the writer's thread to this loop."""
    loop = asyncio.get_running_loop()

    def deliver(released: list[tuple[Callable[[bool], None], bool]]) -> None:
        loop.call_soon_threadsafe(lambda: [release(written) for release, written in released])

    return deliver


def _nobodys(identity: str) -> bool:
    """Terminals are their workers'; here are only vehicles, drivers and groups."""
    del identity
    return False
