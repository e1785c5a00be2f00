"""What the linker does to programs, small ones: each runs before and after, and does the same."""

import ast
import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocols.wire.packed import unpacked
from simulator.desk.aliases import alias
from simulator.desk.errors import number_errors
from simulator.desk.inline import NODES_MAX, inline
from simulator.desk.makers import move_makers
from simulator.desk.owners import Owners
from simulator.desk.pack import PackError, drop_unsaid, pack, pack_editions, pack_module
from simulator.desk.shorten import Shortener
from simulator.desk.unroll import unroll

NUMBERS = (-2, 0, 1, 3)
CALLEES = {
    "a value": "return a - 2 * b",
    "branches": "if a > b:\n        return note(a)\n    elif a == b:\n        return 0\n    return note(b)",
    "guards": "if a < 0:\n        return None\n    if b < 0:\n        return note('b')\n    note('end')",
    "effects only": "note(a)\n    note(b)",
    "own names": "x = a\n    total = b\n    x += total\n    return x",
    "stores its parameter": "a += 1\n    b = a\n    return (a, b)",
    "an attempt": "try:\n        return a // b\n    except ZeroDivisionError:\n        return note('zero')",
    "a loop": "x = 0\n    for x in range(b):\n        if x == a:\n            return x\n    return note(x)",
    "raises": "if a > b:\n        raise ValueError(note(a))\n    return b",
}
CALLERS = {
    "statement": "callee(x, y)\n    return x",
    "value": "return callee(x, y)",
    "assignment": "total = callee(x, y)\n    return [total, x, y]",
    "condition": "if callee(x, y):\n        return note('yes')\n    return note('no')",
    "in a loop": "total = []\n    for each in range(3):\n        total.append(callee(each, y))\n"
    "    return total",
    "loop's test": "while callee(x, y):\n        x -= 1\n        y += 1\n        note(x)\n"
    "        if x < -5:\n            break\n    return x, y",
    "behind an effect": "return note(x) or callee(note(y), x)",
    "arguments with effects": "return callee(note(x), note(y))",
    "may not be": "return x > 0 and callee(x, y)",
    "caught": "try:\n        callee(x, y)\n        note('after')\n    except ValueError:\n"
    "        note('caught')\n    return x",
    "last of a branch": "if x:\n        callee(x, y)\n    else:\n        note('no')",
    "not last": "if x:\n        callee(x, y)\n        note('still')\n    return y",
}


def told(source: str, *arguments: object) -> list[object]:
    """What `ask` of this program notes, gives or raises."""
    notes: list[object] = []

    def note(value: object) -> object:
        notes.append(value)
        return value

    names: dict = {"note": note}
    exec(source, names)
    try:
        notes.append(names["ask"](*arguments))
    except (ValueError, ZeroDivisionError) as error:
        notes.append(repr(error))
    return notes


def inlined(source: str, roots: frozenset[str] = frozenset({"ask"})) -> tuple[str, int]:
    tree = ast.parse(source)
    gone = inline({"main": tree}, set(roots), {})
    return ast.unparse(tree), gone


def test_a_function_put_in_its_place_does_what_it_did():
    """Every body in every place, with every pair of numbers; most of them are really put there."""
    gone = 0
    for (what, body), (where, caller) in itertools.product(CALLEES.items(), CALLERS.items()):
        source = f"def callee(a, b):\n    {body}\ndef ask(x, y):\n    {caller}\n"
        new, count = inlined(source)
        gone += count
        assert ("def callee" in new) == (count == 0)
        for x, y in itertools.product(NUMBERS, NUMBERS):
            assert told(new, x, y) == told(source, x, y), (what, where, x, y, new)
    assert gone > len(CALLEES) * len(CALLERS) // 3


