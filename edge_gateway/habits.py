"""The quirk profile of a terminal for those who read its records outside of a session: delivery and tools.

By the same rule as sessions: the one that is assigned to it, else that of the maker and model that it
registered as. Looks into the registry's file, never writes.
"""

import sqlite3
import time
from pathlib import Path
from typing import Final

from protocols.jt808.quirks import Profile
from protocols.wire.bcd import identity_of

from .registry import schema
from .session.profiles import Profiles, load_profiles

KEPT_S: Final = 60.0  # then the registry is asked again: a terminal may have been replaced by another model
KEPT_MAX: Final = 50_000  # terminals


class Habits:
    """`of(phone)`. To be used by one thread."""

    def __init__(self, profiles: Profiles, registry: Path) -> None:
        self._profiles = profiles
        self._registry = registry
        self._kept: dict[str, Profile | None] = {}
        self._kept_until_s = 0.0

    def of(self, phone: str) -> Profile | None:
        """That of the terminal; None for one that is as the standard says."""
        now_s = time.monotonic()
        if now_s >= self._kept_until_s or len(self._kept) >= KEPT_MAX:
            self._kept.clear()
            self._kept_until_s = now_s + KEPT_S
        if phone not in self._kept:
            self._kept[phone] = self._found(identity_of(phone))
        return self._kept[phone]

    def _found(self, identity: str) -> Profile | None:
        assigned = self._profiles.of(identity, None)
        if assigned is not None or not self._registry.is_file():
            return assigned
        connection = sqlite3.connect(f"file:{self._registry}?mode=ro", uri=True)
        try:
            terminal = schema.find(connection, identity)
        finally:
            connection.close()
        return self._profiles.of(identity, terminal.device) if terminal else None


def habits_of(profiles_dir: str, assigned: dict[str, str], registry: Path) -> Habits | None:
    """None where no profiles are configured. Raises ProfilesError."""
    if not profiles_dir:
        return None
    return Habits(load_profiles(Path(profiles_dir), assigned), registry)
