"""JT/T 808 on CPython: the declarations, and everything that is derived from them.

`definitions` says each fact once; `plan` walks it into `nodes`; `emit` generates `generated.py` here,
`tables.py` for the terminal (only what `terminal_subset` lists) and docs/messages.md. `fast` is what the
gateway decodes with; `walk` reads and writes along the plan, with the place of every mistake; `oracle` is
construct itself. `codec`, `present`, `explain`, `difference` and `cli` are for people;
`quirks` (with `profiles`) says what single models of terminals do otherwise. Nothing here opens a
socket, a database or a clock.
"""
