"""Loads a page and forgets it at once: the module lives as long as somebody works with it, and no longer.

For boards whose pages are files. Frozen ones cost no heap and may be loaded plainly.
"""

import gc
import sys

SHARED = "both"  # how modules begin that hold what several pages of a linked program use


def load(path):
    """The module of this full name, in `sys.modules` no more, nor what it shares with other pages.

    Raises ImportError, MemoryError.
    """
    gc.collect()  # the holes of what is gone are filled first: pages then leave none among what stays
    module = __import__(path, None, None, (path,))
    for name in list(sys.modules):
        if name == path or name.startswith(SHARED):
            del sys.modules[name]
    package, _, name = path.rpartition(".")
    if package and hasattr(sys.modules[package], name):  # a program that is not linked
        delattr(sys.modules[package], name)
    return module


def load_for_good(path):
    """The module of this full name; all that it uses stays. A linked one has that in pieces before it,
    `path`0, `path`1, …, and is gone itself when the caller lets go of it.

    Collected after every piece: what the loader has thrown away is room for the next one.
    """
    number = 0
    try:
        while True:
            gc.collect()
            __import__(path + str(number))
            number += 1
    except ImportError:
        return load(path)


def open_data(name):
    """Opens the file of this name where modules are looked for. Raises OSError when it is nowhere."""
    for folder in sys.path:
        try:
            return open(folder + "/" + name, "rb")
        except OSError as absent:
            missing = absent
    raise missing
