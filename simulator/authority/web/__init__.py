"""The authority's HTTP API on loopback: logins, codes, registers, roadside, consents, persons, snapshots.

Each route reads a body, asks one of the authority's parts, writes an answer; it decides nothing. Who may ask
what is said by scopes (`gate`). Errors carry the platform's result codes and never a value of a body.
"""

from .app import create_app
from .services import Services

__all__ = ["Services", "create_app"]
