"""Layouts of the terminal's rare messages, a module for each family, all GENERATED: see `tables.py`.

Kept out of `tables.py` because a device holds that for good. Must not be imported by what stays in its heap;
`ids` may, it holds constants only.
"""
