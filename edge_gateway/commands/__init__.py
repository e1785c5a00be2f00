"""Commands: any downlink message, sent now or when its terminal comes online, until it is done or expires.

`desk` and `rollout` are pure: they decide what is sent when and what an answer means. `store` keeps every
command on the disk before anybody is told that it was taken. `service` joins them to the gateway's sessions.
Nothing here knows sockets, frames or HTTP.
"""

from ..store_file import StoreError
from .command import Command, CommandError
from .rollouts import Plan, Rollouts
from .service import CommandService, Request
from .settings import CommandLimits

__all__ = [
    "Command",
    "CommandError",
    "CommandLimits",
    "CommandService",
    "Plan",
    "Request",
    "Rollouts",
    "StoreError",
]
