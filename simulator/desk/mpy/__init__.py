"""Makes compiled files smaller: what mpy-cross writes is right, but it compiles line for line.

The linker's last step, behind `mpy-cross`: it knows the whole file, and that nobody will ask a class for its
module. It changes no behaviour and no order of evaluation. It must not look at sources; what needs to know
the program is done on its trees before.
"""

from __future__ import annotations

from collections.abc import Collection

from . import slots, tables, tails
from .format import read, write
from .steps import assemble, parse


def smaller(data: bytes, keywords: Collection[str]) -> bytes:
    """A .mpy file that does the same. keywords: names of parameters that calls pass by name, anywhere.

    Raises FormatError.
    """
    file = read(data)
    codes = file.code.all()
    functions = [parse(code.body) for code in codes]
    tables.drop_class_heads(file, functions)
    tables.drop_lists_of_imports(file, functions)
    for function in functions:
        slots.settle(function)
        tails.shorten(function)
    tables.drop_names(file, functions, keywords)
    tables.order(file, functions)
    for code, function in zip(codes, functions, strict=True):
        code.body = assemble(function)
    return write(file)
