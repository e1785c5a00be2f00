"""The instructions of a function as a list that can be changed: jumps point to steps, not to places."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from .format import Reader, number

LOAD_NAME, LOAD_ATTR, STORE_NAME = 0x11, 0x13, 0x16
LOAD_CONST_STRING, IMPORT_NAME, IMPORT_FROM = 0x10, 0x1B, 0x1C
LOAD_CONST_SMALL_INT, LOAD_CONST_OBJ = 0x22, 0x23
LOAD_FAST, LOAD_DEREF, STORE_FAST, STORE_DEREF = 0x24, 0x25, 0x26, 0x27
DELETE_FAST, DELETE_DEREF, BUILD_TUPLE = 0x28, 0x29, 0x2A
UNWIND_JUMP, JUMP, POP_JUMP_IF_TRUE, POP_JUMP_IF_FALSE = 0x40, 0x42, 0x43, 0x44
SETUP_WITH, SETUP_EXCEPT, SETUP_FINALLY = 0x47, 0x48, 0x49
LOAD_CONST_NONE, POP_TOP, END_FINALLY = 0x51, 0x59, 0x5D
RETURN_VALUE, RAISE_LAST, RAISE_OBJ, RAISE_FROM = 0x63, 0x64, 0x65, 0x66

SETUPS = {SETUP_WITH, SETUP_EXCEPT, SETUP_FINALLY}
ENDS = {JUMP, UNWIND_JUMP, RETURN_VALUE, RAISE_LAST, RAISE_OBJ, RAISE_FROM, 0x4A}  # nothing falls through
SIGNED = {UNWIND_JUMP, JUMP, POP_JUMP_IF_TRUE, POP_JUMP_IF_FALSE}  # they may go back; others only forward
_WITH_EXTRA = {0x20, 0x21, UNWIND_JUMP}  # closures: how many cells; a jump out of handlers: of how many
_SHORT_LOAD, _SHORT_STORE, _SHORT_SLOTS = 0xB0, 0xC0, 16
_VAR_KEYWORDS, _VAR_POSITIONAL = 2, 4  # flags of a function
_MULTI = 0x70  # from here on an instruction is one byte
_FORMATS = 0x3A4  # two bits for each sixteen instructions: alone, name, number, jump
ALONE, NAME, NUMBER, LABEL = range(4)


def format_of(op: int) -> int:
    """What follows the instruction."""
    return _FORMATS >> (2 * (op >> 4)) & 3 if op < _MULTI else ALONE


@dataclass(eq=False)
class Step:
    """An instruction. Those with a slot in them are LOAD_FAST and STORE_FAST with its number here."""

    op: int
    value: int = 0
    target: Step | None = None
    extra: int = 0

    def same(self, other: Step) -> bool:
        """Whether it does the same."""
        return (self.op, self.value, self.target, self.extra) == (
            other.op,
            other.value,
            other.target,
            other.extra,
        )

    @property
    def ends(self) -> bool:
        """Whether the step behind it is reached from elsewhere only."""
        return self.op in ENDS


@dataclass
class Function:
    """state: slots and stack. names: of the function, and of its parameters unless nobody asks for those.

    lines: which instruction is of which line of the source. cells: slots that are cells.
    """

    state: int
    handlers: int
    flags: int
    positional: int
    keyword_only: int
    defaults: int
    names: list[int]
    lines: bytes
    cells: bytes
    steps: list[Step] = field(default_factory=list)

    @property
    def takes_keywords(self) -> bool:
        """Whether calls may pass it parameters by any name."""
        return bool(self.flags & _VAR_KEYWORDS or self.keyword_only)

    @property
    def parameters(self) -> int:
        """How many of the first slots have a value when it starts."""
        stars = bool(self.flags & _VAR_KEYWORDS) + bool(self.flags & _VAR_POSITIONAL)
        return self.positional + self.keyword_only + stars


def parse(body: bytes) -> Function:
    """The function in these bytes. Raises FormatError."""
    reader = Reader(body)
    byte = reader.byte()
    state, handlers, positional = byte >> 3 & 0xF, byte >> 2 & 1, byte & 3
    flags = keyword_only = defaults = at = 0
    while byte & 0x80:
        byte = reader.byte()
        state |= (byte & 0x30) << 2 * at
        handlers |= (byte & 2) << at
        flags |= (byte >> 6 & 1) << at
        positional |= (byte & 4) << at
        keyword_only |= (byte >> 3 & 1) << at
        defaults |= (byte & 1) << at
        at += 1
    info = cells = at = 0
    while True:
        byte = reader.byte()
        cells |= (byte & 1) << at
        info |= (byte >> 1 & 0x3F) << 6 * at
        at += 1
        if not byte & 0x80:
            break
    end = reader.at + info
    names = [reader.number()]
    while len(names) <= positional + keyword_only and reader.at < end:
        names.append(reader.number())
    lines = reader.take(end - reader.at)
    inside = reader.take(cells)
    function = Function(state + 1, handlers, flags, positional, keyword_only, defaults, names, lines, inside)
    function.steps = list(_parse_steps(reader))
    return function


def _parse_steps(reader: Reader) -> Iterator[Step]:
    found: dict[int, Step] = {}
    jumps: list[tuple[Step, int]] = []
    while reader.at < len(reader.data):
        start = reader.at
        step = found[start] = Step(reader.byte())
        form = format_of(step.op)
        if _SHORT_LOAD <= step.op < _SHORT_LOAD + _SHORT_SLOTS:
            step.op, step.value = LOAD_FAST, step.op - _SHORT_LOAD
        elif _SHORT_STORE <= step.op < _SHORT_STORE + _SHORT_SLOTS:
            step.op, step.value = STORE_FAST, step.op - _SHORT_STORE
        elif step.op == LOAD_CONST_SMALL_INT:
            negative = reader.data[reader.at] & 0x40
            before = reader.at
            step.value = reader.number()
            step.value -= (1 << 7 * (reader.at - before)) if negative else 0
        elif form in (NAME, NUMBER):
            step.value = reader.number()
        elif form == LABEL:
            jumps.append((step, _read_offset(reader, step.op in SIGNED)))
        if step.op in _WITH_EXTRA:
            step.extra = reader.byte()
    for step, place in jumps:
        step.target = found[place]
    yield from found.values()


def _read_offset(reader: Reader, signed: bool) -> int:
    """The place that is jumped to."""
    value = reader.byte()
    bias = 0x40
    if value & 0x80:
        value = value & 0x7F | reader.byte() << 7
        bias = 0x4000
    return reader.at + value - (bias if signed else 0)


def assemble(function: Function) -> bytes:
    """The bytes of the function, jumps as short as they can be."""
    return b"".join([_prelude(function), *_assembled(function.steps)])


def _prelude(function: Function) -> bytes:
    names = b"".join(number(name) for name in function.names) + function.lines
    state, handlers, flags = function.state - 1, function.handlers, function.flags
    positional, keyword_only, defaults = function.positional, function.keyword_only, function.defaults
    data = [(state & 0xF) << 3 | (handlers & 1) << 2 | positional & 3]
    state, handlers, positional = state >> 4, handlers >> 1, positional >> 2
    while state | handlers | flags | positional | keyword_only | defaults:
        data[-1] |= 0x80
        byte = (flags & 1) << 6 | (state & 3) << 4 | (keyword_only & 1) << 3
        data.append(byte | (positional & 1) << 2 | (handlers & 1) << 1 | defaults & 1)
        state, handlers, flags = state >> 2, handlers >> 1, flags >> 1
        positional, keyword_only, defaults = positional >> 1, keyword_only >> 1, defaults >> 1
    info, cells = len(names), len(function.cells)
    while True:
        more = info >> 6 | cells >> 1
        data.append((0x80 if more else 0) | (info & 0x3F) << 1 | cells & 1)
        info, cells = info >> 6, cells >> 1
        if not more:
            return bytes(data) + names + function.cells


def places(steps: list[Step]) -> tuple[dict[int, int], dict[int, int]]:
    """Places and sizes by the step's id: jumps begin short and grow until all reach."""
    sizes = {id(step): _size(step) for step in steps}
    while True:
        at, place = 0, {}
        for step in steps:
            place[id(step)] = at
            at += sizes[id(step)]
        grown = False
        for step in steps:
            if step.target is not None:
                wanted = 2 if _is_short(_offset(step, place, sizes), step.op in SIGNED) else 3
                wanted += step.op == UNWIND_JUMP
                if wanted > sizes[id(step)]:
                    sizes[id(step)] = wanted
                    grown = True
        if not grown:
            return place, sizes


