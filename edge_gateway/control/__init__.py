"""How the command line asks a running gateway: a Unix socket in its data folder, for its own user only.

One JSON line asks, JSON lines answer. `server` is the gateway's side, `client` the command's; neither knows
what is asked for.
"""

from .client import ControlError, ask, follow, is_running
from .server import Control

__all__ = ["Control", "ControlError", "ask", "follow", "is_running"]
