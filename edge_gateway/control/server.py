"""The gateway's side: answers questions, sends streams to who follows; never waits for a slow reader."""

import asyncio
import contextlib
import json
import os
import socket
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Final

from .address import address_of

ASKERS_MAX: Final = 16
QUESTION_BYTES_MAX: Final = 64 * 1024
ASK_S: Final = 5.0  # time to put a question
WAITING_MAX: Final = 1000  # lines of a stream that its reader did not take; more are counted and dropped

Question = dict[str, Any]
Answer = Callable[[Question], Awaitable[Any]]
Say = Callable[[Any], None]
# Begins a stream: lines come by `say`; gives what ends it. Raises ValueError for a wrong question.
Stream = Callable[[Question, Say], Callable[[], None]]


class Control:
    """`answers` and `streams` by the word in `ask`; ValueError of theirs is told to the asker."""

    def __init__(self, path: Path, answers: dict[str, Answer], streams: dict[str, Stream]) -> None:
        self._path = path
        self._answers = answers
        self._streams = streams
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Listens; what a killed gateway left is replaced (the caller holds the folder's lock)."""
        self._path.unlink(missing_ok=True)
        listener = socket.socket(socket.AF_UNIX)
        listener.setblocking(False)
        mask = os.umask(0o177)  # for our user only, from the first moment
        try:
            with address_of(self._path) as name:
                listener.bind(name)
        finally:
            os.umask(mask)
        self._server = await asyncio.start_unix_server(self._serve, sock=listener, limit=QUESTION_BYTES_MAX)

    async def stop(self) -> None:
        """Ends every conversation."""
        if self._server is not None:
            self._server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._path.unlink(missing_ok=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        gone = (OSError, ValueError, TimeoutError, asyncio.CancelledError)  # who asked, or we stop
        try:
            with contextlib.suppress(*gone):
                if len(self._tasks) > ASKERS_MAX:
                    _put(writer, {"error": "too many are asking; try again"})
                else:
                    await self._converse(reader, writer)
                await writer.drain()
        finally:
            self._tasks.discard(task)
            writer.close()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        line = await asyncio.wait_for(reader.readline(), ASK_S)
        try:
            question = json.loads(line)
            word = question["ask"]
        except (ValueError, KeyError, TypeError):
            _put(writer, {"error": "a question is one JSON line with `ask`"})
            return
        try:
            if word in self._answers:
                _put(writer, {"answer": await self._answers[word](question)})
            elif word in self._streams:
                await self._stream(self._streams[word], question, reader, writer)
            else:
                _put(writer, {"error": f"this gateway does not know {word!r}: another version?"})
        except ValueError as error:
            _put(writer, {"error": str(error)})

    async def _stream(
        self, stream: Stream, question: Question, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """Until the reader goes away."""
        lines: asyncio.Queue[Any] = asyncio.Queue(WAITING_MAX)
        dropped = 0

        def say(line: Any) -> None:
            nonlocal dropped
            try:
                lines.put_nowait(line)
            except asyncio.QueueFull:
                dropped += 1

        end = stream(question, say)
        gone = asyncio.create_task(reader.read(1))
        try:
            while not gone.done():
                taking = asyncio.create_task(lines.get())
                await asyncio.wait([taking, gone], return_when=asyncio.FIRST_COMPLETED)
                if not taking.done():
                    taking.cancel()
                    return
                if dropped:
                    _put(writer, {"left_out": dropped})
                    dropped = 0
                _put(writer, {"line": taking.result()})
                await writer.drain()
        finally:
            end()
            gone.cancel()
            with contextlib.suppress(asyncio.CancelledError, OSError):
                await gone


def _put(writer: asyncio.StreamWriter, line: Any) -> None:
    writer.write(json.dumps(line, ensure_ascii=False).encode() + b"\n")
