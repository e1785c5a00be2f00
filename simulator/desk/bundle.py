"""Links the folded modules of the terminal: the resident program in a few parts, and a module for each page.

On the device each module costs half a kilobyte of heap, so modules are joined. In more than one part, since
what the loader throws away after a part (the raw code of its functions) is room for the next one. A page
holds what only it needs, and finds the rest in the resident parts.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from pathlib import Path

from .fold import Constants, Folder
from .names import Joiner, short_private, top_level, used_names
from .shake import shake
from .shorten import Shortener

PAGES = "firmware.terminal.pages"  # the package whose modules are loaded on demand
PAGE_PREFIX = "page_"  # and what they are called on the device
LISTS = "protocols.wire.lists"  # a page, too, as are
OF_BOARD = ("firmware.board.unix.duties", "firmware.board.unix.panel")
KEPT = ("display", "senses")  # pages that stay once they are loaded; the others find their names there
KEPT_PARTS = 3
LAYOUTS = ("protocols.wire.tables", "protocols.wire.pages.")  # modules whose texts are fields of bodies
SETTLED: Constants = {
    PAGES: {"PREFIX": PAGE_PREFIX},
    "protocols.wire.bodies": {"LISTS": PAGE_PREFIX + "lists"},
    "firmware.board.unix.board": {"DUTIES": PAGE_PREFIX + "duties", "PANEL": PAGE_PREFIX + "panel"},
}


class CollisionError(Exception):
    """Two modules use one public name at their top level; rename one of them."""


class OrderError(Exception):
    """A resident module uses at its top level, or by import, what is linked behind it."""


@dataclass
class Program:
    """Sources by module name. parts: in the order of loading, the last one has the main module's names."""

    parts: dict[str, str] = field(default_factory=dict)
    pages: dict[str, str] = field(default_factory=dict)
    names: dict[str, dict[str, str]] = field(default_factory=dict)  # room → name in the source → short name


def bundle(root: Path, sources: list[Path], main: str) -> str:
    """One source that holds module `main` and all of `sources` that it needs.

    Raises CollisionError when the top levels cannot be joined.
    """
    return next(iter(link(root, sources, main, "bundle", 1).parts.values()))


def link(root: Path, sources: list[Path], main: str, name: str, parts: int) -> Program:
    """The program of module `main` in so many parts `name0`, `name1`, …, and all its pages.

    Raises CollisionError, OrderError, PrivateNameError.
    """
    return _Linker(Folder(root, sources, dict(SETTLED))).link(main, name, parts)


