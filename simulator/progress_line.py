"""One live line while something runs: redrawn in place on a terminal, a line every few seconds when piped."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final

from rich.console import Console
from rich.live import Live
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

PLAIN_EVERY_S: Final = 5.0
_LOOK_S: Final = 0.25


@asynccontextmanager
async def live_line(console: Console, text: Callable[[], str]) -> AsyncIterator[None]:
    """Shows `text()` with the seconds before it until left. The last one stays out of a terminal's way."""
    begun = time.monotonic()

    def line() -> str:
        return f"{time.monotonic() - begun:6.1f} s  {text()}"

    showing = asyncio.create_task(
        _on_terminal(console, line) if console.is_terminal else _plain(console, line)
    )
    try:
        yield
    finally:
        showing.cancel()
        await asyncio.gather(showing, return_exceptions=True)


async def _on_terminal(console: Console, line: Callable[[], str]) -> None:
    with Live(console=console, transient=True, auto_refresh=False) as live:
        while True:
            live.update(Text(line(), no_wrap=True, overflow="ellipsis"), refresh=True)
            await asyncio.sleep(_LOOK_S)


async def _plain(console: Console, line: Callable[[], str]) -> None:
    while True:
        await asyncio.sleep(PLAIN_EVERY_S)
        console.print(line(), markup=False, highlight=False, soft_wrap=True)
