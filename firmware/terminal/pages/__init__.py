"""The terminal's rare work, one module a page: loaded when it is needed, gone when nobody holds it any more.

A page costs heap only while it runs; on a board with frozen modules it costs none. So a page keeps nothing in
its module: what must last is in the store, in an object of the resident program, or nowhere. Resident code
never imports a page; it asks for it by name:

    pages.use("areas").handle(terminal, header, body, now_ms)

and must not keep the module. A page may import resident modules and what it alone needs (a table of
`protocols.wire.pages`, another page's helper): the linker puts that into the page.
"""

PREFIX = "firmware.terminal.pages."  # of the modules' names; the linker gives them another


def use(name):
    """The page of this name. Raises ImportError when the program has no such page, MemoryError."""
    return _load(PREFIX + name)


def keep(name):
    """As `use`, for what stays: other pages share its classes. ImportError, MemoryError likewise."""
    return _keep(PREFIX + name)


def load_by(load, keep, open_data=None):
    """The board says how modules are loaded: each of (full name) → module; `load` forgets it to save heap.

    open_data(name): opens a file beside the program, see `data_file`; only a linked program has any.
    """
    global _load, _keep, _open
    _load = load
    _keep = keep
    _open = open_data


def data_file(name):
    """A file of data beside the linked program, open for reading. Raises OSError."""
    return _open(name)


_open = None


def _load(path):
    return __import__(path, None, None, ("handle",))


def _keep(path):
    return __import__(path, None, None, ("attach",))
