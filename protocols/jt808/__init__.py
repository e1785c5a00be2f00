"""JT/T 808 on CPython: the declarations, and everything that is derived from them.

`definitions` says each fact once; `plan` walks it; `emit` generates `generated.py` here and `tables.py` for
the terminal; `oracle` is construct itself; `fast` is what the gateway decodes with; `codec`, `present`,
`explain` and `cli` are for people. Nothing here opens a socket, a database or a clock.
"""
