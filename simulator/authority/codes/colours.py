"""The colour of a code: by violations and their handling, through a table of rules. The table is OURS.

The scheme says that colours follow violations and their handling, and that the holder is told; the criteria
were not found. The table here is the reference's example: blue none open, yellow open minor, red open serious
or any certificate ended.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from protocols.driver_code.content import Colour


class Severity(StrEnum):
    """How grave a violation is."""

    MINOR = "minor"
    SERIOUS = "serious"


@dataclass(frozen=True)
class Violation:
    """number: unique with the authority. words: for the holder. handled_s: from when it is settled."""

    number: str
    severity: Severity
    at_s: int
    words: str
    handled_s: int | None = None

    def open_at(self, second: int) -> bool:
        """Whether it had happened and was not handled."""
        return self.at_s <= second and (self.handled_s is None or second < self.handled_s)

    def handled(self, second: int) -> "Violation":
        """The same, settled at this second; an earlier settlement stays."""
        return replace(self, handled_s=second if self.handled_s is None else min(second, self.handled_s))


@dataclass(frozen=True)
class ColourRule:
    """colour when at least `open_count` violations of this severity are open."""

    colour: Colour
    severity: Severity
    open_count: int


@dataclass(frozen=True)
class Standing:
    """The colour and why: the words of what is open, worst first; empty for blue."""

    colour: Colour
    causes: tuple[str, ...]


RULES: Final = (  # the first that applies
    ColourRule(Colour.RED, Severity.SERIOUS, 1),
    ColourRule(Colour.YELLOW, Severity.MINOR, 1),
)
ENDED: Final = "a certificate has ended"


def standing_at(
    second: int, violations: Iterable[Violation], ends_s: int, rules: Sequence[ColourRule] = RULES
) -> Standing:
    """The colour at this second. ends_s: the earliest end of the certificates."""
    still_open = sorted((each for each in violations if each.open_at(second)), key=_worst_first)
    causes = tuple(each.words for each in still_open)
    if second >= ends_s:
        return Standing(Colour.RED, (ENDED, *causes))
    for rule in rules:
        if sum(each.severity is rule.severity for each in still_open) >= rule.open_count:
            return Standing(rule.colour, causes)
    return Standing(Colour.BLUE, causes)


def history(
    from_s: int,
    until_s: int,
    violations: Sequence[Violation],
    ends_s: int,
    rules: Sequence[ColourRule] = RULES,
) -> list[tuple[int, Standing]]:
    """(since when, what) for each change of colour or causes from from_s to before until_s."""
    moments = {from_s, ends_s}
    for each in violations:
        moments |= {each.at_s} | ({each.handled_s} if each.handled_s is not None else set())
    changes: list[tuple[int, Standing]] = []
    for moment in sorted(each for each in moments if from_s <= each < until_s):
        standing = standing_at(moment, violations, ends_s, rules)
        if not changes or changes[-1][1] != standing:
            changes.append((moment, standing))
    return changes


def _worst_first(violation: Violation) -> tuple[bool, int, str]:
    return violation.severity is not Severity.SERIOUS, violation.at_s, violation.number
