"""Which step can follow which, and which slots are still wanted behind a step."""

from __future__ import annotations

from .steps import (
    DELETE_DEREF,
    DELETE_FAST,
    END_FINALLY,
    LOAD_DEREF,
    LOAD_FAST,
    SETUPS,
    STORE_DEREF,
    STORE_FAST,
    UNWIND_JUMP,
    Function,
    Step,
)

OF_CELLS = {LOAD_DEREF, STORE_DEREF, DELETE_DEREF}
OF_SLOTS = {LOAD_FAST, STORE_FAST, DELETE_FAST}


def handlers_of(steps: list[Step]) -> list[Step]:
    """Where exceptions go, in any order."""
    return [step.target for step in steps if step.op in SETUPS and step.target is not None]


def successors(steps: list[Step]) -> list[list[int]]:
    """Numbers of the steps that can follow each.

    An exception may go from every step to every handler; a jump out of handlers runs them first, and goes on
    where any of them ends.
    """
    number = {id(step): at for at, step in enumerate(steps)}
    onward = [number[id(step.target)] for step in steps if step.op == UNWIND_JUMP]
    handlers = [number[id(step)] for step in handlers_of(steps)]
    found = []
    for at, step in enumerate(steps):
        following = [] if step.ends or at + 1 == len(steps) else [at + 1]
        if step.target is not None:
            following.append(number[id(step.target)])
        if step.op == END_FINALLY:
            following += onward
        found.append(following + handlers)
    return found


def wanted_behind(function: Function) -> list[int]:
    """For each step the slots whose values are read behind it before they are stored, one bit for each."""
    steps = function.steps
    after = successors(steps)
    before = [0] * (len(steps) + 1)
    behind = [0] * len(steps)
    changed = True
    while changed:
        changed = False
        for at in range(len(steps) - 1, -1, -1):
            live = 0
            for following in after[at]:
                live |= before[following]
            behind[at] = live
            step = steps[at]
            if step.op == STORE_FAST:
                live &= ~(1 << step.value)
            elif step.op in (LOAD_FAST, DELETE_FAST):
                live |= 1 << step.value
            if live != before[at]:
                before[at] = live
                changed = True
    return behind


def reachable(steps: list[Step]) -> set[int]:
    """Ids of the steps that can be come to from the first."""
    number = {id(step): at for at, step in enumerate(steps)}
    found: set[int] = set()
    waiting = [0]
    while waiting:
        at = waiting.pop()
        if at >= len(steps) or id(steps[at]) in found:
            continue
        step = steps[at]
        found.add(id(step))
        if step.target is not None:
            waiting.append(number[id(step.target)])
        if not step.ends:
            waiting.append(at + 1)
    return found
