"""One of several gateway processes on one port: which terminals are its own, and how a connection that came
to another one gets here.

Every terminal belongs to one worker, by its number. So recent names, takeover and commands stay what they are
in one process. Knows nothing of frames beyond their header; starts no process, that is the supervisor's.
"""

from .owners import Share, owner_of
from .post import Post

__all__ = ["Post", "Share", "owner_of"]
