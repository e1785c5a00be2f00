"""One worker process: started, kept alive, asked to end; what it says of itself."""

import asyncio
import logging
import signal
import socket
import sys
from collections.abc import Callable
from typing import Any, Final

from ..log import event
from ..workers.lifeline import Lifeline

BACKOFF_S: Final = (0.1, 0.5, 1.0, 2.0, 5.0)  # before the next start, by how often it failed in a row
STEADY_S: Final = 30.0  # up for so long, and its death is the first again
NEVER_UP_MAX: Final = 12  # starts that come to nothing before the supervisor gives up: half a minute
SILENT_S: Final = 60.0  # of a worker that should say something each second: it hangs
READY_S: Final = 120.0  # for a start: a long journal takes its time
STOP_S: Final = 30.0  # for an orderly end
_MODULE: Final = "edge_gateway.workers.process"
_log = logging.getLogger(__name__)
# What a worker is told at its start, and the files it inherits.
Told = Callable[[], tuple[dict[str, Any], list[int]]]


class ChildError(Exception):
    """The worker does not come up."""


class Child:
    """`await keep()` runs it until `await end()`. `up`: set while it serves. stats: as it last said.

    heard: what it says of its terminals, or answers. gone: it died, or ended.
    """

    def __init__(
        self,
        index: int,
        told: Told,
        heard: Callable[[dict[str, Any], bytes], None],
        gone: Callable[[], None],
    ) -> None:
        self.index = index
        self.up = asyncio.Event()
        self.stats: dict[str, Any] = {}
        self.ports: dict[str, int] = {}
        self.starts = 0
        self._told = told
        self._on_heard = heard
        self._on_gone = gone
        self._listens = False  # to what it is asked
        self._down_since_s = asyncio.get_running_loop().time()
        self._process: asyncio.subprocess.Process | None = None
        self._lifeline: Lifeline | None = None
        self._ending = self._wanted_down = False
        self._heard_s = 0.0

    @property
    def pid(self) -> int | None:
        """Of the running process."""
        return self._process.pid if self._process and self._process.returncode is None else None

    async def keep(self) -> None:
        """Starts it, again and again, until `end`. Raises ChildError when it never came up."""
        loop, failed = asyncio.get_running_loop(), 0
        while not self._ending:
            began_s = loop.time()
            self._wanted_down = False
            try:
                code, was_up = await self._run()
            except OSError as error:  # no memory, process or open file to be had for now; the others serve on
                _log.error("worker %d cannot be started: %s", self.index, error)
                code, was_up = None, False
            if self._ending or self._wanted_down:
                continue
            if was_up and loop.time() - began_s > STEADY_S:
                failed = 0
            failed += 1
            event(_log, logging.ERROR, "a worker died", worker=self.index, code=code, in_a_row=failed)
            if not was_up and failed >= NEVER_UP_MAX:
                raise ChildError(f"worker {self.index} does not come up; see the log")
            await asyncio.sleep(BACKOFF_S[min(failed, len(BACKOFF_S)) - 1])

    async def restart(self) -> None:
        """Ends it in order and returns when its successor serves. Raises TimeoutError when none does."""
        self._wanted_down = True
        self.up.clear()
        self.signal(signal.SIGTERM)
        async with asyncio.timeout(STOP_S + READY_S):
            await self.up.wait()

    async def end(self) -> None:
        """Ends it in order, or by force when it takes too long."""
        self._ending = True
        self.signal(signal.SIGTERM)
        if self._process:
            await self._ended(self._process)

    def signal(self, number: int) -> None:
        """To the process, if there is one."""
        if self._process and self._process.returncode is None:
            self._process.send_signal(number)

    def say(self, line: dict[str, Any], blob: bytes = b"") -> bool:
        """To the running worker; False when none listens."""
        if self._lifeline is None or not self._listens:
            return False
        self._lifeline.say(line, blob)
        return True

    def is_overdue(self) -> bool:
        """Whether it is down for longer than a start takes."""
        return not self.up.is_set() and asyncio.get_running_loop().time() - self._down_since_s > READY_S

    def look_after(self, now_s: float) -> None:
        """Called each second: a worker that hangs is killed, for nobody else would notice."""
        if self.up.is_set() and now_s - self._heard_s > SILENT_S:
            event(_log, logging.ERROR, "a worker hangs and is killed", worker=self.index, pid=self.pid)
            self._heard_s = now_s
            self.signal(signal.SIGKILL)

    async def _run(self) -> tuple[int | None, bool]:
        """One life: its exit code, and whether it ever served. Raises OSError when it cannot be started."""
        ours, theirs = socket.socketpair()
        try:
            line, files = self._told()
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                _MODULE,
                str(theirs.fileno()),
                pass_fds=[theirs.fileno(), *files],
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.DEVNULL,
                start_new_session=True,  # Ctrl-C is for the supervisor, which ends us in order
            )
        finally:
            theirs.close()
        self.starts += 1
        was_up = asyncio.Event()
        self._lifeline = lifeline = Lifeline(lambda said, blob: self._hear(said, blob, was_up), lambda: None)
        ours.setblocking(False)
        await asyncio.get_running_loop().create_unix_connection(lambda: lifeline, sock=ours)
        lifeline.say(line)
        waiting = asyncio.create_task(self._process.wait())
        try:
            if self._ending or self._wanted_down:  # asked to end while it was being started
                self.signal(signal.SIGTERM)
            code = await waiting
        finally:
            self.up.clear()
            lifeline.close()
            self.stats, self._listens = {}, False
            self._down_since_s = asyncio.get_running_loop().time()
            self._on_gone()
        return code, was_up.is_set()

    def _hear(self, said: dict[str, Any], blob: bytes, was_up: asyncio.Event) -> None:
        self._heard_s = asyncio.get_running_loop().time()
        if "stats" in said:
            self.stats = said["stats"]
        elif "listens" in said:
            self._listens = True
        elif "ready" not in said:
            self._on_heard(said, blob)
        else:
            self.ports = said["ready"]
            was_up.set()
            if not self._wanted_down:
                self.up.set()

    async def _ended(self, process: asyncio.subprocess.Process) -> None:
        try:
            await asyncio.wait_for(process.wait(), STOP_S)
        except TimeoutError:
            event(_log, logging.ERROR, "a worker does not end and is killed", worker=self.index)
            process.kill()
            await process.wait()
