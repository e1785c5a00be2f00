"""Builds the C twins of the portable byte work where a compiler is; without one everything works, slower.

All else about the distribution stands in pyproject.toml.
"""

import sys

from setuptools import Extension, setup

# optional: a failed build is a warning, not an error
EXTENSIONS = [
    Extension(
        "protocols.wire._accelerator",
        ["protocols/wire/_accelerator.c"],
        depends=["protocols/wire/_framing.h"],
        optional=True,
    ),
    Extension(
        "edge_gateway._hotpath",
        ["edge_gateway/_hotpath.c", "edge_gateway/_group.c", "edge_gateway/_express.c"],
        depends=["edge_gateway/_hotpath.h", "protocols/wire/_framing.h"],
        optional=True,
    ),
]

setup(ext_modules=EXTENSIONS if sys.implementation.name == "cpython" else [])
