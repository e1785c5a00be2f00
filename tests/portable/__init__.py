"""The portable half under both interpreters: each check_*.py runs under CPython and under real MicroPython.

A check file holds functions `check_…` and ends with `harness.run(globals())`; it imports only what both
interpreters have. `interpreters.py` finds MicroPython and runs a file.
"""
