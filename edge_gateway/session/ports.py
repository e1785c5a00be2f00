"""What a session is given: the door it asks, what it may ask of the house, and its limits."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Literal, NamedTuple, Protocol

from protocols.jt808.body_encryption import PrivateKey, PublicKey
from protocols.jt808.quirks import Profile
from protocols.wire.reassembly import ASK_MS, ASKS, BYTES_MAX, IDLE_MS, SETS_PER_TERMINAL

from ..registry import Device

PACKAGES_TOTAL_BYTES: Final = 256 * 1024 * 1024  # of all sessions together


class Door(Protocol):
    """What the session asks of the registry at once."""

    def authenticate(self, identity: str, code: bytes, layout_2019: bool) -> int | None:
        """The edition to speak, or None for a wrong code."""


class KeyPair(NamedTuple):
    """Our RSA key for one terminal: what we tell it, and what we keep."""

    public: PublicKey
    private: PrivateKey


class Budget:
    """Bytes that all sessions together may hold of messages that are not whole yet."""

    __slots__ = ("bytes_max", "used")

    def __init__(self, bytes_max: int = PACKAGES_TOTAL_BYTES) -> None:
        self.bytes_max = bytes_max
        self.used = 0

    def has_room(self, more: int) -> bool:
        """Whether so many bytes more may be held."""
        return self.used + more <= self.bytes_max


@dataclass(frozen=True)
class PackageLimits:
    """Of one terminal's sub-packaged messages.

    sets: messages that are open at once. bytes_max: of all of them. idle_ms: without a new package; then a
    message is given up. ask_ms: of silence before the missing ones are asked for, `asks` times.
    answers: "whole" holds every answer back until the whole message is on the disk; "each" answers a package
    at once when the terminal repeats it, for terminals that send the next one only after an answer.
    """

    sets: int = SETS_PER_TERMINAL
    bytes_max: int = BYTES_MAX
    idle_ms: int = IDLE_MS
    ask_ms: int = ASK_MS
    asks: int = ASKS
    answers: Literal["whole", "each"] = "whole"


@dataclass(frozen=True)
class SessionLimits:
    """unauthenticated_ms: time to authenticate. idle_ms: silence that ends a session. strikes: refused
    messages before authentication, wrong codes and bad bodies included, that end it. registrations: 0x0100
    per connection; each may cost a disk write."""

    unauthenticated_ms: int = 30_000
    idle_ms: int = 300_000
    strikes: int = 5
    registrations: int = 10
    packages: PackageLimits = field(default_factory=PackageLimits)


def _no_profile(identity: str, device: Device | None) -> Profile | None:
    del identity, device
    return None


def _no_key(identity: str) -> KeyPair | None:
    del identity
    return None


def _utc_s() -> int:
    return int(time.time())


@dataclass(frozen=True)
class House:
    """What all sessions share.

    profile_of: the quirks of a terminal, by its identity and, while it registers, by what its 0x0100 says;
    otherwise by what it registered as. lenient: whether any profile forgives check bytes. key_of: our
    RSA key for a terminal. utc_s: the wall clock, for 0x8004. server_time: in which time that is answered.
    """

    profile_of: Callable[[str, Device | None], Profile | None] = _no_profile
    lenient: bool = False
    key_of: Callable[[str], KeyPair | None] = _no_key
    budget: Budget = field(default_factory=Budget)
    utc_s: Callable[[], int] = _utc_s
    server_time: Literal["utc", "beijing"] = "utc"
    media: bool = False  # whether somebody stores what 0x0801 brings; refused with 3 otherwise
