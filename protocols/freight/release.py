"""What leaves: an allow-list per topic and purpose. What is not listed is dropped and counted.

A list maps field paths (lists without index: vehicleInfo.driver.driverName) to a rule of `masking`,
or to "hash:<item>" for the keyed hash. A list that names a field this file cannot handle is refused at once.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from .consent import Purpose
from .masking import RULES
from .pseudonyms import Pseudonyms

HASH: Final = "hash:"


class ReleaseError(ValueError):
    """No list for the topic and purpose, or a list with an unknown rule."""


@dataclass(frozen=True)
class AllowList:
    """topic, purpose, and field path → rule. Raises ReleaseError for a rule that is none."""

    topic: str
    purpose: Purpose
    fields: Mapping[str, str]

    def __post_init__(self) -> None:
        for path, rule in self.fields.items():
            if rule not in RULES and not (rule.startswith(HASH) and len(rule) > len(HASH)):
                raise ReleaseError(f"{self.topic}: {path}: there is no rule {rule!r}")


@dataclass
class Released:
    """document: what may leave. dropped: field path → how often it was left out."""

    document: dict[str, Any]
    dropped: Counter[str] = field(default_factory=Counter)


class Gate:
    """Holds the lists; counts over its life what it dropped, by topic and path.

    Raises ReleaseError when two lists are for the same topic and purpose.
    """

    def __init__(self, lists: tuple[AllowList, ...], pseudonyms: Pseudonyms | None = None) -> None:
        self._lists = {(each.topic, each.purpose): each for each in lists}
        if len(self._lists) != len(lists):
            raise ReleaseError("two lists for one topic and purpose")
        self._pseudonyms = pseudonyms
        self.dropped: Counter[tuple[str, str]] = Counter()

    def release(self, topic: str, purpose: Purpose, document: Mapping[str, Any], epoch: str = "") -> Released:
        """The document as it may leave; epoch: of the keyed hashes.

        Raises ReleaseError when no list allows this topic for this purpose: then nothing leaves.
        """
        allowed = self._lists.get((topic, purpose))
        if allowed is None:
            raise ReleaseError(f"{topic}: nothing may leave for {purpose.value}")
        passage = _Passage(allowed, self._pseudonyms, epoch)
        released = Released(passage.group(document, ""), passage.dropped)
        for path, count in released.dropped.items():
            self.dropped[topic, path] += count
        return released


class _Passage:
    """One document on its way through one list."""

    def __init__(self, allowed: AllowList, pseudonyms: Pseudonyms | None, epoch: str) -> None:
        self._fields = allowed.fields
        self._groups = {path[:i] for path in allowed.fields for i, c in enumerate(path) if c == "."}
        self._pseudonyms = pseudonyms
        self._epoch = epoch
        self.dropped: Counter[str] = Counter()

    def group(self, group: Mapping[str, Any], prefix: str) -> dict[str, Any]:
        """What may leave of a group. Goes no deeper than the list's paths do."""
        kept: dict[str, Any] = {}
        for name, value in group.items():
            path = prefix + name
            if path in self._groups and isinstance(value, Mapping):
                kept[name] = self.group(value, path + ".")
            elif path in self._groups and isinstance(value, list):
                kept[name] = self._members(value, path)
            elif path not in self._fields or isinstance(value, (Mapping, list)):
                self.dropped[path] += 1  # a group where a value is expected may hold anything: it stays here
            else:
                kept[name] = self._apply(self._fields[path], value)
        return kept

    def _members(self, value: list[Any], path: str) -> list[dict[str, Any]]:
        members = [each for each in value if isinstance(each, Mapping)]
        if len(members) < len(value):
            self.dropped[path] += len(value) - len(members)
        return [self.group(each, path + ".") for each in members]

    def _apply(self, rule: str, value: Any) -> Any:
        if value is None or rule == "clear":
            return value
        if not rule.startswith(HASH):
            return RULES[rule](str(value))
        if self._pseudonyms is None:
            raise ReleaseError(f"{rule}: there are no keys for hashes")
        return self._pseudonyms.of(self._epoch, rule.removeprefix(HASH), str(value))
