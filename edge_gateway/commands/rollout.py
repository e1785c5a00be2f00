"""A roll-out of an upgrade in rings: a few terminals first, then more, and no more when too many fail. Pure.

A ring begins when every terminal of the one before is done, well or badly.
"""

from dataclasses import dataclass, field
from typing import Any, Final

from .command import CommandError

RUNNING: Final = "running"
STOPPED: Final = "stopped"  # by failures or by somebody
FINISHED: Final = "finished"
TERMINALS_MAX: Final = 20_000
RINGS_MAX: Final = 20


@dataclass
class Rollout:
    """ends: how many terminals are in reach of each ring, ascending; the last is all of them. max_failures:
    more than so many in all stop it. well, badly: identities that are done."""

    number: int
    terminals: list[str]
    ends: list[int]
    max_failures: int
    ring: int = 0
    state: str = RUNNING
    reason: str = ""
    well: set[str] = field(default_factory=set)
    badly: dict[str, str] = field(default_factory=dict)
    asked: set[str] = field(default_factory=set)  # terminals whose command exists

    def due(self) -> list[str]:
        """Terminals in reach that have no command yet."""
        if self.state != RUNNING:
            return []
        reach = self.terminals[: self.ends[self.ring]]
        return [terminal for terminal in reach if terminal not in self.asked]

    def outcome(self, terminal: str, problem: str) -> bool:
        """A terminal is done, without a problem ("") or with one. Gives whether ring or state changed."""
        if terminal in self.well or terminal in self.badly or self.state != RUNNING:
            return False
        if problem:
            self.badly[terminal] = problem
        else:
            self.well.add(terminal)
        if len(self.badly) > self.max_failures:
            self.stop(
                f"{len(self.badly)} failed, {self.max_failures} allowed; the last: {terminal}: {problem}"
            )
            return True
        if len(self.well) + len(self.badly) < self.ends[self.ring]:
            return False
        if self.ring == len(self.ends) - 1:
            self.state = FINISHED
        else:
            self.ring += 1
        return True

    def stop(self, reason: str) -> None:
        """No further terminal is asked."""
        if self.state == RUNNING:
            self.state, self.reason = STOPPED, reason

    def as_json(self) -> dict[str, Any]:
        """Where it stands."""
        return {
            "id": self.number,
            "state": self.state,
            "reason": self.reason,
            "ring": self.ring + 1,
            "rings": self.ends,
            "terminals": len(self.terminals),
            "asked": len(self.asked),
            "well": len(self.well),
            "failed": self.badly,
            "max_failures": self.max_failures,
        }


def ring_ends(rings: list[float | int], terminals: int) -> list[int]:
    """Rings as numbers of terminals (whole, from 1) or shares (0 < x < 1) of all, made ascending counts; the
    last is always all. Raises CommandError."""
    if not 1 <= terminals <= TERMINALS_MAX:
        raise CommandError(f"{terminals} terminals; 1 to {TERMINALS_MAX} are taken", "terminals")
    if len(rings) > RINGS_MAX:
        raise CommandError(f"{len(rings)} rings; {RINGS_MAX} at most", "rings")
    ends: list[int] = []
    for position, ring in enumerate(rings):
        if ring <= 0 or (ring > 1 and ring != int(ring)):
            raise CommandError(
                "is a whole number of terminals or a share between 0 and 1", f"rings.{position}"
            )
        end = max(1, int(terminals * ring)) if ring < 1 else int(ring)
        if end < terminals and (not ends or end > ends[-1]):
            ends.append(end)
    return [*ends, terminals]