@pytest.mark.parametrize(
    "source",
    [
        "def callee(a):\n    return a\ndef ask(x):\n    return callee(x) + callee(x)\n",  # two places
        "def callee(a):\n    return a\ndef ask(x):\n    return list(map(callee, [x]))\n",  # not called here
        "def callee(a):\n    return callee(a - 1) if a > 0 else a\ndef ask(x):\n    return x\n",
        "def callee(*a):\n    return a\ndef ask(x):\n    return callee(x)\n",
        "def callee(a):\n    yield a\ndef ask(x):\n    return list(callee(x))\n",
        "def callee(a):\n    return a\ndef ask(x):\n    return callee(a=x)\n",
        "def callee(a):\n" + "    a = a + 1\n" * (NODES_MAX // 4) + "    return a\n"
        "def ask(x):\n    return callee(x)\n",  # its code would be too large a piece
    ],
)
def test_what_is_not_sure_stays_a_call(source):
    new, gone = inlined(source)
    assert not gone and told(new, 2) == told(source, 2)


def test_what_is_asked_for_from_outside_stays():
    source = "def callee(a):\n    return a\ndef ask(x):\n    return callee(x)\n"
    assert inlined(source)[1] == 1
    assert inlined(source, frozenset({"ask", "callee"}))[1] == 0


def test_a_method_keeps_its_object():
    source = "class Box:\n    def __init__(self, n):\n        self.n = n\n"
    source += "    def grow_by(self, n):\n        self.n += n\n        return self.n\n"
    source += (
        "def ask(x):\n    n = 5\n    box = Box(x)\n    total = box.grow_by(n)\n    return total, n, box.n\n"
    )
    new, gone = inlined(source)
    assert gone == 1 and "grow_by" not in new
    assert told(new, 3) == told(source, 3) == [(8, 5, 8)]


@pytest.mark.parametrize(
    ("body", "unrolled"),
    [
        ("return [note(each * x) for each in range(4) if each % 2 or each > x]", True),
        ("each = 9\n    found = [each for each in range(3)]\n    return found, each", True),
        ("return sum([a + b for a, b in zip(range(x), range(5))])", True),
        ("return [[inner * x for inner in range(outer)] for outer in range(4)]", True),
        ("for each in [number + 1 for number in range(3)]:\n        note(each)", True),
        ("return [a * b for a in range(3) for b in range(x)]", False),
        ("return note(x), [note(each) for each in range(2)]", False),
        ("call = lambda: x\n    return [call() + each for each in range(2)]", False),
    ],
)
def test_a_comprehension_as_a_loop_gives_the_same(body, unrolled):
    source = f"def ask(x):\n    {body}\n"
    tree = ast.parse(source)
    unroll(tree)
    new = ast.unparse(tree)
    assert unrolled != any(isinstance(node, ast.ListComp) for node in ast.walk(tree)), new
    for x in (0, 1, 3):
        assert told(new, x) == told(source, x), new


BOXES = """
class Box:
    def __init__(self, amount, name='box'):
        self.amount = amount
        self.name = name
        if amount < 0:
            self.amount = 0
            return
        self.more = note(amount)
    def told(self):
        return self.amount, self.name
class Inner(Exception):
    def __init__(self, text):
        super().__init__(text)
"""


def test_a_constructor_moves_to_the_page_that_makes_the_object():
    page = "def ask(x):\n    return Box(x).told(), Box(1, 'second').told()\n"
    trees = {"base": ast.parse(BOXES), "page": ast.parse(page)}
    assert move_makers(trees, "page", {"base"}) == 1
    base, new = (ast.unparse(trees[name]) for name in ("base", "page"))
    assert "def __init__(self, amount" not in base and "def __init__(self, text" in base
    for x in (-1, 0, 7):
        assert told(base + "\n" + new, x) == told(BOXES + page, x)


@pytest.mark.parametrize(
    "other",
    [
        "def make():\n    return Box(1)\n",
        "def is_box(x):\n    return isinstance(x, Box)\n",
        "class C(Box): ...\n",
    ],
)
def test_a_constructor_that_others_want_stays(other):
    trees = {"base": ast.parse(BOXES + other), "page": ast.parse("def ask(x):\n    return Box(x)\n")}
    assert move_makers(trees, "page", {"base"}) == 0
    assert "def __init__(self, amount" in ast.unparse(trees["base"])


def test_sentences_of_errors_become_numbers():
    source = "def ask(x):\n    if x > 2:\n        raise RemoteProtocolError('too %d' % x, 1, 'field')\n"
    source += "    if x > 1:\n        raise errors.LocalProtocolError('no', field='a')\n"
    source += "    if x:\n        raise RemoteProtocolError('too %d', 2)\n    raise ValueError('a text')\n"
    tree = ast.parse(source)
    assert number_errors([tree]) == {"0": "too %d", "1": "no"}
    new = ast.unparse(tree)
    assert "RemoteProtocolError(0, 1, 'field')" in new and "LocalProtocolError(1, field='a')" in new
    assert "RemoteProtocolError(0, 2)" in new and "ValueError('a text')" in new


VALUES = st.recursive(
    st.none() | st.integers(0, (1 << 32) - 1) | st.text("abcXYZ_0~é", max_size=6),
    lambda inner: st.lists(inner, max_size=5).map(tuple),
    max_leaves=12,
)
LAYOUTS = st.lists(VALUES, max_size=4).map(tuple)
LONG = st.integers(0, 255).map(lambda count: ("a", 300) * (count // 2))  # counts of a second form


@given(LAYOUTS | LONG)
@settings(max_examples=60)
def test_a_packed_layout_is_what_it_was(layout):
    assert all(unpacked(pack(layout), edition) == layout for edition in range(3))


@given(st.tuples(*[st.none() | LAYOUTS] * 3))
@settings(max_examples=60)
def test_each_edition_has_its_layout(layouts):
    packed = pack_editions(layouts)
    assert tuple(unpacked(packed, edition) for edition in range(3)) == layouts


def test_layouts_that_are_alike_lie_there_once():
    layout = ("a", 1, ("b", 4096))
    assert len(pack_editions((layout, layout, layout))) == len(pack_editions((layout, None, None)))


def test_what_a_layout_says_twice_lies_there_once():
    part = ("a long name", 1, ("b", 4096))
    layout = (part, "a long name", part, part)
    assert unpacked(pack(layout), 0) == layout
    assert len(pack(layout)) == 1 + len(pack(part)) + 3 * 3


@pytest.mark.parametrize("value", [-1, 1 << 32, 1.5, b"bytes"])
def test_what_no_layout_holds_is_an_error(value):
    with pytest.raises(PackError):
        pack((value,))


@pytest.mark.parametrize("resident", [False, True])
def test_a_table_of_layouts_packs_itself(resident):
    source = "HEAD = ('a', 1)\nUNUSED = ('z', 9)\n"
    source += (
        "BODIES = {1: HEAD, 2: (HEAD + ('b', 2), None, HEAD), 3: None, 4: (('c', 4), ('d', HEAD)) * 2}\n"
    )
    before: dict = {}
    exec(source, before)
    tree = ast.parse(source.replace("3: None, ", ""))
    pack_module(tree, "BODIES", {}, resident)
    drop_unsaid(tree, [ast.parse("print(BODIES)")])
    after: dict = {}
    exec(ast.unparse(tree), after)
    assert "UNUSED" not in after and "BODIES" in after
    if resident:
        assert after["BODIES"][1] == ("a", 1)  # short ones stay tuples there
    else:
        assert unpacked(after["BODIES"][1], 0) == ("a", 1)
    assert [unpacked(after["BODIES"][2], edition) for edition in range(3)] == list(before["BODIES"][2])


HOUSES = """
class House:
    def __init__(self):
        self.rooms = 3
        self._hidden = 1
    def grown(self):
        self.rooms += self._hidden
        return self.rooms
class Villa(House):
    def __init__(self):
        super().__init__()
        self.pool = 7
class Garden:
    trees = 2
    def __init__(self, villa):
        self.flowers = 5
        self.villa = villa
    def all(self):
        return self.trees, self.flowers, self.fence, self.villa.pool, self.villa.grown()
class Fault(Exception):
    def __init__(self, code):
        self.code = code
def ask(x):
    garden = Garden(Villa())
    garden.fence = x
    other = garden.villa
    other.painted = x + 1
    try:
        raise Fault(x)
    except Fault as fault:
        return garden.all(), other.painted, fault.code, fault.args
"""


def shortened(source: str) -> tuple[str, dict[str, str]]:
    """With short names; and which attribute got which."""
    trees = {"main": ast.parse(source)}
    short = Shortener(trees, {"ask"}, set(), set(), {"resident": ["main"]}, owners=Owners(trees))
    short.shorten()
    return ast.unparse(trees["main"]), short.attributes


def test_attributes_that_no_object_has_together_may_be_called_alike():
    new, short = shortened(HOUSES)
    assert told(new, 3) == told(HOUSES, 3) and "rooms" not in new
    assert (
        short["rooms"] == short["flowers"]
        or short["rooms"] == short["trees"]
        or short["rooms"] == short["villa"]
    )
    for group in (
        ("rooms", "grown", "pool", "_hidden"),  # of one family
        ("trees", "flowers", "villa", "fence"),  # stored as `garden.fence`, so of Garden
        ("painted", "rooms", "trees", "code"),  # stored by a name that says nothing: of anybody
    ):
        assert len({short[name] for name in group}) == len(group), group


def test_a_class_that_derives_from_others_code_shares_no_name():
    _, short = shortened(HOUSES)
    assert short["code"] not in {new for name, new in short.items() if name != "code"}


def test_names_of_a_class_stay_away_from_what_its_body_looks_up():
    source = "".join(f"def part_{number}(x):\n    return x\n" for number in range(3))
    source += "class Box:\n    def grow(self):\n        return 1\n"
    source += "    def more(self, by=part_0):\n        return by(2)\n"
    source += "    @property\n    def size(self):\n        return 5\n"
    source += "def ask(x):\n    box = Box()\n    return box.grow(), box.more(), box.size, part_1(part_2(x))\n"
    new, short = shortened(source)
    assert told(new, 3) == told(source, 3) and "property" not in short.values()


def test_what_all_ask_of_a_module_is_a_name_of_the_first():
    base = "def packed(x):\n    return struct.pack('>h', x)\n"
    page = "def ask(x):\n    struct__other = binascii.hexlify(packed(x))\n"
    page += (
        "    return struct__other, struct.pack('B', 3), struct.pack('B', 4), struct.calcsize('h'), x.real\n"
    )
    trees = {"base": ast.parse(base), "page": ast.parse(page)}
    assert alias(trees, "base", {"struct", "binascii", "sys"}) == 1
    first, second = (ast.unparse(trees[name]) for name in ("base", "page"))
    assert "struct.pack" not in second and "struct.calcsize" in second and "binascii.hexlify" in second
    assert first.count("struct.pack") == 1
    start = "import struct\nimport binascii\n"
    assert told(start + first + "\n" + second, 5) == told(start + base + page, 5)
    assert alias({"page": ast.parse(page * 3)}, "page", {"sys"}) == 0
