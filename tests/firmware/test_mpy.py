"""The linker behind the compiler: files that it made smaller do the same under MicroPython."""

from __future__ import annotations

import random
import subprocess
from pathlib import Path

import pytest

from simulator.desk import build
from simulator.desk.mpy import smaller
from simulator.desk.mpy.format import FormatError, read, write
from simulator.desk.mpy.steps import RETURN_VALUE, Step, assemble, parse

from ..portable.interpreters import mpy_cross, run_micropython

SEED = 42
VARIABLES = [f"v{number}" for number in range(20)]  # more than the sixteen that take one byte
PROGRAMS = {
    "finally": """
def ask(x, y):
    for each in range(3):
        try:
            if each == x:
                return note(each)
            if y:
                continue
            note(1 // x)
        except ZeroDivisionError as error:
            note(repr(error))
            if y:
                return None
        finally:
            note('end')
    return None
""",
    "handlers in handlers": """
def ask(x, y):
    try:
        try:
            return note([x][y])
        except IndexError:
            note('index')
            return note(1 // x)
    except ZeroDivisionError:
        note('zero')
        return None
""",
    "alike in body and handler": """
def ask(x, y):
    try:
        if x:
            note(y)
            raise ValueError
        note(2)
        raise ValueError
    except ValueError:
        try:
            note(2)
            raise ValueError
        except ValueError:
            note(3)
            return None
""",
    "tails": """
def ask(x, y):
    if x > 1:
        note(1)
        note(2)
        return note(3)
    if y:
        note(0)
        note(2)
        return note(3)
    while y < 2:
        y += 1
        if x:
            break
    note(2)
    return note(3)
""",
    "cells": """
def ask(x, y):
    total = x

    def add(more):
        nonlocal total
        total += more
        return total
    return ([add(each) for each in range(y)], total, (lambda: add(y))())
""",
    "generator": """
def each(x):
    try:
        while x < 3:
            got = (yield x)
            x += got or 1
    finally:
        note('closed')

def ask(x, y):
    source = each(x)
    for one in source:
        if one == y:
            break
    source.close()
    return list(each(y))
""",
    "keywords": """
def told(first, second=5, *others, third, **more):
    return (first, second, others, third, sorted(more))

def plain(a, b):
    return a - b

def ask(x, y):
    return (told(x, third=y), told(x, y, 1, 2, third=3, fourth=4), plain(b=x, a=y))
""",
    "classes": """
class Base:
    LIMIT = 3

    def __init__(self, n):
        self.n = n

    @property
    def double(self):
        return 2 * self.n

class Box(Base):

    def __init__(self, n):
        super().__init__(n + 1)

    def grow(self, by=LIMIT if False else 2):
        self.n += by
        return self

def ask(x, y):
    return (Box(x).grow().grow(y).double, Box.LIMIT, isinstance(Box(1), Base))
""",
    "imports": """
import sys
from struct import pack, unpack
from binascii import hexlify as told

def ask(x, y):
    return (unpack('>bh', pack('>bh', x, y)), told(bytes((x & 3, 1))), sys.maxsize > 0)
""",
    "with": """
class Door:

    def __enter__(self):
        note('in')
        return self

    def __exit__(self, *args):
        note('out')
        return bool(args[0])

def ask(x, y):
    with Door() as door:
        if y:
            return note(door is not None)
        note(1 // x)
    return 'after'
""",
    "copies": """
def ask(x, y):
    a = x
    b = a
    a = y
    c, d = (b, a)
    for each in range(3):
        b, c = (c, b + each)
        e = d
        d = note(e + c)
    return (a, b, c, d, e)
""",
}


def compiled(folder: Path, name: str, text: str) -> bytes:
    source, target = folder / f"{name}.py", folder / f"{name}.mpy"
    source.write_text(text)
    subprocess.run([mpy_cross(), "-O3", "-s", "value", "-o", target, source], check=True)
    source.unlink()
    return target.read_bytes()


RUN = """
import sys
def told(name):
    notes = []
    def note(value):
        notes.append(value)
        return value
    import builtins
    builtins.note = note
    module = __import__(name)
    for x in (-1, 0, 1, 2):
        for y in (0, 1, 2):
            try:
                notes.append(module.ask(x, y))
            except Exception as error:
                notes.append(repr(error))
    return repr(notes)
for name in sys.argv[1:]:
    before, after = told(name), told(name + "_small")
    assert before == after, (name, before, after)
    print(name, len(before))
"""


def alike(folder: Path, programs: dict[str, str], keywords: set[str]) -> dict[str, int]:
    """Runs each before and after; gives by how many bytes each is smaller."""
    saved = {}
    for name, text in programs.items():
        before = compiled(folder, name, text)
        after = smaller(before, keywords)
        (folder / f"{name}_small.mpy").write_bytes(after)
        saved[name] = len(before) - len(after)
    script = folder / "run.py"
    script.write_text(RUN)
    result = run_micropython(script, *programs, path=folder)
    assert result.returncode == 0, result.stdout + result.stderr
    assert len(result.stdout.splitlines()) == len(programs)
    return saved


