"""Leaves out what a function says twice: where two ways end alike, one jumps into the other.

MicroPython compares places to know whether an exception happened in a handler (`handler <= ip`), so a step
only ever takes the place of one that lies between the same two handlers.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from .flow import handlers_of, reachable
from .steps import (
    JUMP,
    POP_JUMP_IF_FALSE,
    POP_JUMP_IF_TRUE,
    RAISE_LAST,
    RAISE_OBJ,
    RETURN_VALUE,
    SETUPS,
    SIGNED,
    Function,
    Step,
    places,
)

_INVERSE = {POP_JUMP_IF_TRUE: POP_JUMP_IF_FALSE, POP_JUMP_IF_FALSE: POP_JUMP_IF_TRUE}
_LEAVES = {RETURN_VALUE, RAISE_LAST, RAISE_OBJ}


def shorten(function: Function) -> None:
    """Changes the function until nothing is saved any more."""
    steps = function.steps
    _tidy(steps)
    while _merge(steps):
        _tidy(steps)


def _tidy(steps: list[Step]) -> None:
    while _thread(steps) or _drop(steps) or _invert(steps):
        pass


def _thread(steps: list[Step]) -> bool:
    """A jump to a jump goes where that goes; one to a return returns."""
    number = {id(step): at for at, step in enumerate(steps)}
    rooms = _rooms(steps)
    changed = False
    for at, step in enumerate(steps):
        target = step.target
        if target is None or step.op in SETUPS:
            continue
        onward = target.target
        if target.op == JUMP and onward is not None and onward is not target:
            if step.op in SIGNED or number[id(onward)] > at:
                step.target = onward
                changed = True
        elif step.op == JUMP and target.op == RETURN_VALUE and rooms[at] == rooms[number[id(target)]]:
            step.op, step.target = RETURN_VALUE, None
            changed = True
    return changed


def _drop(steps: list[Step]) -> bool:
    """What nobody comes to, and jumps to where one comes to anyway."""
    found = reachable(steps)
    kept = [step for step in steps if id(step) in found]
    for at in range(len(kept) - 2, -1, -1):
        if kept[at].op == JUMP and kept[at].target is kept[at + 1]:
            _redirect(kept, {id(kept[at]): kept[at + 1]})
            del kept[at]
    changed = len(kept) < len(steps)
    steps[:] = kept
    return changed


def _invert(steps: list[Step]) -> bool:
    """A jump over a jump is a jump the other way."""
    targets = {id(step.target) for step in steps}
    for at in range(len(steps) - 2):
        step, jump = steps[at], steps[at + 1]
        if (
            step.op in _INVERSE
            and jump.op == JUMP
            and step.target is steps[at + 2]
            and id(jump) not in targets
        ):
            step.op, step.target = _INVERSE[step.op], jump.target
            del steps[at + 1]
            return True
    return False


def _redirect(steps: list[Step], places_of: dict[int, Step]) -> None:
    for step in steps:
        if step.target is not None:
            step.target = places_of.get(id(step.target), step.target)


def _rooms(steps: list[Step]) -> list[int]:
    """For each step how many handlers begin before it or with it."""
    handlers = {id(step) for step in handlers_of(steps)}
    rooms, count = [], 0
    for step in steps:
        count += id(step) in handlers
        rooms.append(count)
    return rooms


@dataclass
class _Tail:
    """The steps first…last, which those from `other` on do, too; saved: bytes."""

    first: int
    last: int
    other: int
    saved: int


def _merge(steps: list[Step]) -> bool:
    """Puts the tail away that saves most; False when none saves anything."""
    best = max(_tails(steps), key=lambda tail: tail.saved, default=None)
    if best is None or best.saved <= 0:
        return False
    count = best.last - best.first + 1
    ends = steps[best.last].op == JUMP
    others = [steps[best.other + at] for at in range(count - ends)]
    if ends:
        target = steps[best.last].target
        assert target is not None
        others.append(target)
    gone = steps[best.first : best.last + 1]
    jump = Step(JUMP, target=others[0])
    steps[best.first : best.last + 1] = [jump]
    # Who jumped to the first one jumps to where it is done now: the new jump may vanish into a condition.
    _redirect(steps, {id(old): new for old, new in zip(gone, others, strict=True)})
    return True


def _tails(steps: list[Step]) -> Iterator[_Tail]:
    place, sizes = places(steps)
    rooms = _rooms(steps)
    number = {id(step): at for at, step in enumerate(steps)}
    jumpers: dict[int, list[int]] = {}
    for at, step in enumerate(steps):
        if step.target is not None:
            jumpers.setdefault(id(step.target), []).append(at)
    groups: dict[tuple[int, int], list[int]] = {}
    for at, step in enumerate(steps):
        if step.op in _LEAVES or step.op == JUMP:
            groups.setdefault((step.op, id(step.target)), []).append(at)
    for (op, target), ends in groups.items():
        # Where one jumps to is come to from above, too: that way ends one step before.
        above = [number[target]] if op == JUMP else []
        for last in ends:
            for end in [*ends, *above]:
                tail = _common(steps, last, end, rooms)
                if tail is not None and _may_go(steps, tail, jumpers):
                    tail.saved -= _price(steps, tail, place)
                    tail.saved += sum(sizes[id(step)] for step in steps[tail.first : tail.last + 1])
                    yield tail


def _common(steps: list[Step], last: int, end: int, rooms: list[int]) -> _Tail | None:
    """The steps up to `last` that are alike those up to `end`."""
    if last == end or rooms[last] != rooms[end]:
        return None
    count = 0
    limit = abs(last - end)
    while count + 1 < limit:
        one, other = last - count - 1, end - count - 1
        if one < 0 or other < 0 or steps[one].ends or steps[other].ends:
            break
        if not steps[one].same(steps[other]) or rooms[one] != rooms[last] or rooms[other] != rooms[last]:
            break
        count += 1
    if steps[last].op == JUMP and not count:
        return None
    return _Tail(last - count, last, end - count, 0)


def _may_go(steps: list[Step], tail: _Tail, jumpers: dict[int, list[int]]) -> bool:
    """Whether all who jump into the tail can jump to the other one."""
    for at in range(tail.first, tail.last + 1):
        other = tail.other + at - tail.first
        for jumper in jumpers.get(id(steps[at]), ()):
            if steps[jumper].op in SETUPS or (steps[jumper].op not in SIGNED and other <= jumper):
                return False
    return True


def _price(steps: list[Step], tail: _Tail, place: dict[int, int]) -> int:
    """Bytes of the jump that takes the place of the tail."""
    if tail.first and steps[tail.first - 1].ends:
        return 0
    distance = place[id(steps[tail.other])] - place[id(steps[tail.first])] - 2
    short = -0x40 <= distance < 0x40
    before = steps[tail.first - 1] if tail.first else None
    behind = steps[tail.last + 1] if tail.last + 1 < len(steps) else None
    if before is not None and before.op in _INVERSE and before.target is behind:
        return 0 if short else 1  # the condition jumps there itself
    return 2 if short else 3
