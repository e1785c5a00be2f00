"""Builds the C twin of protocols/wire/framing.py where a compiler is; without one everything works, slower.

All else about the distribution stands in pyproject.toml.
"""

import sys

from setuptools import Extension, setup

ACCELERATOR = Extension(
    "protocols.wire._accelerator", ["protocols/wire/_accelerator.c"], optional=True
)  # optional: a failed build is a warning, not an error

setup(ext_modules=[ACCELERATOR] if sys.implementation.name == "cpython" else [])