def _offset(step: Step, place: dict[int, int], sizes: dict[int, int]) -> int:
    end = place[id(step)] + sizes[id(step)] - (step.op == UNWIND_JUMP)
    return place[id(step.target)] - end


def _is_short(offset: int, signed: bool) -> bool:
    return -0x40 <= offset < 0x40 if signed else 0 <= offset < 0x80


def _size(step: Step) -> int:
    return len(_head(step)) + (step.target is not None) + (step.op in _WITH_EXTRA)


def _head(step: Step) -> bytes:
    """The instruction and its number."""
    form = format_of(step.op)
    if step.op in (LOAD_FAST, STORE_FAST) and step.value < _SHORT_SLOTS:
        return bytes([(_SHORT_LOAD if step.op == LOAD_FAST else _SHORT_STORE) + step.value])
    if step.op == LOAD_CONST_SMALL_INT:
        return bytes([step.op]) + _signed(step.value)
    return bytes([step.op]) + (number(step.value) if form in (NAME, NUMBER) else b"")


def _signed(value: int) -> bytes:
    count = 1
    while not -(1 << 7 * count - 1) <= value < 1 << 7 * count - 1:
        count += 1
    groups = [value >> 7 * at & 0x7F for at in range(count)]
    return bytes([*[0x80 | group for group in groups[:0:-1]], groups[0]])


def _assembled(steps: list[Step]) -> Iterator[bytes]:
    place, sizes = places(steps)
    for step in steps:
        yield _head(step)
        if step.target is not None:
            signed = step.op in SIGNED
            offset = _offset(step, place, sizes)
            if sizes[id(step)] - (step.op == UNWIND_JUMP) == 2:
                yield bytes([offset + (0x40 if signed else 0)])
            else:
                offset += 0x4000 if signed else 0
                yield bytes([0x80 | offset & 0x7F, offset >> 7])
        if step.op in _WITH_EXTRA:
            yield bytes([step.extra])
