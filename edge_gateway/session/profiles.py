"""Which quirk profile a terminal is treated by, and which RSA key is ours for it: read once, from folders.

The only file of this room that reads files; it does so before anybody connects.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from protocols.jt808.quirks import ChecksumLeniency, Profile, ProfileError, load_profile
from protocols.jt808.rsa_keys import load_key
from protocols.wire.errors import LocalProtocolError

from ..registry import Device
from .ports import KeyPair

PROFILE_SUFFIX = ".toml"
KEY_SUFFIX = ".pem"
ANY_TERMINAL = "default"  # the key file for whoever has none of its own
_CHARSET = "gb18030"


class ProfilesError(Exception):
    """A folder cannot be used. `problems`: one line each, beginning with the key or the file."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class Profiles:
    """The profiles of a folder by file name, the terminals they are assigned to, and makers and models.

    A terminal that is assigned one has that; else one of the maker and model that it registered with.
    """

    def __init__(
        self, known: Mapping[str, Profile] | None = None, assigned: Mapping[str, str] | None = None
    ) -> None:
        """`known`: by name. `assigned`: terminal identity → name. Raises ProfilesError."""
        known = known or {}
        self._assigned = {}
        self._by_model: dict[tuple[str, str], Profile] = {}
        problems = []
        for name, profile in sorted(known.items()):
            model = (profile.maker.casefold(), profile.model.casefold())
            if model in self._by_model:
                problems.append(f"{name}{PROFILE_SUFFIX}: another profile is of the same maker and model")
            self._by_model[model] = profile
        for identity, name in (assigned or {}).items():
            if name not in known:
                there = ", ".join(sorted(known)) or "none"
                problems.append(
                    f"sessions.terminal_profiles.{identity}: no profile {name!r}; there are: {there}"
                )
            else:
                self._assigned[identity.lstrip("0")] = known[name]
        if problems:
            raise ProfilesError(problems)

    @property
    def lenient(self) -> bool:
        """Whether any of them forgives check bytes."""
        used = [*self._by_model.values(), *self._assigned.values()]
        return any(profile.checksum != ChecksumLeniency() for profile in used)

    def of(self, identity: str, device: Device | None) -> Profile | None:
        """That of a terminal; `device`: what it registered or registers as, where that is known."""
        assigned = self._assigned.get(identity)
        if assigned is not None or device is None:
            return assigned
        return self._by_model.get((_text(device.maker), _text(device.model)))


def load_profiles(folder: Path | None, assigned: Mapping[str, str]) -> Profiles:
    """Every profile of the folder, checked. Raises ProfilesError with every problem that was found."""
    known, problems = {}, []
    for path in _files(folder, PROFILE_SUFFIX, "sessions.profiles_dir"):
        try:
            known[path.stem] = load_profile(path)
        except ProfileError as error:
            problems += [f"{path}: {problem}" for problem in error.problems]
    if problems:
        raise ProfilesError(problems)
    return Profiles(known, assigned)


def load_keys(folder: Path | None) -> Callable[[str], KeyPair | None]:
    """What gives our key for an identity: IDENTITY.pem, else default.pem. Raises ProfilesError."""
    pairs, problems = {}, []
    for path in _files(folder, KEY_SUFFIX, "sessions.rsa_keys_dir"):
        try:
            private, public = load_key(path)
        except LocalProtocolError as error:
            problems.append(str(error))
            continue
        if private is None:
            problems.append(f"{path}: a private key is wanted")
        else:
            pairs[path.stem.lstrip("0")] = KeyPair(public, private)
    if problems:
        raise ProfilesError(problems)
    return lambda identity: pairs.get(identity) or pairs.get(ANY_TERMINAL)


def _files(folder: Path | None, suffix: str, key: str) -> Iterable[Path]:
    if folder is None:
        return []
    if not folder.is_dir():
        raise ProfilesError([f"{key}: there is no folder {folder}"])
    return sorted(folder.glob(f"*{suffix}"))


def _text(raw: bytes) -> str:
    return raw.decode(_CHARSET, "replace").strip().casefold()
