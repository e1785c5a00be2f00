"""Short names for the whole program: MicroPython keeps every name in RAM, and every .mpy spells its own out.

Attributes, names of the top level, parameters with all that functions bind, and the fields of message bodies
are four rooms: one short name serves in each of them. The names that most files say are the shortest. What
others ask for by name (see `foreign`), what is passed by keyword and what `getattr` looks up stays as it is.
"""

from __future__ import annotations

import ast
import keyword
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import chain, islice, product
from string import ascii_letters, digits

from .foreign import foreign_names, static_names
from .names import bound_in, keywords_of, top_level, used_names
from .owners import Owner, Owners
from .shake import CALLED_BY_NATURE

Unit = ast.FunctionDef | ast.Lambda
REFLECTION = {"getattr", "setattr", "hasattr", "delattr"}
RESIDENT = "resident"
KEY_METHODS = {"get", "pop", "setdefault", "index"}  # their first argument is a key


class ShadowError(Exception):
    """A function binds a name that another one inside or around it takes from the module."""


class Shortener:
    """trees: of all modules, by name. fixed: names of the top level that are asked for from outside.

    entries: names of the top level that are said as attributes, those of pages. layouts: the modules whose
    texts are names of fields. units: which modules are compiled together; RESIDENT is what the others use.
    owners: which class has which attribute.

    `attributes`, `tops`, `fields`: what was given which short name.
    """

    def __init__(
        self,
        trees: Mapping[str, ast.Module],
        fixed: set[str],
        entries: set[str],
        layouts: set[str],
        units: Mapping[str, Iterable[str]],
        *,
        owners: Owners,
    ) -> None:
        self._trees = trees
        self._units_of: dict[str, set[str]] = {module: set() for module in trees}
        for unit, modules in units.items():
            for module in modules:
                self._units_of[module].add(unit)
        self._keywords = keywords_of(list(trees.values()))
        self._texts = set().union(*[_words_of(tree) for tree in trees.values()])
        tops = set().union(*[top_level(tree.body) for tree in trees.values()])
        said = set().union(*[used_names(tree) for tree in trees.values()]) - tops
        self._reserved = {*self._keywords, *self._texts, *said, *fixed, *keyword.kwlist}
        spoken = {node.attr for node in self._nodes() if isinstance(node, ast.Attribute)}
        fixed = fixed | entries & spoken & (foreign_names() | self._reflected() | self._asked_of(said))
        kept = fixed | foreign_names() | self._reflected() | self._asked_of(said)
        entries = entries & spoken - fixed
        self._reserved |= fixed
        everybodys = self._reflected() | CALLED_BY_NATURE
        ours = {name for name in self._own_attributes() if not _is_dunder(name)} - kept
        # Entries are names of two rooms; they choose first.
        self._files = self._counted(
            lambda n: [n.attr] if isinstance(n, ast.Attribute) else _bound_by_class(n)
        )
        shared = self._shortest(entries, {}, self._reserved | kept & spoken | everybodys, {})
        in_bodies = set().union(*[_said_by_class(node) for node in self._nodes()])
        reserved = {*everybodys, *shared.values(), *in_bodies, *keyword.kwlist}
        self.attributes = shared | self._coloured(ours - entries, kept & spoken, reserved, owners)
        self._files = self._counted(_said_in_module)
        tops = {name for name in tops - fixed - entries if not _is_dunder(name)}
        # The body of a class finds its own names before those of the top level.
        apart = self._reserved | {*self.attributes.values()}
        shared |= self._shortest(tops & in_bodies, self._where(), apart, shared)
        self.tops = shared | self._shortest(tops - in_bodies, self._where(), self._reserved, shared)
        self.fields = self._spelled(self._fields(layouts))
        self._alphabet = [*_words(self._reserved - said)]

    def shorten(self) -> None:
        """Changes the trees. Raises ShadowError."""
        for tree in self._trees.values():
            _Renamer(self.attributes, self.tops, self.fields, self._keywords, self._alphabet).module(tree)

    def _nodes(self) -> Iterator[ast.AST]:
        for tree in self._trees.values():
            yield from ast.walk(tree)

    def _own_attributes(self) -> set[str]:
        """What the program's own objects have: attributes that it stores, what its classes bind."""
        found = set()
        for node in self._nodes():
            if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
                found.add(node.attr)
            elif isinstance(node, ast.ClassDef):
                found |= top_level(node.body)
        return found

    def _asked_of(self, others: set[str]) -> set[str]:
        """Attributes that are asked of modules and classes of others, by their names."""
        return {
            node.attr
            for node in self._nodes()
            if isinstance(node, ast.Attribute)
            and isinstance(node.value, ast.Name)
            and node.value.id in others
        }

    def _reflected(self) -> set[str]:
        """Texts by which attributes are looked up; all of a module that makes such texts."""
        found = set()
        for tree in self._trees.values():
            calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
            asked = [call.args[1] for call in calls if ast.unparse(call.func) in REFLECTION]
            found |= {str(text.value) for text in asked if isinstance(text, ast.Constant)}
            if not all(isinstance(text, ast.Constant) for text in asked):
                found |= _words_of(tree)
        return found

    def _documented(self) -> set[str]:
        """All texts of modules that read JSON: some are keys of its objects."""
        reading = [tree for tree in self._trees.values() if "json.load" in ast.unparse(tree)]
        return set().union(*[_words_of(tree) for tree in reading])

    def _fields(self, layouts: set[str]) -> set[str]:
        """Fields of bodies that are said nowhere but in layouts, as keys of dicts and in errors.

        One of several words is no name of a file or of a value in the store, wherever it is said.
        """
        fields = set().union(*[_words_of(self._trees[module]) for module in layouts & set(self._trees)])
        elsewhere = self._reflected() | self._documented()
        for module, tree in self._trees.items():
            if module not in layouts:
                keys = {id(key) for key in _keys(tree)}
                texts = {str(text.value) for text in _texts(tree) if id(text) not in keys}
                elsewhere |= {text for text in texts if "_" not in text}
        return {field for field in fields - elsewhere if field}

    def _spelled(self, fields: set[str]) -> dict[str, str]:
        """Short fields: layouts spell them out, so a letter is better than what MicroPython knows."""
        keys = {
            ast.literal_eval(key) for tree in self._trees.values() for key in _keys(tree) if _is_text(key)
        }
        free = (letter for letter in ascii_letters + digits if letter not in keys)
        said = Counter(text.value for tree in self._trees.values() for text in _texts(tree))
        ordered = sorted(fields, key=lambda field: (-said[field], field))
        return dict(zip(ordered, chain(free, _letters(2)), strict=False))

    def _where(self) -> dict[str, set[str]]:
        """Name of the top level → units that say it."""
        found: dict[str, set[str]] = {}
        for module, tree in self._trees.items():
            for name in {name for node in ast.walk(tree) for name in _said_in_module(node)}:
                found.setdefault(name, set()).update(self._units_of[module])
        return found

    def _counted(self, names_of: Callable[[ast.AST], list[str]]) -> Counter[str]:
        """Name → how many modules say it."""
        return Counter(
            name
            for tree in self._trees.values()
            for name in {name for node in ast.walk(tree) for name in names_of(node)}
        )

    def _coloured(
        self, names: Iterable[str], kept: Iterable[str], reserved: set[str], owners: Owners
    ) -> dict[str, str]:
        """Short names of attributes; two that no object has together may be called alike.

        kept: attributes that stay as they are. reserved: words that no attribute may have.
        """
        everybody = None
        taken: dict[str, set[Owner] | None] = {}  # word → who has an attribute of that name; None: anybody
        for word in kept:
            taken[word] = everybody if owners.is_anybodys(word) else set(owners.all_of(word))
        words = [*islice(_words(reserved), 4 * len(set(names)) + 9)]
        short = {}
        for name in sorted(names, key=lambda name: (-self._files[name], name)):
            its = owners.of(name)
            for word in words:
                theirs = taken.get(word, set())
                if theirs is None or (theirs and (its is None or theirs & set(its))):
                    continue
                taken[word] = everybody if its is None else theirs | set(its)
                short[name] = word
                break
        return short

    def _shortest(
        self,
        names: Iterable[str],
        units: Mapping[str, set[str]],
        reserved: set[str],
        given: Mapping[str, str],
    ) -> dict[str, str]:
        """Short names; two that are never said in one unit may be called alike. given: those of before."""
        everywhere = set().union(*self._units_of.values())
        taken: dict[str, set[str]] = {word: set(everywhere) for word in given.values()}
        words = [*islice(_words(reserved), 4 * len(set(names)) + 9)]
        short = {}
        for name in sorted(names, key=lambda name: (-self._files[name], name)):
            here = units.get(name, everywhere)
            word = next(word for word in words if not taken.get(word, set()) & here)
            taken.setdefault(word, set()).update(here)
            short[name] = word
        return short


