"""The name of freight's cursor in the journal, which must be made with it."""

from typing import Final, Protocol

CURSOR: Final = "freight"


class _Section(Protocol):
    @property
    def enabled(self) -> bool:
        """Whether freight runs."""


class _Config(Protocol):
    @property
    def freight(self) -> _Section:
        """[freight]"""


def cursor_names(config: _Config) -> tuple[str, ...]:
    """The cursors that freight needs in the journal."""
    return (CURSOR,) if config.freight.enabled else ()
