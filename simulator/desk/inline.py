"""Puts a function that is called from one place alone into that place: each costs a device a hundred bytes.

People read short functions with names; a machine can undo that. Evaluation stays in its order: a call is only
replaced where nothing with an effect comes before it in its statement, and only by a body that can be written
without `return`, or in a place where returning is what the caller does, too. What is not sure stays a call.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from itertools import count
from typing import Any, TypeGuard, TypeVar

from .foreign import foreign_names
from .names import bound_in
from .shake import CALLED_BY_NATURE

NODES_MAX = 900  # of a function that grew: its code is one piece of heap, and must find a place
_SCOPES = (ast.FunctionDef, ast.ClassDef)
_ODD = (
    ast.FunctionDef, ast.Lambda, ast.GeneratorExp, ast.ClassDef, ast.Global, ast.Nonlocal, ast.Yield,
    ast.YieldFrom, ast.With,
)  # fmt: skip
# A module that looks attributes up by text keeps all its texts long (see shorten): it does not move.
_OF_ITS_PLACE = {"super", "getattr", "setattr", "hasattr", "delattr", "json"}
Block = list[ast.stmt]
Node = TypeVar("Node", bound=ast.AST)


class _NotPossibleError(Exception):
    """This call stays."""


@dataclass
class _Callee:
    module: str
    holder: ast.Module | ast.ClassDef
    function: ast.FunctionDef

    @property
    def is_method(self) -> bool:
        return isinstance(self.holder, ast.ClassDef)


def inline(trees: Mapping[str, ast.Module], roots: set[str], may_move: Mapping[str, set[str]]) -> int:
    """Changes the trees; gives how many functions are gone.

    roots: names that are asked for from outside. may_move: module → modules that can use its names.
    """
    numbers = count()
    gone = 0
    while True:
        before = gone
        places = _places(trees)
        for callee in list(_candidates(trees, roots)):
            place = places.get(callee.function.name)
            if place is None or place[1] is callee.function or not _may(place[0], callee, may_move):
                continue
            if _Site(callee, next(numbers)).put_into(place[1]):
                callee.holder.body.remove(callee.function)
                callee.holder.body = callee.holder.body or [ast.Pass()]
                for name in _called(callee.function):
                    places[name] = place
                gone += 1
        if gone == before:
            return gone


def _places(trees: Mapping[str, ast.Module]) -> dict[str, tuple[str, ast.FunctionDef]]:
    """Name → module and outermost function that calls it; of several any."""
    places = {}
    for module, tree in trees.items():
        holders: list[ast.Module | ast.ClassDef] = [tree]
        holders += [node for node in tree.body if isinstance(node, ast.ClassDef)]
        for holder in holders:
            for caller in holder.body:
                if isinstance(caller, ast.FunctionDef):
                    places.update(dict.fromkeys(_called(caller), (module, caller)))
    return places


def _called(function: ast.FunctionDef) -> set[str]:
    names = set()
    for node in ast.walk(function):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            names.add(node.func.attr)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            names.add(node.func.id)
    return names


def _may(module: str, callee: _Callee, may_move: Mapping[str, set[str]]) -> bool:
    return module == callee.module or module in may_move.get(callee.module, ())


def _candidates(trees: Mapping[str, ast.Module], roots: set[str]) -> Iterator[_Callee]:
    """Functions that one place alone says, and says by calling them."""
    said: dict[str, int] = {}
    defined: dict[str, int] = {}
    found = []
    for module, tree in trees.items():
        for node in ast.walk(tree):
            for key in _said(node):
                said[key] = said.get(key, 0) + 1
            if isinstance(node, ast.Module | ast.ClassDef):
                for function in node.body:
                    if isinstance(function, ast.FunctionDef):
                        callee = _Callee(module, node, function)
                        key = function.name
                        defined[key] = defined.get(key, 0) + 1
                        found.append((key, callee))
    forbidden = roots | foreign_names() | CALLED_BY_NATURE
    for key, callee in found:
        name = callee.function.name
        known = name in forbidden or name.startswith("__")
        if said.get(key) == 1 and defined[key] == 1 and not known and _is_plain(callee.function):
            yield callee


def _said(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Attribute):
        return [node.attr]
    if isinstance(node, ast.Name):
        return [node.id]
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return [node.value]
    return []


def _is_plain(function: ast.FunctionDef) -> bool:
    arguments = function.args
    odd = arguments.vararg or arguments.kwarg or arguments.kwonlyargs or arguments.posonlyargs
    inner = [node for node in ast.walk(function) if node is not function]
    if odd or function.decorator_list or any(isinstance(node, _ODD) for node in inner):
        return False
    return not any(isinstance(node, ast.Name) and node.id in _OF_ITS_PLACE for node in inner)


def _is_call_of(node: ast.AST, callee: _Callee) -> TypeGuard[ast.Call]:
    if not isinstance(node, ast.Call):
        return False
    if callee.is_method:
        return isinstance(node.func, ast.Attribute) and node.func.attr == callee.function.name
    return isinstance(node.func, ast.Name) and node.func.id == callee.function.name


class _Site:
    """One callee on its way into one caller."""

    def __init__(self, callee: _Callee, number: int) -> None:
        self._callee = callee
        self._number = number

    def put_into(self, caller: ast.FunctionDef) -> bool:
        """Changes the caller; False, and nothing changed, when it is not possible."""
        if any(isinstance(node, ast.Yield | ast.YieldFrom) for node in ast.walk(caller)):
            return False
        if _nodes(caller) + _nodes(self._callee.function) > NODES_MAX:
            return False
        try:
            body = self._block(caller.body, caller, True)
        except _NotPossibleError:
            return False
        if body is None:
            return False
        caller.body = body
        ast.fix_missing_locations(caller)
        return True

    def _block(self, block: Block, caller: ast.FunctionDef, tail: bool) -> Block | None:
        """The block with the call replaced; None when it is not in here."""
        for at, statement in enumerate(block):
            if not any(_is_call_of(node, self._callee) for node in ast.walk(statement)):
                continue
            new = self._statement(statement, caller, tail and at == len(block) - 1)
            return [*block[:at], *new, *block[at + 1 :]]
        return None

    def _statement(self, statement: ast.stmt, caller: ast.FunctionDef, tail: bool) -> Block:
        whole = _whole_call(statement)
        if whole is not None and _is_call_of(whole, self._callee):
            return self._in_place_of(statement, whole, caller, tail)
        first = first_step(statement)
        if first is not None and _is_call_of(first, self._callee):
            return self._hoisted(statement, first, caller)
        is_branch = isinstance(statement, ast.If | ast.Try)
        for name in ("body", "orelse", "finalbody"):
            inner = getattr(statement, name, None)
            if isinstance(inner, list) and not isinstance(statement, _SCOPES):
                keeps_tail = tail and is_branch and not isinstance(statement, ast.Try)
                new = self._block(inner, caller, keeps_tail)
                if new is not None:
                    setattr(statement, name, new)
                    return [statement]
        for handler in getattr(statement, "handlers", ()):
            new = self._block(handler.body, caller, False)
            if new is not None:
                handler.body = new
                return [statement]
        raise _NotPossibleError

    def _in_place_of(self, statement: ast.stmt, call: ast.Call, caller: ast.FunctionDef, tail: bool) -> Block:
        before, body = self._bound(call, caller)
        if isinstance(statement, ast.Return):
            return [*before, *body, *([] if _ends(body) else [ast.Return(None)])]
        if isinstance(statement, ast.Expr):
            if tail:
                ended = [each for inner in body for each in _listed(_Bare().visit(inner))]
                return [*before, *(ended[:-1] if isinstance(ended[-1], ast.Return) else ended)] or [
                    ast.Pass()
                ]
            return [*before, *_without_return(body, _effect_of)] or [ast.Pass()]
        assert isinstance(statement, ast.Assign)
        target = statement.targets[0]
        if not _is_simple_target(target):
            raise _NotPossibleError
        return [
            *before,
            *_without_return(body, lambda value: [ast.Assign([target], value or ast.Constant(None))]),
        ]

    def _hoisted(self, statement: ast.stmt, call: ast.Call, caller: ast.FunctionDef) -> Block:
        """Its value is computed before the statement, whose first step it was."""
        if _is_in_loop_test(statement):
            raise _NotPossibleError
        before, body = self._bound(call, caller)
        expression = _only_value(body)
        if expression is not None and not isinstance(statement, ast.For):
            return [*before, Replacer(call, expression).visit(statement)]
        name = f"value__{self._number}"
        store = ast.Name(name, ast.Store())
        new = _without_return(body, lambda value: [ast.Assign([store], value or ast.Constant(None))])
        return [*before, *new, Replacer(call, ast.Name(name, ast.Load())).visit(statement)]

    def _bound(self, call: ast.Call, caller: ast.FunctionDef) -> tuple[Block, Block]:
        """What gives the parameters their values, and the body with names of its own."""
        function = self._callee.function
        given = list(call.args)
        if call.keywords or any(isinstance(each, ast.Starred) for each in given):
            raise _NotPossibleError
        if self._callee.is_method:
            assert isinstance(call.func, ast.Attribute)
            given.insert(0, call.func.value)
        parameters = [each.arg for each in function.args.args]
        missing = len(parameters) - len(given)
        defaults = function.args.defaults[len(function.args.defaults) - missing :] if missing > 0 else []
        if missing != len(defaults) or not all(isinstance(each, ast.Constant) for each in defaults):
            raise _NotPossibleError
        given += defaults
        copy = deepcopy(function)
        stored = {
            node.id
            for node in ast.walk(copy)
            if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load)
        }
        of_caller = set(bound_in(caller))
        names: dict[str, ast.expr] = {}
        before: Block = []
        for name in bound_in(copy):
            names[name] = ast.Name(f"{name}__{self._number}", ast.Load())
        for name, value in zip(parameters, given, strict=True):
            fixed = isinstance(value, ast.Constant) or (isinstance(value, ast.Name) and value.id in of_caller)
            if fixed and name not in stored:
                names[name] = value
            else:
                fresh = names[name]
                assert isinstance(fresh, ast.Name)
                before.append(ast.Assign([ast.Name(fresh.id, ast.Store())], value))
        return before, [_Substitute(names).visit(statement) for statement in copy.body]


def names_renamed(node: Node, names: Mapping[str, str]) -> Node:
    """The node with other names for some."""
    return _Substitute({old: ast.Name(new, ast.Load()) for old, new in names.items()}).visit(node)


class _Substitute(ast.NodeTransformer):
    def __init__(self, names: Mapping[str, ast.expr]) -> None:
        self._names = names

    def visit_Name(self, node: ast.Name) -> ast.expr:
        new = self._names.get(node.id)
        if new is None:
            return node
        if isinstance(new, ast.Name):
            return ast.Name(new.id, node.ctx)
        return new

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> ast.AST:
        new = self._names.get(node.name or "")
        if isinstance(new, ast.Name):
            node.name = new.id
        self.generic_visit(node)
        return node


class _Bare(ast.NodeTransformer):
    """`return value` → what `value` does, and `return`."""

    def visit_Return(self, node: ast.Return) -> Block:
        return [*_effect_of(node.value), ast.Return(None)]


class Replacer(ast.NodeTransformer):
    """Puts one expression into the place of another."""

    def __init__(self, old: ast.expr, new: ast.expr) -> None:
        self._old = old
        self._new = new

    def visit(self, node: ast.AST) -> Any:
        """The node, or what takes its place."""
        return self._new if node is self._old else self.generic_visit(node)


def _nodes(function: ast.FunctionDef) -> int:
    return sum(1 for _ in ast.walk(function))


def _listed(new: ast.AST | Block | None) -> Block:
    if new is None:
        return []
    return new if isinstance(new, list) else [new]  # type: ignore[list-item]


def _whole_call(statement: ast.stmt) -> ast.expr | None:
    """The expression of a statement that is nothing else."""
    if isinstance(statement, ast.Expr | ast.Return):
        return statement.value
    if isinstance(statement, ast.Assign) and len(statement.targets) == 1:
        return statement.value
    return None


def first_step(statement: ast.stmt) -> ast.expr | None:
    """The call or list comprehension that is evaluated before anything else that has or sees an effect."""
    if isinstance(statement, ast.If):
        return _first(statement.test)
    if isinstance(statement, ast.For):
        return _first(statement.iter)
    if isinstance(statement, ast.Return | ast.Expr | ast.Assign) and statement.value is not None:
        if isinstance(statement, ast.Assign) and not all(
            _is_simple_target(each) for each in statement.targets
        ):
            return None
        return _first(statement.value)
    if isinstance(statement, ast.AugAssign) and isinstance(statement.target, ast.Name):
        return _first(statement.value)
    return None


def _first(node: ast.expr) -> ast.expr | None:
    """The first step in the order of evaluation, behind nothing but constants and names of the function."""
    if isinstance(node, ast.ListComp):
        return node
    if isinstance(node, ast.Call):
        inner = [node.func.value] if isinstance(node.func, ast.Attribute) else []
        for each in [*inner, *node.args]:
            if isinstance(each, ast.Starred):
                return None
            found = _first(each)
            if found is not None:
                return found
            if not isinstance(each, ast.Name | ast.Constant):
                # An attribute of the arguments could be changed by the call; but this is the call.
                return node if _calls_nothing(node) else None
        return node
    for each in _in_order(node):
        found = _first(each)
        if found is not None:
            return found
        if not isinstance(each, ast.Name | ast.Constant):
            return None
    return None


def _in_order(node: ast.expr) -> list[ast.expr]:
    """Operands in the order of evaluation; of those that may not be evaluated, none."""
    if isinstance(node, ast.UnaryOp):
        return [node.operand]
    if isinstance(node, ast.BinOp):
        return [node.left, node.right]
    if isinstance(node, ast.BoolOp):
        return node.values[:1]
    if isinstance(node, ast.Compare):
        return [node.left, node.comparators[0]]
    if isinstance(node, ast.IfExp):
        return [node.test]
    if isinstance(node, ast.Attribute | ast.Subscript):
        return [node.value]
    if isinstance(node, ast.Tuple | ast.List):
        return node.elts
    return []


def _calls_nothing(call: ast.Call) -> bool:
    inside = [*call.args, call.func.value if isinstance(call.func, ast.Attribute) else call.func]
    return not any(isinstance(node, ast.Call | ast.ListComp) for each in inside for node in ast.walk(each))


def _is_in_loop_test(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.While)


def _is_simple_target(target: ast.expr) -> bool:
    if isinstance(target, ast.Tuple):
        return all(isinstance(each, ast.Name) for each in target.elts)
    if isinstance(target, ast.Attribute):
        return isinstance(target.value, ast.Name)
    return isinstance(target, ast.Name)


def _only_value(body: Block) -> ast.expr | None:
    return body[0].value if len(body) == 1 and isinstance(body[0], ast.Return) else None


def _has_return(block: Block) -> bool:
    return any(isinstance(node, ast.Return) for statement in block for node in ast.walk(statement))


def _ends(block: Block) -> bool:
    """Whether nothing behind the block is reached."""
    if not block:
        return False
    last = block[-1]
    if isinstance(last, ast.Return | ast.Raise | ast.Continue | ast.Break):
        return True
    if isinstance(last, ast.If):
        return _ends(last.body) and _ends(last.orelse)
    if isinstance(last, ast.Try):
        return (_ends(last.body) or _ends(last.orelse)) and all(_ends(each.body) for each in last.handlers)
    if isinstance(last, ast.While) and isinstance(last.test, ast.Constant) and last.test.value:
        return not any(isinstance(node, ast.Break) for node in ast.walk(last))
    return False


def _effect_of(value: ast.expr | None) -> Block:
    """A value that nobody wants: what it does is left."""
    pure = value is None or not any(
        isinstance(node, ast.Call | ast.Subscript | ast.BinOp) for node in ast.walk(value)
    )
    return [] if pure or value is None else [ast.Expr(value)]


def _without_return(block: Block, put) -> Block:  # type: ignore[no-untyped-def]
    """The block with `put(value)` in place of each return, and at its end. Raises _NotPossibleError."""
    new: Block = []
    for at, statement in enumerate(block):
        rest = block[at + 1 :]
        if isinstance(statement, ast.Return):
            return [*new, *put(statement.value)]
        if isinstance(statement, ast.Raise):
            return [*new, statement]
        if not _has_return([statement]):
            new.append(statement)
            continue
        if isinstance(statement, ast.Try) and not rest and not statement.finalbody and not statement.orelse:
            if not _ends(statement.body) or _has_return(statement.body[:-1]):
                raise _NotPossibleError
            statement.body = _without_return(statement.body, put) or [ast.Pass()]
            for handler in statement.handlers:
                handler.body = _without_return(handler.body, put) or [ast.Pass()]
            return [*new, statement]
        if not isinstance(statement, ast.If):
            raise _NotPossibleError
        return [*new, *_branches(statement, rest, put)]
    return [*new, *put(None)]


def _branches(statement: ast.If, rest: Block, put) -> Block:  # type: ignore[no-untyped-def]
    """An `if` that returns somewhere: what follows goes into the branch that goes on."""
    yes, no = statement.body, statement.orelse
    if rest and not _ends(yes) and not _ends(no):
        raise _NotPossibleError
    yes = _without_return(yes if _ends(yes) else [*yes, *rest], put)
    no = _without_return(no if _ends(no) else [*no, *rest], put)
    if yes:
        return [ast.If(statement.test, yes, no)]
    return [ast.If(ast.UnaryOp(ast.Not(), statement.test), no, [])] if no else [ast.Expr(statement.test)]