class _Renamer:
    """Renames one tree; scopes are modules, class bodies and outermost functions with all inside them."""

    def __init__(
        self,
        attributes: Mapping[str, str],
        tops: Mapping[str, str],
        fields: Mapping[str, str],
        keywords: set[str],
        alphabet: list[str],
    ) -> None:
        self._attributes = attributes
        self._tops = tops
        self._fields = fields
        self._keywords = keywords
        self._alphabet = alphabet

    def module(self, tree: ast.Module) -> None:
        """All of a module."""
        keys = {id(text) for text in _texts(tree)}
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute):
                node.attr = self._attributes.get(node.attr, node.attr)
            elif isinstance(node, ast.Constant) and id(node) in keys:
                node.value = self._fields.get(str(node.value), node.value)
        for statement in tree.body:
            self._visit(statement, self._tops)

    def _visit(self, node: ast.AST, names: Mapping[str, str]) -> None:
        if isinstance(node, Unit):
            self._unit(node, names)
        elif isinstance(node, ast.ClassDef):
            inside = {**self._tops, **{n: self._attributes.get(n, n) for n in top_level(node.body)}}
            node.name = names.get(node.name, node.name)
            for each in (*node.bases, *node.decorator_list):
                self._visit(each, names)
            for statement in node.body:
                self._visit(statement, inside)
        else:
            if isinstance(node, ast.Name):
                node.id = names.get(node.id, node.id)
            for child in ast.iter_child_nodes(node):
                self._visit(child, names)

    def _unit(self, node: Unit, outer: Mapping[str, str]) -> None:
        """An outermost function: its defaults are of the scope around it, the rest is its own."""
        for each in (*node.args.defaults, *[d for d in node.args.kw_defaults if d is not None]):
            self._visit(each, outer)
        bound = bound_in(node)
        free = _free_in(node)
        if free & set(bound):
            raise ShadowError(f"{sorted(free & set(bound))} in {getattr(node, 'name', 'a lambda')}")
        own = self._own(bound, {self._tops.get(name, name) for name in free})
        names = {**self._tops, **own}
        if isinstance(node, ast.FunctionDef):
            node.name = outer.get(node.name, node.name)
        self._inside(node, names)

    def _inside(self, node: Unit, names: Mapping[str, str]) -> None:
        arguments = (*node.args.defaults, *node.args.kw_defaults)
        defaults = {id(inner) for each in arguments if each for inner in ast.walk(each)}
        for inner in ast.walk(node):
            if id(inner) in defaults:
                continue
            if isinstance(inner, ast.Name):
                inner.id = names.get(inner.id, inner.id)
            elif isinstance(inner, ast.arg):
                inner.arg = names.get(inner.arg, inner.arg)
            elif isinstance(inner, ast.ExceptHandler | ast.FunctionDef) and inner is not node and inner.name:
                inner.name = names.get(inner.name, inner.name)
            elif isinstance(inner, ast.Global | ast.Nonlocal):
                inner.names = [names.get(name, name) for name in inner.names]

    def _own(self, bound: list[str], taken: set[str]) -> dict[str, str]:
        kept = {name for name in bound if name in self._keywords or name == "self"}
        free = (word for word in self._alphabet if word not in taken)
        return {name: name if name in kept else next(free) for name in bound}


