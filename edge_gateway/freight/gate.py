"""The gate at trip start: what a verdict means for a trip, and what the company may set aside. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from protocols.freight.capacity import NOTES, Answer, Code, Reason, Verdict

DRIVER_TEXT_REASONS: Final = 3  # on a screen of a few lines; the API has all of them


class Moment(StrEnum):
    """When the gate looks."""

    DISPATCH = "dispatch"
    CARD = "card"  # 0x0702, card in
    LOADING = "loading"  # 0x0701, loaded
    DEPARTURE = "departure"  # the first position that moves


class Outcome(StrEnum):
    """PASSED: nothing speaks against it. WARNED: unverified, and that does not stop. OVERRIDDEN: by the
    company."""

    PASSED = "passed"
    WARNED = "warned"
    OVERRIDDEN = "overridden"
    STOPPED = "stopped"


@dataclass(frozen=True)
class Policy:
    """moments: when the gate looks at all. overridable: codes that the company may set aside.
    stop_unverified: whether what cannot be verified stops a trip."""

    moments: frozenset[Moment] = frozenset(Moment)
    overridable: frozenset[Code] = frozenset()
    stop_unverified: bool = False


def blocking(verdict: Verdict) -> tuple[Reason, ...]:
    """The reasons that count, without notes."""
    return tuple(each for each in verdict.reasons if each.code not in NOTES)


def decide(verdict: Verdict, policy: Policy, overridden: Iterable[str] = ()) -> Outcome:
    """overridden: codes that the company set aside for this trip; only those that the policy lets it
    count."""
    against = blocking(verdict)
    known_to_be_wrong = [each for each in against if each.code not in _DOUBTS]
    aside = {Code(each) for each in overridden} & policy.overridable
    left = [each for each in known_to_be_wrong if each.code not in aside]
    # A red code or an ended paper stops a trip, however old the snapshot that says so: it may have been
    # settled since, but nobody here knows.
    if left:
        return Outcome.STOPPED
    if verdict.answer is Answer.UNVERIFIED and policy.stop_unverified:
        return Outcome.STOPPED
    if known_to_be_wrong:
        return Outcome.OVERRIDDEN
    return Outcome.WARNED if verdict.answer is Answer.UNVERIFIED else Outcome.PASSED


def refused_overrides(verdict: Verdict, policy: Policy) -> list[Reason]:
    """What the company may not set aside: empty when an override would let the trip pass."""
    return [
        each for each in blocking(verdict) if each.code not in policy.overridable and each.code not in _DOUBTS
    ]


def driver_text(verdict: Verdict, number: str) -> str:
    """What the driver is told; no number of a person or paper."""
    said = [
        f"{_WORDS.get(each.subject.partition('.')[0], each.subject)}:{each.words}"
        for each in blocking(verdict)
    ]
    more = "…" if len(said) > DRIVER_TEXT_REASONS else ""
    which = f"运单{number}" if number else "本车"
    return f"【停运】{which}核验不通过。" + ";".join(said[:DRIVER_TEXT_REASONS]) + more


_DOUBTS: Final = frozenset({Code.NO_SNAPSHOT, Code.STALE, Code.NOT_YET})
_WORDS: Final = {
    "driver": "驾驶员",
    "vehicle": "车辆",
    "company": "企业",
    "cargo": "货物",
    "snapshot": "核验数据",
    "route_sheet": "电子路单",
}
