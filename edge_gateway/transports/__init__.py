"""Other ways to the gateway than a plain TCP connection, and what a balancer before us tells about one.

Each of them ends in a `Connection`, which does not know the difference. Nothing here knows a frame.
"""

from .pace import Pace, Spending
from .proxy import ProxyDoor, networks_of
from .tls import context_of, renew
from .udp import Datagrams

__all__ = ["Datagrams", "Pace", "ProxyDoor", "Spending", "context_of", "networks_of", "renew"]
