"""Links the folded modules of the terminal: the resident program in a few parts, and a module for each page.

On the device each module costs half a kilobyte of heap, so modules are joined. In more than one part, since
what the loader throws away after a part (the raw code of its functions) is room for the next one. A page
holds what only it needs, and finds the rest in the resident parts.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from firmware.board.paging import SHARED

from .aliases import alias
from .errors import number_errors
from .fold import Constants, Folder
from .inline import inline
from .makers import move_makers
from .names import Joiner, short_private, top_level, used_names
from .owners import Owners
from .pack import drop_unsaid, pack_module
from .shake import shake
from .shorten import RESIDENT, Shortener
from .unroll import unroll

PAGES = "firmware.terminal.pages"  # the package whose modules are loaded on demand
PAGE_PREFIX = "page_"  # and what they are called on the device
SHARED_PREFIX = SHARED  # of what several pages need: a file that is loaded with them, and forgotten likewise
SHARED_SOURCE_MIN = 300  # characters; less is smaller in each of the pages
LISTS = "protocols.wire.lists"  # a page, too, as are
DRIVERS = "firmware.board.displays."
BEGIN = "firmware.board.unix.begin"  # what it uses is resident, it is not
OF_BOARD = (
    BEGIN,
    "firmware.board.unix.duties",
    "firmware.board.unix.panel",
    *(DRIVERS + name for name in ("st7735", "st7789", "ssd1680")),
)
KEPT = ("display", "senses")  # pages that stay once they are loaded; the others find their names there
KEPT_PARTS = 1
LAYOUTS = ("protocols.wire.tables", "protocols.wire.pages.")  # modules whose texts are fields of bodies
# A linked program has files of data beside it.
STAND_INS = {"firmware.terminal.screen.glyph_rows": "firmware.terminal.screen.glyph_file"}
SETTLED: Constants = {
    PAGES: {"PREFIX": PAGE_PREFIX},
    "protocols.wire.bodies": {"LISTS": PAGE_PREFIX + "lists"},
    "firmware.board.wiring": {"DRIVERS": PAGE_PREFIX},
    "firmware.main": {"BEGIN": PAGE_PREFIX + "begin"},
    "firmware.board.unix.board": {"DUTIES": PAGE_PREFIX + "duties"},
    BEGIN: {"DUTIES": PAGE_PREFIX + "duties", "PANEL": PAGE_PREFIX + "panel"},
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
    return _Linker(Folder(root, sources, dict(SETTLED), STAND_INS)).link(main, name, parts)


class _Linker:
    def __init__(self, folder: Folder) -> None:
        self._folder = folder
        self._roots = {name.split(".")[0] for name in folder.modules}
        self._trees: dict[str, ast.Module] = {}  # of all modules, what is needed first first
        self._foreign: dict[str, str] = {}  # name → the import statement that binds it
        self._owner: dict[str, str] = {}  # public name → the module that it is of
        self._names: dict[str, dict[str, str]] = {}
        self._errors: dict[str, str] = {}
        self._imported: dict[str, dict[str, str]] = {}  # module → imported name → the module that it is from

    def link(self, main: str, name: str, count: int) -> Program:
        resident = self._collect(BEGIN)[:-1] if BEGIN in self._folder.modules else []
        resident = self._collect(main, resident)
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
        self._shake(main, pages, resident, shared)
        self._shorten(main, pages, shared)
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
        Joiner(module, number, aliases, short_private(tree.body, number)).join(tree)

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

    def _shake(self, main: str, pages: dict[str, list[str]], resident: list[str], shared: list[str]) -> None:
        roots = set()
        for module in (main, *pages):  # what is public there is called from outside
            roots |= {name for name in top_level(self._trees[module].body) if not name.startswith("_")}
        self._errors = number_errors(self._trees.values())
        self._owners = Owners(self._trees)
        shake(list(self._trees.values()), roots)
        for page, modules in pages.items():
            if page == BEGIN or _is_kept(page):
                move_makers(self._trees, page, {*resident, *modules} - {page})
        for tree in self._trees.values():
            unroll(tree)
        units = {module: {page for page in pages if module in pages[page]} for module in self._trees}
        order = list(self._trees)
        reach = {
            module: {
                other
                for other in order[at + 1 :]
                if module in resident or (units[other] <= units[module] and other not in resident)
            }
            for at, module in enumerate(order)
        }
        inline(self._trees, roots, reach)
        shake(list(self._trees.values()), roots)
        plain = {each for each, said in self._foreign.items() if said == f"import {each}"}
        alias(self._trees, resident[0], plain)

    def _shorten(self, main: str, pages: dict[str, list[str]], shared: list[str]) -> None:
        entries = set().union(*[top_level(self._trees[page].body) for page in pages])
        layouts = {module for module in self._trees if module.startswith(LAYOUTS)}
        packed = [module for module in layouts if "BODIES" in top_level(self._trees[module].body)]
        units = {**{page: list(modules) for page, modules in pages.items()}, RESIDENT: shared}
        short = Shortener(
            self._trees, top_level(self._trees[main].body), entries, layouts, units, owners=self._owners
        )
        short.shorten()
        self._names = {
            "attributes": short.attributes,
            "tops": short.tops,
            "fields": short.fields,
            "errors": self._errors,
        }
        self._pack(
            sorted(packed, key=lambda name: units[RESIDENT].count(name) == 0),
            short.tops.get("BODIES", ""),
            units,
        )
        self._owner = {short.tops.get(name, name): module for name, module in self._owner.items()}

    def _pack(self, modules: list[str], table: str, units: dict[str, list[str]]) -> None:
        """Layouts become bytes; the tables of the resident program first, for others use theirs."""
        names: dict[str, Any] = {}
        for module in modules:
            resident = module in units[RESIDENT]
            pack_module(self._trees[module], table, names if resident else dict(names), resident)
            beside = {each for unit in units.values() if module in unit or resident for each in unit}
            drop_unsaid(self._trees[module], [self._trees[each] for each in beside - {module}])

    def _write(self, resident: list[str], pages: dict[str, list[str]], name: str, count: int) -> Program:
        program = Program(names=self._names)
        place: dict[str, str] = {}  # resident name → part
        self._write_parts(program.parts, name, resident, place, count)
        for page in filter(_is_kept, pages):
            name = PAGE_PREFIX + page.rpartition(".")[2]
            self._write_parts(program.pages, name, pages[page][:-1], place, KEPT_PARTS)
            program.pages[name] = self._source(self._trees[page].body, place, pages[page])
        others = {page: modules for page, modules in pages.items() if not _is_kept(page)}
        aside = self._write_shared(program.pages, others, place)
        for page, modules in others.items():
            own = [module for module in modules if module not in aside]
            body = [statement for module in own for statement in self._trees[module].body]
            here = {**place, **self._names_aside(modules, aside)}
            program.pages[PAGE_PREFIX + page.rpartition(".")[2]] = self._source(body, here, own)
        return program

    def _write_shared(
        self, sources: dict[str, str], pages: dict[str, list[str]], place: dict[str, str]
    ) -> dict[str, str]:
        """Modules that several pages have, in files of their own: gives which one is in which file."""
        groups: dict[tuple[str, ...], list[str]] = {}
        for module in self._trees:
            users = tuple(page for page in pages if module in pages[page])
            if len(users) > 1 and not _is_page(module):
                groups.setdefault(users, []).append(module)
        aside: dict[str, str] = {}
        for users, modules in groups.items():
            body = [statement for module in modules for statement in self._trees[module].body]
            if len(ast.unparse(ast.Module(body, []))) >= SHARED_SOURCE_MIN:
                name = f"{SHARED_PREFIX}{len(set(aside.values()))}"
                here = {**place, **self._names_aside(pages[users[0]], aside)}
                sources[name] = self._source(body, here, modules)
                aside.update(dict.fromkeys(modules, name))
        return aside

    def _names_aside(self, modules: list[str], aside: dict[str, str]) -> dict[str, str]:
        return {
            name: aside[module]
            for module in modules
            if module in aside
            for name in top_level(self._trees[module].body)
        }

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
