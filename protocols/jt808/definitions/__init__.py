"""The messages of JT/T 808 as `construct` declarations: each fact of the standard is written here, once.

One file per message family; each field carries its unit in its name and its Chinese name in its docs. All
declarations parse to plain wire values (ints, bytes, lists, dicts). Nothing here presents, sends or decides.
"""
