"""Freight at the edge: capacity verification, the gate at trip start, orders, waybills, documents, evidence.

A service beside the command desk with a file of its own (`freight.db`): one for the house, in the process of
the gateway or of the supervisor. It follows each journal by a cursor of its own, so the road of the reports
does not know it and a crash loses nothing: what one turn finds out is one commit. `life`, `texts`, `gate`,
`orders`, `track`, `hours`, `route_sheet`, `naming` are pure; `book` is the file; `trips`, `paperwork`,
`codes_down` and `desk` are what happens in it; `making` and `service` join. Must not decide what a register
says, and must not send what `protocols.freight` did not check and release.
"""

from .cursor import CURSOR, cursor_names

__all__ = ["CURSOR", "cursor_names"]
