"""Runs the work of a command so that Ctrl-C ends it cleanly, whatever it has started."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class Interrupted(Exception):
    """A signal ended the work, and the work has cleaned up."""


def run_work(work: Coroutine[Any, Any, T]) -> T:
    """Runs to the end. The first signal cancels `work`, which cleans up; then this raises Interrupted."""
    try:
        return asyncio.run(_until_signal(work))
    except asyncio.CancelledError:
        raise Interrupted from None


async def _until_signal(work: Coroutine[Any, Any, T]) -> T:
    task = asyncio.ensure_future(work)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, _cancel_once, task)
    return await task


def _cancel_once(task: asyncio.Future[Any]) -> None:
    """A second Ctrl-C must not interrupt the cleaning up."""
    if isinstance(task, asyncio.Task) and not task.cancelling():
        task.cancel()