def _free_in(unit: Unit) -> set[str]:
    """What it takes from the module. A name of the defaults is not of the function."""
    bare = ast.parse("def f(): pass").body[0]
    assert isinstance(bare, ast.FunctionDef)
    arguments = ast.arguments(
        [], [*unit.args.posonlyargs, *unit.args.args], unit.args.vararg, [], [], unit.args.kwarg, []
    )
    arguments.args += unit.args.kwonlyargs
    bare.args = arguments
    bare.body = list(unit.body) if isinstance(unit, ast.FunctionDef) else [ast.Expr(unit.body)]
    return used_names(bare)


def _said_in_module(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Name):
        return [node.id]
    return [node.name] if isinstance(node, ast.FunctionDef | ast.ClassDef) else []


def _said_by_class(node: ast.AST) -> set[str]:
    """Names that the body of a class looks up itself: there its own come first."""
    if not isinstance(node, ast.ClassDef):
        return set()
    asked: list[ast.AST | None] = []
    for statement in node.body:
        if isinstance(statement, ast.FunctionDef):
            asked += [*statement.decorator_list, *statement.args.defaults, *statement.args.kw_defaults]
        else:
            asked.append(statement)
    return {
        name.id
        for each in asked
        if each is not None
        for name in ast.walk(each)
        if isinstance(name, ast.Name) and isinstance(name.ctx, ast.Load)
    }


def _bound_by_class(node: ast.AST) -> list[str]:
    return sorted(top_level(node.body)) if isinstance(node, ast.ClassDef) else []


def _texts(tree: ast.AST) -> list[ast.Constant]:
    return [node for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)]


def _words_of(tree: ast.AST) -> set[str]:
    return {str(text.value) for text in _texts(tree)}


def _keys(tree: ast.AST) -> Iterator[ast.expr]:
    """Expressions that are keys of dicts: subscripts, keys of displays, `in`, first arguments of `get`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Subscript):
            yield node.slice
        elif isinstance(node, ast.Dict):
            yield from (key for key in node.keys if key is not None)
        elif isinstance(node, ast.Compare) and all(isinstance(op, ast.In | ast.NotIn) for op in node.ops):
            yield node.left
        elif isinstance(node, ast.Call) and node.args and isinstance(node.func, ast.Attribute):
            yield from node.args[: node.func.attr in KEY_METHODS]
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith("ProtocolError"):
            yield from node.args[2:3]


def _words(reserved: set[str]) -> Iterator[str]:
    """Names from the shortest in a compiled file to the longest."""
    for word in static_names():
        if word not in reserved:
            yield word
    for word in chain(_letters(1), _letters(2), _letters(3)):
        if word not in reserved:
            yield word


def _letters(length: int) -> Iterator[str]:
    for first, *rest in product(ascii_letters, *[ascii_letters + digits] * (length - 1)):
        yield first + "".join(rest)


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def _is_dunder(name: str) -> bool:
    return name.startswith("__") and name.endswith("__")
