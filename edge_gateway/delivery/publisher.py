"""Delivery to every destination: a thread, a connection and a durable cursor for each."""

from collections.abc import Sequence
from typing import Any, Final

from .destination import COUNTS, Destination
from .ports import DeliveryConfig, JournalOfMany
from .settings import Settings, settings_of

_SUMS: Final = (*COUNTS, "in_flight", "depth", "depth_bytes", "ahead", "backlog", "filtered", "lost")


def destination_names(config: DeliveryConfig) -> tuple[str, ...]:
    """The names for the journal's cursors, which must be made with them."""
    return tuple(settings.name for settings in settings_of(config))


class Delivery:
    """Brings what the journal commits to the monitoring systems, and their confirmations back.

    The journal must know every destination by name. `start()` needs no broker to be there; `stop()` returns
    within seconds and loses nothing; the journal must be closed after it. Start it once.
    """

    def __init__(self, config: DeliveryConfig, journal: JournalOfMany) -> None:
        self._journal = journal
        settings: Sequence[Settings] = settings_of(config)
        self._destinations = [Destination(one, journal.destination(one.name)) for one in settings]

    def start(self) -> None:
        """Starts the threads."""
        for destination in self._destinations:
            destination.start()

    def stop(self) -> None:
        """Ends threads and connections, all of them at once."""
        for destination in self._destinations:
            destination.end()
        for destination in self._destinations:
            destination.stop()

    def stats(self) -> dict[str, Any]:
        """The figures of Destination.stats by name in `destinations`, and over all: sums; connected: all of
        them; cursor: the slowest; oldest_age_ms: the largest; last_error: the first there is."""
        each = {one.settings.name: one.stats() for one in self._destinations}
        figures = list(each.values())
        total: dict[str, Any] = {name: sum(one[name] for one in figures) for name in _SUMS}
        return total | {
            "connected": all(one["connected"] for one in figures),
            "cursor": self._journal.confirmed_sequence,
            "oldest_age_ms": max(one["oldest_age_ms"] for one in figures),
            "last_error": next((one["last_error"] for one in figures if one["last_error"]), ""),
            "destinations": each,
        }
