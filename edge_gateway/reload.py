"""A new configuration for a gateway that runs: what is taken over at once, and what waits for a restart.

Each part of a process says which keys it can take and how. A file that a key names, such as a certificate,
is compared by its content, so that a renewed one is taken although its key did not change. Nothing is half
taken: a part that cannot use what is new leaves its keys as they were, says why, and is asked again later.
"""

import logging
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import Any, Final, NamedTuple

from .config import Config, ConfigError, Section
from .log import event

# Keys that a process with terminals takes while it runs, by what takes them. "x." is every key of a section.
LOG: Final = ("log.",)
ADMISSION: Final = ("registration.mode",)
PROFILES: Final = ("sessions.profiles_dir", "sessions.terminal_profiles")
HOUSE: Final = (*PROFILES, "sessions.rsa_keys_dir", "sessions.server_time")
LIMITS: Final = (
    "server.idle_timeout_s", "server.unauthenticated_timeout_s", "server.write_stall_timeout_s",
    "server.strikes", "server.max_accepts_per_s", "server.max_bytes_per_s", "server.proxy_from",
    "sessions.packages_open", "sessions.packages_bytes", "sessions.packages_idle_s",
    "sessions.packages_ask_s", "sessions.packages_asks", "sessions.package_answers",
)  # fmt: skip
CERTIFICATE: Final = ("tls.certificate_file", "tls.key_file")
QUOTA: Final = ("media.max_bytes", "media.max_files", "media.when_full")
BROKERS: Final = ("mqtt.", "batch.", "delivery.", "destination")
OF_TERMINALS: Final = (*LOG, *ADMISSION, *HOUSE, *LIMITS, *CERTIFICATE, *QUOTA, *BROKERS)
_log: Final = logging.getLogger(__name__)
_FOLDERS: Final = ("sessions.profiles_dir", "sessions.rsa_keys_dir")


class NeedsRestartError(Exception):
    """A part could take these keys, but not this change of them."""


class Part(NamedTuple):
    """take: makes the configuration's values of `keys` be in force. Raises NeedsRestartError, or OSError and
    ValueError that say what cannot be used."""

    keys: tuple[str, ...]
    take: Callable[[Config], Awaitable[None]]

    def has(self, key: str) -> bool:
        """Whether it takes this key."""
        return key in self.keys or f"{key.partition('.')[0]}." in self.keys


class Outcome(NamedTuple):
    """taken: keys that changed and are in force. restart: keys that changed and wait for one. problems: why
    others were left as they were."""

    taken: list[str]
    restart: list[str]
    problems: list[str]


def read_anew(read: Callable[[], Config]) -> Config:
    """What `read` gives. Raises ValueError with every problem of the file."""
    try:
        return read()
    except ConfigError as error:
        raise ValueError("; ".join(error.problems)) from error


def tell_of(outcome: Outcome) -> None:
    """To the log."""
    for problem in outcome.problems:
        _log.error("left as it was: %s", problem)
    taken, waiting = (", ".join(keys) or "nothing" for keys in (outcome.taken, outcome.restart))
    event(_log, logging.INFO, "configuration reloaded", taken=taken, needs_a_restart=waiting)


class Reloader:
    """`config`: what is in force now. `await take(new)` brings it nearer to `new`; one at a time."""

    def __init__(self, config: Config, parts: Sequence[Part]) -> None:
        self.config = config
        self._parts = parts
        self._values = dict(_values_of(config))

    async def take(self, new: Config) -> Outcome:
        """Asks each part that has a key which changed, once."""
        values = dict(_values_of(new))
        changed = sorted(
            key for key in values.keys() | self._values.keys() if values.get(key) != self._values.get(key)
        )
        asked = [part for part in self._parts if any(part.has(key) for key in changed)]
        covered = [key for key in changed if any(part.has(key) for part in asked)]
        mixed = merged(self.config, new, covered)
        left: dict[Part, bool] = {}  # parts that took nothing → whether a restart would help
        problems = []
        for part in asked:
            try:
                await part.take(mixed)
            except NeedsRestartError:
                left[part] = True
            except (OSError, ValueError) as error:
                left[part] = False
                problems.append(str(error))
        taken = [key for key in covered if not any(part.has(key) for part in left)]
        waiting = [
            key
            for key in changed
            if key not in covered or any(part.has(key) and helps for part, helps in left.items())
        ]
        self.config = merged(self.config, new, taken)
        self._values |= {key: values.get(key) for key in taken}
        return Outcome(taken, waiting, problems)


def _values_of(config: Config) -> Iterator[tuple[str, object]]:
    """Each key and its value; with the content of the files and folders that it names."""
    for name, held in config:
        sections = [held] if isinstance(held, Section) else held
        if isinstance(held, Section):
            for key, value in held:
                yield f"{name}.{key}", (value, _contents(f"{name}.{key}", held, (key,)))
        else:  # [[destination]]: together they are one key
            keys = type(sections[0]).model_fields if sections else ()
            yield name, (held, [_contents(name, each, keys) for each in sections])


def _contents(path: str, section: Section, keys: Iterable[str]) -> tuple[bytes, ...]:
    """A digest of every file that these keys of a section name."""
    found = []
    for key in keys:
        value, extra = getattr(section, key), type(section).model_fields[key].json_schema_extra
        if not isinstance(value, str) or not value:
            continue
        if path in _FOLDERS:
            found += [_digest(each) for each in sorted(Path(value).glob("*"))]
        elif isinstance(extra, dict) and extra.get("file"):
            found.append(_digest(Path(value)))
    return tuple(found)


def _digest(path: Path) -> bytes:
    try:
        return blake2b(path.name.encode() + b"\0" + path.read_bytes(), digest_size=16).digest()
    except OSError:
        return b""  # a folder in the folder, or it went away just now


def merged(old: Config, new: Config, keys: Iterable[str]) -> Config:
    """`old` with these keys as in `new`; "x." is all of a section."""
    sections: dict[str, dict[str, Any]] = {}
    whole: dict[str, Any] = {}
    for key in keys:
        name, _, field = key.partition(".")
        if field:
            sections.setdefault(name, {})[field] = getattr(getattr(new, name), field)
        else:
            whole[name] = getattr(new, name)
    whole |= {name: getattr(old, name).model_copy(update=values) for name, values in sections.items()}
    return old.model_copy(update=whole)
