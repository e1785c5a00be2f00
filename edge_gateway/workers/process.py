"""`python -m edge_gateway.workers.process FILE`: one worker, started by the supervisor.

FILE: the number of our end of the lifeline. Its first line says who we are and how we are configured.
"""

import json
import logging
import socket
import sys

from .. import gateway, log
from ..config import Config
from ..journal import JournalError
from ..registry import RegistryError
from .post import Post

FAILED = 1
_log = logging.getLogger(__name__)


def main(lifeline_file: int) -> None:
    """Runs until SIGTERM, or until the supervisor is gone."""
    said = json.loads(_first_line(lifeline_file))
    config = Config.model_validate_json(said["config"])
    log.configure(config.log.level, config.log.format)
    post = Post.of(said, lifeline_file)
    try:
        gateway.run(config, lambda *where: post.lifeline.say({"ready": where[2]}), None, post)
    except (gateway.GatewayError, JournalError, RegistryError, OSError) as error:
        _log.error("worker %d ends: %s", post.share.index, error)
        sys.exit(FAILED)


def _first_line(number: int) -> bytes:
    """Read byte by byte: what stands behind it is for later. Raises EOFError."""
    line = b""
    with socket.socket(fileno=number) as end:
        end.setblocking(True)
        while not line.endswith(b"\n"):
            if not (byte := end.recv(1)):
                raise EOFError("the supervisor is gone")
            line += byte
        end.detach()
    return line


if __name__ == "__main__":
    main(int(sys.argv[1]))
