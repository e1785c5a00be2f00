"""Several gateway processes on one port, and the one that looks after them.

Holds the listeners and the ways between workers, starts, restarts and stops them, adds up what they say.
Never touches a terminal's bytes, a journal or a broker.
"""

from .supervisor import run

__all__ = ["run"]
