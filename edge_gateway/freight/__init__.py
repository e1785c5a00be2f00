"""Freight at the edge: capacity verification, the gate at trip start, orders, waybills, documents, evidence.

A service beside the command desk with a file of its own (`freight.db`). It follows the journal by its own
cursor, so the road of the reports does not know it and a crash loses nothing: what one turn finds out is one
commit. `life`, `texts`, `gate`, `orders`, `track`, `hours`, `route_sheet` are pure; `book` is the file,
`trips` and `desk` what happens in it, `service` joins. Must not decide what a register says, and must not
send what `protocols.freight` did not check and release.
"""

from .cursor import CURSOR, cursor_names

__all__ = ["CURSOR", "cursor_names"]
