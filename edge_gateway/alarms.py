"""Whether a process follows its journal for safety alarms, and the follower that it makes for that."""

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Any

from protocols.monitoring.json_form import as_the_standard_says

from .config import Config
from .habits import habits_of
from .journal import Journal
from .media.alarms import CURSOR, Alarm
from .media.follower import AlarmFollower

# Has the files of an alarm ordered: (terminal, edition, identifier). Raises OSError to be asked again.
Give = Callable[[str, int, dict[str, Any]], Awaitable[None]]


def alarm_cursors(config: Config, is_worker: bool) -> tuple[str, ...]:
    """The cursor in the journal, where files of alarms are ordered: by this process, or by the supervisor
    of a worker."""
    media = config.media
    return (CURSOR,) if media.enabled and media.order_files and (media.attachments or is_worker) else ()


def follower_of(config: Config, journal: Journal, registry: Path, give: Give) -> AlarmFollower:
    """To be made in the loop in which `give` runs."""
    loop, sessions = asyncio.get_running_loop(), config.sessions

    async def given(alarm: Alarm) -> None:
        await give(alarm.identity, alarm.edition, alarm.identifier)

    def order(alarm: Alarm) -> "Future[None]":
        return asyncio.run_coroutine_threadsafe(given(alarm), loop)

    habits = habits_of(sessions.profiles_dir, dict(sessions.terminal_profiles), registry)
    return AlarmFollower(journal, order, habits.of if habits else as_the_standard_says)