class _Linker:
    def __init__(self, folder: Folder) -> None:
        self._folder = folder
        self._roots = {name.split(".")[0] for name in folder.modules}
        self._trees: dict[str, ast.Module] = {}  # of all modules, what is needed first first
        self._foreign: dict[str, str] = {}  # name → the import statement that binds it
        self._owner: dict[str, str] = {}  # public name → the module that it is of
        self._names: dict[str, dict[str, str]] = {}
        self._imported: dict[str, dict[str, str]] = {}  # module → imported name → the module that it is from

    def link(self, main: str, name: str, count: int) -> Program:
        resident = self._collect(main)
        pages = {}
        shared = list(resident)
        for module in sorted((each for each in self._folder.modules if _is_page(each)), key=_order):
            pages[module] = [each for each in self._collect(module) if each not in shared]
            if _is_kept(module):
                shared += pages[module]
        for number, module in enumerate(self._trees):
            self._join(module, number)
        for modules in pages.values():
            self._claim(modules)
            self._check_shadows(modules, shared)
        self._claim([module for module in shared if not _is_page(module)])
        self._shake(main, list(pages))
        self._shorten(main, list(pages))
        return self._write(resident, pages, name, count)

    def _collect(self, module: str, found: list[str] | None = None) -> list[str]:
        """`module` and what it imports, what is needed first first."""
        found = [] if found is None else found
        if module in found:
            return found
        tree = self._trees.get(module) or self._folder.fold(module)
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom):
                for needed in self._folder.imports_of(module, node):
                    if needed != module:
                        self._collect(needed, found)
        self._trees.setdefault(module, tree)
        found.append(module)
        return found

    def _join(self, module: str, number: int) -> None:
        tree = self._trees[module]
        aliases = self._aliases(module, tree)
        tree.body = self._without_imports(module, tree)
        Joiner(module, aliases, short_private(tree.body, number)).join(tree)

    def _aliases(self, module: str, tree: ast.Module) -> set[str]:
        """Names under which whole modules are known."""
        return {
            alias.asname or alias.name
            for node in ast.walk(tree)
            if isinstance(node, ast.ImportFrom)
            for alias in node.names
            if any(needed.endswith("." + alias.name) for needed in self._folder.imports_of(module, node))
        }

    def _without_imports(self, module: str, tree: ast.Module) -> list[ast.stmt]:
        """The top level without imports (others' are remembered) and without the start of a script."""
        kept: list[ast.stmt] = []
        for statement in tree.body:
            if isinstance(statement, ast.Import):
                for alias in statement.names:
                    self._foreign[alias.asname or alias.name] = ast.unparse(ast.Import([alias]))
            elif isinstance(statement, ast.ImportFrom):
                ours = self._folder.imports_of(module, statement)
                for alias in statement.names if ours else ():
                    self._imported.setdefault(module, {})[alias.name] = ours[0]
                if not ours and (statement.level or (statement.module or "").split(".")[0] in self._roots):
                    raise OrderError(f"{module} imports {statement.module}, which is not among the sources")
                if not ours:
                    for alias in statement.names:
                        one = ast.ImportFrom(statement.module, [alias], statement.level)
                        self._foreign[alias.asname or alias.name] = ast.unparse(one)
            elif not (isinstance(statement, ast.If) and "__main__" in ast.unparse(statement.test)):
                kept.append(statement)
        return kept

    def _claim(self, modules: list[str]) -> None:
        names: dict[str, str] = {}
        for module in modules:
            for name in top_level(self._trees[module].body):
                if name in names or name in self._foreign:
                    raise CollisionError(f"{name} is in {names.get(name, 'an import')} and in {module}")
                names[name] = module
        self._owner = names

    def _check_shadows(self, page: list[str], resident: list[str]) -> None:
        """A page may call its own things as resident ones are called, if none of its modules wants those."""
        own = set().union(*[top_level(self._trees[module].body) for module in page])
        for module in page:
            for name, source in self._imported.get(module, {}).items():
                if source in resident and source not in page and name in own:
                    raise CollisionError(f"{name} of {source} is wanted in {module}; its page has another")

    def _shake(self, main: str, pages: list[str]) -> None:
        roots = set()
        for module in (main, *pages):  # what is public there is called from outside
            roots |= {name for name in top_level(self._trees[module].body) if not name.startswith("_")}
        shake(list(self._trees.values()), roots)

    def _shorten(self, main: str, pages: list[str]) -> None:
        entries = set().union(*[top_level(self._trees[page].body) for page in pages])
        layouts = {module for module in self._trees if module.startswith(LAYOUTS)}
        short = Shortener(self._trees, top_level(self._trees[main].body), entries, layouts)
        short.shorten()
        self._names = {"attributes": short.attributes, "tops": short.tops, "fields": short.fields}
        self._owner = {short.tops.get(name, name): module for name, module in self._owner.items()}

    def _write(self, resident: list[str], pages: dict[str, list[str]], name: str, count: int) -> Program:
        program = Program(names=self._names)
        place: dict[str, str] = {}  # resident name → part
        self._write_parts(program.parts, name, resident, place, count)
        for page, modules in pages.items():
            body = [statement for module in modules for statement in self._trees[module].body]
            name = PAGE_PREFIX + page.rpartition(".")[2]
            if _is_kept(page):
                self._write_parts(program.pages, name, modules[:-1], place, KEPT_PARTS)
                body = self._trees[page].body
            program.pages[name] = self._source(body, place, modules)
        return program

    def _write_parts(
        self, sources: dict[str, str], name: str, modules: list[str], place: dict[str, str], count: int
    ) -> None:
        """The modules as `name0`, `name1`, …; `place` learns where each of their names is."""
        for number, run in enumerate(run for run in self._cut(modules, count) if run):
            body = [statement for module in run for statement in self._trees[module].body]
            sources[f"{name}{number}"] = self._source(body, place, run)
            place.update(dict.fromkeys(top_level(body), f"{name}{number}"))

    def _cut(self, modules: list[str], count: int) -> list[list[str]]:
        """The modules in `count` runs of about the same size."""
        sizes = [len(ast.unparse(self._trees[module])) for module in modules]
        share = sum(sizes) // count + 1
        cut: list[list[str]] = [[] for _ in range(count)]
        before = 0
        for module, size in zip(modules, sizes, strict=True):
            cut[(before + size // 2) // share].append(module)
            before += size
        return cut

    def _source(self, body: list[ast.stmt], place: dict[str, str], modules: list[str]) -> str:
        """The body behind the imports that it needs: of others, and from the parts."""
        own = top_level(body)
        wanted: dict[str, list[str]] = {}
        lines = []
        for name in sorted(set().union(*[used_names(statement) for statement in body]) - own):
            if name in self._foreign:
                lines.append(self._foreign[name])
            elif name in place:
                wanted.setdefault(place[name], []).append(name)
            elif name in self._owner:
                raise OrderError(f"{name} of {self._owner[name]} is linked behind {modules}")
        lines += [f"from {part} import {', '.join(names)}" for part, names in sorted(wanted.items())]
        joined = ast.fix_missing_locations(ast.Module(body, []))
        return "\n".join([*lines, ast.unparse(joined)]) + "\n"


def _is_page(module: str) -> bool:
    return module.startswith(PAGES + ".") or module in (LISTS, *OF_BOARD)


def _is_kept(module: str) -> bool:
    return module in [f"{PAGES}.{name}" for name in KEPT]


def _order(module: str) -> tuple[bool, str]:
    return not _is_kept(module), module
