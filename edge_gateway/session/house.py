"""Makes the house that all sessions share out of the configuration and the registry."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from protocols.jt808.quirks import Profile

from ..registry import Device, Registry
from .ports import Budget, House, PackageLimits
from .profiles import load_keys, load_profiles

if TYPE_CHECKING:
    from ..config import SessionsSection


def house_of(section: SessionsSection, registry: Registry, media: bool = False) -> House:
    """`media`: whether somebody stores what 0x0801 brings. Raises ProfilesError."""
    profiles = load_profiles(_folder(section.profiles_dir), section.terminal_profiles)

    def profile_of(identity: str, device: Device | None) -> Profile | None:
        if device is None:
            terminal = registry.get(identity)
            device = terminal.device if terminal else None
        return profiles.of(identity, device)

    return House(
        profile_of=profile_of,
        lenient=profiles.lenient,
        key_of=load_keys(_folder(section.rsa_keys_dir)),
        budget=Budget(section.packages_total_bytes),
        server_time=section.server_time,
        media=media,
    )


def package_limits_of(section: SessionsSection) -> PackageLimits:
    """The bounds of sub-packaged messages."""
    return PackageLimits(
        section.packages_open,
        section.packages_bytes,
        int(section.packages_idle_s * 1000),
        int(section.packages_ask_s * 1000),
        section.packages_asks,
        section.package_answers,
    )


def _folder(text: str) -> Path | None:
    return Path(text) if text else None
