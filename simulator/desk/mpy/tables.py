"""Makes the tables of names and constants of a file short: only what is asked for, the frequent first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection

from .format import File
from .steps import (
    BUILD_TUPLE,
    IMPORT_NAME,
    LOAD_CONST_NONE,
    LOAD_CONST_OBJ,
    LOAD_CONST_STRING,
    LOAD_NAME,
    NAME,
    STORE_NAME,
    Function,
    Step,
    format_of,
)

DUNDER_MODULE, DUNDER_NAME, DUNDER_QUALNAME = 22, 23, 26  # of MicroPython's own names
_CLASS_HEAD = (LOAD_NAME, STORE_NAME, LOAD_CONST_STRING, STORE_NAME)
SOURCE = 0  # the first name is the source's, whoever asks for it


def drop_class_heads(file: File, functions: list[Function]) -> None:
    """Classes that do not know their module and their name in full: MicroPython never asks."""
    own = (DUNDER_NAME, DUNDER_MODULE, None, DUNDER_QUALNAME)
    for function in functions:
        head = function.steps[: len(_CLASS_HEAD)]
        if tuple(step.op for step in head) == _CLASS_HEAD and all(
            number is None or file.names[step.value] == number for step, number in zip(head, own, strict=True)
        ):
            del function.steps[: len(_CLASS_HEAD)]


def drop_lists_of_imports(file: File, functions: list[Function]) -> None:
    """`from x import a, b` without the list of names: MicroPython needs it for packages only."""
    for function in functions:
        steps = function.steps
        for at in range(len(steps) - 1, 1, -1):
            made = steps[at - 1]
            if steps[at].op == IMPORT_NAME and made.op == BUILD_TUPLE and _is_plain(file, steps[at]):
                names = steps[at - 1 - made.value : at - 1]
                assert all(step.op == LOAD_CONST_STRING for step in names)
                steps[at - 1 - made.value : at] = [Step(LOAD_CONST_NONE)]


def _is_plain(file: File, step: Step) -> bool:
    name = file.names[step.value]
    return isinstance(name, str) and "." not in name


def drop_names(file: File, functions: list[Function], keywords: Collection[str]) -> None:
    """Names that functions and parameters have for people only. keywords: what calls pass by name.

    The interpreter looks at names of parameters only to find one that a call passes by name. Where it skips
    them, to print a traceback, it stops at the end of the prelude.
    """
    asked = {SOURCE, *_asked(functions)}
    for function in functions:
        own, *parameters = function.names
        function.names = [own if own in asked else SOURCE]
        if function.takes_keywords or any(file.names[name] in keywords for name in parameters):
            function.names += [name if file.names[name] in keywords else SOURCE for name in parameters]


def _asked(functions: list[Function]) -> Counter[int]:
    return Counter(
        step.value for function in functions for step in function.steps if format_of(step.op) == NAME
    )


def order(file: File, functions: list[Function]) -> None:
    """Numbers names and constants anew, what is said most has the lowest."""
    names = _asked(functions)
    names.update(name for function in functions for name in function.names)
    names[SOURCE] = max(names.values()) + 1
    constants = Counter(
        step.value for function in functions for step in function.steps if step.op == LOAD_CONST_OBJ
    )
    new = _numbers(names)
    for function in functions:
        function.names = [new[name] for name in function.names]
    file.names = [file.names[old] for old in new]
    _renumber(functions, lambda step: format_of(step.op) == NAME, new)
    new = _numbers(constants)
    file.constants = [file.constants[old] for old in new]
    _renumber(functions, lambda step: step.op == LOAD_CONST_OBJ, new)


def _numbers(said: Counter[int]) -> dict[int, int]:
    """Old number → new one, in the order of the new ones."""
    ordered = sorted(said, key=lambda old: (-said[old], old))
    return {old: new for new, old in enumerate(ordered)}


def _renumber(functions: list[Function], wanted: Callable[[Step], bool], new: dict[int, int]) -> None:
    for function in functions:
        for step in function.steps:
            if wanted(step):
                step.value = new[step.value]
