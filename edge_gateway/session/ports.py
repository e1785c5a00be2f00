"""What a session is given: the door it asks, and its limits."""

from dataclasses import dataclass
from typing import Protocol


class Door(Protocol):
    """What the session asks of the registry at once."""

    def authenticate(self, identity: str, code: bytes, layout_2019: bool) -> int | None:
        """The edition to speak, or None for a wrong code."""


@dataclass(frozen=True)
class SessionLimits:
    """unauthenticated_ms: time to authenticate. idle_ms: silence that ends a session. strikes: refused
    messages before authentication, wrong codes and bad bodies included, that end it. registrations: 0x0100
    per connection; each may cost a disk write."""

    unauthenticated_ms: int = 30_000
    idle_ms: int = 300_000
    strikes: int = 5
    registrations: int = 10
