"""Delivery to every destination: a thread, a connection and a durable cursor for each."""

from collections.abc import Sequence
from typing import Any, Final

from .destination import COUNTS, Destination
from .ports import DeliveryConfig, JournalOfMany
from .settings import Settings, settings_of

SINCE_THE_START: Final = (*COUNTS, "filtered", "dropped_fields")
_LEVELS: Final = ("in_flight", "depth", "depth_bytes", "ahead", "backlog", "lost")
_SUMS: Final = (*SINCE_THE_START, *_LEVELS)
# Of a destination that has not begun.
NO_FIGURES: Final = dict.fromkeys((*_SUMS, "cursor", "oldest_age_ms"), 0) | {
    "connected": False,
    "last_error": "",
}


def destination_names(config: DeliveryConfig) -> tuple[str, ...]:
    """The names for the journal's cursors, which must be made with them."""
    return tuple(settings.name for settings in settings_of(config))


class Delivery:
    """Brings what the journal commits to the monitoring systems, and their confirmations back.

    The journal must know every destination by name. `start()` needs no broker to be there; `stop()` returns
    within seconds and loses nothing; the journal must be closed after it. Start it once.
    """

    def __init__(self, settings: Sequence[Settings], journal: JournalOfMany) -> None:
        self._journal = journal
        self._destinations = [Destination(one, journal.destination(one.name)) for one in settings]

    def start(self) -> None:
        """Starts the threads."""
        for destination in self._destinations:
            destination.start()

    def give_way(self, rate: int) -> None:
        """As Destination.give_way, for each of them."""
        for destination in self._destinations:
            destination.give_way(rate)

    def stop(self) -> None:
        """Ends threads and connections, all of them at once."""
        for destination in self._destinations:
            destination.end()
        for destination in self._destinations:
            destination.stop()

    def dead(self) -> list[str]:
        """Destinations that nobody brings anything to any longer, in words."""
        names = [one.settings.name or "default" for one in self._destinations if not one.running]
        return [f"delivery to {name} ended; see the log" for name in names]

    def stats(self) -> dict[str, Any]:
        """What `summed` makes of the figures of Destination.stats."""
        each = {one.settings.name: one.stats() for one in self._destinations}
        return summed(each, self._journal.confirmed_sequence)


def summed(each: dict[str, dict[str, Any]], cursor: int) -> dict[str, Any]:
    """The figures of each destination by name in `destinations`, and over all: sums; connected: all of them;
    cursor: the slowest, as given; oldest_age_ms: the largest; last_error: the first there is."""
    figures = list(each.values())
    total: dict[str, Any] = {name: sum(one[name] for one in figures) for name in _SUMS}
    return total | {
        "connected": all(one["connected"] for one in figures),
        "cursor": cursor,
        "oldest_age_ms": max(one["oldest_age_ms"] for one in figures),
        "last_error": next((one["last_error"] for one in figures if one["last_error"]), ""),
        "destinations": each,
    }
