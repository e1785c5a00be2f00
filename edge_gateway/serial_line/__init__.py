"""A terminal or a bare NMEA receiver on a serial port of this machine, as one more session of the gateway.

A terminal's bytes are carried to the gateway and back. A receiver speaks no JT/T 808: `reporter` does it for
it, `fixes` reads its sentences. Both are pure; `line` is the shell with the port and the socket. Comes to the
gateway through its port like any terminal, so everything that holds for terminals holds here.
"""

from .line import LineError, serve

__all__ = ["LineError", "serve"]
