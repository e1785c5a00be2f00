"""Gives a function's names their slots anew: the first sixteen take one byte, the others two.

Names that are never wanted at the same time share a slot, as do the two sides of a copy; what is stored only
to be loaded at once is neither. Fewer slots are less heap for each call, too. A function with cells stays.
"""

from __future__ import annotations

from collections import Counter

from .flow import OF_CELLS, OF_SLOTS, wanted_behind
from .steps import LOAD_FAST, STORE_FAST, Function, Step


def settle(function: Function) -> None:
    """Changes the function."""
    if function.cells or any(step.op in OF_CELLS for step in function.steps):
        return
    while _drop_passing(function):
        pass
    slots = _coloured(function)
    before = _used(function)
    for step in function.steps:
        if step.op in OF_SLOTS:
            step.value = slots[step.value]
    function.state -= before - _used(function)
    _drop_pairs(function.steps, [at for at in _copies(function.steps) if _is_idle(function.steps, at)])


def _used(function: Function) -> int:
    return max([function.parameters, *[step.value + 1 for step in function.steps if step.op in OF_SLOTS]])


def _is_idle(steps: list[Step], at: int) -> bool:
    return steps[at].value == steps[at + 1].value


def _drop_passing(function: Function) -> bool:
    """`STORE x; LOAD x` where nobody else wants x."""
    behind = wanted_behind(function)
    steps = function.steps
    found = [
        at
        for at in range(len(steps) - 1)
        if steps[at].op == STORE_FAST
        and steps[at + 1].op == LOAD_FAST
        and _is_idle(steps, at)
        and not behind[at + 1] >> steps[at].value & 1
    ]
    return _drop_pairs(steps, found)


def _drop_pairs(steps: list[Step], found: list[int]) -> bool:
    """Takes out two steps each, unless the second is jumped to; gives whether anything went."""
    targets = {id(step.target) for step in steps}
    gone = [at for at in found if id(steps[at + 1]) not in targets and at + 2 < len(steps)]
    for at in reversed(gone):
        for step in steps:
            if step.target is steps[at]:
                step.target = steps[at + 2]
        del steps[at : at + 2]
    return bool(gone)


def _copies(steps: list[Step]) -> list[int]:
    return [
        at for at in range(len(steps) - 1) if steps[at].op == LOAD_FAST and steps[at + 1].op == STORE_FAST
    ]


def _conflicts(function: Function) -> dict[int, int]:
    """Slot → slots that hold a value while it is stored, one bit for each."""
    steps = function.steps
    behind = wanted_behind(function)
    found: dict[int, int] = {slot: 0 for slot in range(function.parameters)}

    def meet(slot: int, others: int) -> None:
        others &= ~(1 << slot)
        found[slot] = found.get(slot, 0) | others
        for other in _bits(others):
            found[other] = found.get(other, 0) | 1 << slot

    at_start = behind[0] | (1 << function.parameters) - 1
    if steps[0].op in OF_SLOTS:
        at_start |= 1 << steps[0].value
    for slot in _bits(at_start):  # parameters, and what may be read before it is stored
        meet(slot, at_start)
    for at, step in enumerate(steps):
        if step.op in OF_SLOTS:
            found.setdefault(step.value, 0)
        if step.op == STORE_FAST:
            live = behind[at]
            if at and steps[at - 1].op == LOAD_FAST:
                live &= ~(1 << steps[at - 1].value)  # a copy: both hold the same
            meet(step.value, live)
        elif step.op in OF_SLOTS and step.op != LOAD_FAST:
            meet(step.value, behind[at])
    return found


def _bits(mask: int) -> list[int]:
    return [at for at in range(mask.bit_length()) if mask >> at & 1]


def _coloured(function: Function) -> dict[int, int]:
    """Old slot → new slot; parameters keep theirs."""
    conflicts = _conflicts(function)
    owner = {slot: slot for slot in conflicts}  # slot → the one that it is joined with
    for at in _copies(function.steps):
        one, other = owner[function.steps[at].value], owner[function.steps[at + 1].value]
        if other < one:
            one, other = other, one
        if one != other and other >= function.parameters and not conflicts[one] >> other & 1:
            _join(conflicts, owner, one, other)
    uses = Counter(owner[step.value] for step in function.steps if step.op in OF_SLOTS)
    given = {slot: slot for slot in range(function.parameters)}
    for slot in sorted(set(owner.values()) - set(given), key=lambda slot: (-uses[slot], slot)):
        taken = {given[other] for other in _bits(conflicts[slot]) if other in given}
        given[slot] = next(free for free in range(len(conflicts) + 1) if free not in taken)
    return {slot: given[one] for slot, one in owner.items()}


def _join(conflicts: dict[int, int], owner: dict[int, int], one: int, other: int) -> None:
    conflicts[one] |= conflicts[other]
    for third in _bits(conflicts.pop(other)):
        conflicts[third] = conflicts[third] & ~(1 << other) | 1 << one
    for slot, its in owner.items():
        if its == other:
            owner[slot] = one
