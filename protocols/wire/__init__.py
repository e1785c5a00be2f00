"""The portable half of JT/T 808: frames, headers, BCD, table-driven bodies.

Runs unchanged on MicroPython and CPython, so it imports only `struct`, `binascii`, `collections` and its
own modules, uses no floats, and checks every range itself. `tables.py` is generated from the definitions.
"""