def test_a_smaller_file_does_the_same(tmp_path):
    programs = {name.replace(" ", "_"): text for name, text in PROGRAMS.items()}
    saved = alike(tmp_path, programs, {"third", "fourth", "a", "b", "second"})
    assert all(count > 0 for count in saved.values()), saved


class Writer:
    """Writes functions of ifs, loops and attempts over many variables."""

    def __init__(self, seed: int) -> None:
        self._chance = random.Random(seed)

    def program(self) -> str:
        """A function `ask`."""
        begin = [f"{name} = {self._chance.choice(['x', 'y', '7', 'x * y'])}" for name in VARIABLES]
        return "def ask(x, y):\n" + "".join(f"    {line}\n" for line in [*begin, *self._block(0, False)])

    def _value(self) -> str:
        one = self._chance.choice(VARIABLES)
        other = self._chance.choice([*VARIABLES, "1", "0", "-3", "300"])
        return self._chance.choice(
            [one, f"{one} + {other}", f"{one} % 3", f"{one} > {other}", f"note({one})"]
        )

    def _block(self, depth: int, in_loop: bool) -> list[str]:
        kinds = [self._store] * 3 + [self._effect] + [self._end]
        if depth < 3:
            kinds += [self._if] * 3 + [self._loop, self._attempt, self._attempt]
        return [
            line
            for _ in range(self._chance.randint(1, 4))
            for line in self._chance.choice(kinds)(depth, in_loop)
        ]

    def _inner(self, depth: int, in_loop: bool) -> list[str]:
        return ["    " + line for line in self._block(depth + 1, in_loop)]

    def _store(self, depth: int, in_loop: bool) -> list[str]:
        return [f"{self._chance.choice(VARIABLES)} = {self._value()}"]

    def _effect(self, depth: int, in_loop: bool) -> list[str]:
        return [f"note({self._value()})"]

    def _end(self, depth: int, in_loop: bool) -> list[str]:
        ends = ["return None", f"return {self._value()}", "raise ValueError", "note('end')"]
        return [self._chance.choice([*ends, "break", "continue"] if in_loop else ends)]

    def _if(self, depth: int, in_loop: bool) -> list[str]:
        lines = [f"if {self._value()}:", *self._inner(depth, in_loop)]
        return lines + (["else:", *self._inner(depth, in_loop)] if self._chance.random() < 0.5 else [])

    def _loop(self, depth: int, in_loop: bool) -> list[str]:
        return [f"for {self._chance.choice(VARIABLES)} in range(3):", *self._inner(depth, True)]

    def _attempt(self, depth: int, in_loop: bool) -> list[str]:
        lines = ["try:", *self._inner(depth, in_loop)]
        if self._chance.random() < 0.5:
            return [*lines, "except ValueError:", *self._inner(depth, in_loop)]
        return [*lines, "finally:", "    note('finally')", "    v1 = v2"]


def test_functions_of_any_shape_do_the_same(tmp_path):
    print("seed", SEED)
    writer = Writer(SEED)
    saved = alike(tmp_path, {f"p{number}": writer.program() for number in range(60)}, set())
    assert sum(saved.values()) > 60


def test_the_program_is_read_and_written_as_it_is():
    for path in build.build().glob("*.mpy"):
        data = path.read_bytes()
        file = read(data)
        assert write(file) == data
        assert all(assemble(parse(code.body)) == code.body for code in file.code.all())


@pytest.mark.parametrize(
    "data",
    [b"", b"C\x06\x00\x1f\x00", b"M\x05\x00\x1f\x00", b"M\x06\x00\x1f\x02\x00", b"M\x06\x00\x1f\x00\x00\x02"],
)
def test_what_is_no_bytecode_is_an_error(data):
    with pytest.raises(FormatError):
        smaller(data, set())


def test_bytes_behind_the_program_are_an_error(tmp_path):
    with pytest.raises(FormatError):
        smaller(compiled(tmp_path, "one", "x = 1\n") + b"\0", set())


@pytest.mark.parametrize("count", [0, 62, 63, 64, 65, 130, 9000])
@pytest.mark.parametrize("back", [False, True])
def test_jumps_reach_as_far_as_they_must(tmp_path, count, back):
    body = read(compiled(tmp_path, "one", "def f(x):\n    while x:\n        x = 1\n")).code.children[0].body
    function = parse(body)
    jump = next(step for step in function.steps if step.target is not None)
    place = function.steps.index(jump)
    filling = [Step(0x51 if at % 2 else 0x59) for at in range(count)]
    end = Step(RETURN_VALUE)
    function.steps = [*function.steps[:place], *filling, jump, end] if back else [jump, *filling, end]
    jump.target = function.steps[0] if back else end
    again = parse(assemble(function))
    found = next(step for step in again.steps if step.target is not None)
    assert found.target is again.steps[0 if back else -1] and len(again.steps) == len(function.steps)
    assert assemble(again) == assemble(function)
