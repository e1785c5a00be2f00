"""HTTP in the gateway's own event loop: uvicorn without its signal handlers, started and stopped by us."""

import asyncio
import contextlib
import logging
import os
import socket
from collections.abc import Iterator
from typing import Any, Final

import uvicorn

from .transports import renew

KEEP_ALIVE_S: Final = 10
STOP_S: Final = 3.0
CONNECTIONS_MAX: Final = 200  # at once; terminals must not want for files because of a page
HEAD_BYTES_MAX: Final = 32 * 1024


class _Quiet(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals are the gateway's."""
        yield


class Web:
    """`await start(key)` gives the port; `await stop()` ends it within seconds."""

    def __init__(self, app: Any, host: str, port: int, certificate: str = "", key: str = "") -> None:
        self._host, self._port = host, port
        config = uvicorn.Config(
            app,
            log_config=None,
            log_level=logging.WARNING,
            access_log=False,  # tokens' users are in the audit lines
            lifespan="off",
            server_header=False,
            timeout_keep_alive=KEEP_ALIVE_S,
            timeout_graceful_shutdown=int(STOP_S),
            limit_concurrency=CONNECTIONS_MAX,
            h11_max_incomplete_event_size=HEAD_BYTES_MAX,
            ssl_certfile=certificate or None,
            ssl_keyfile=key or None,
        )
        self._server = _Quiet(config)
        self._task: asyncio.Task[None] | None = None

    async def start(self, key: str) -> int:
        """Listens. `key`: the section of the configuration, for the error. Raises OSError."""
        try:
            listener = socket.create_server((self._host, self._port), backlog=128)
        except OSError as error:
            reason = os.strerror(error.errno) if error.errno and error.errno > 0 else str(error)
            raise OSError(
                f"{key}.host, {key}.port: cannot listen on {self._host}:{self._port}: {reason}"
            ) from error
        self._task = asyncio.get_running_loop().create_task(self._server.serve([listener]))
        while not self._server.started:
            if self._task.done():
                self._task.result()
                raise OSError(f"{key}: the server did not start; see the log")
            await asyncio.sleep(0.005)
        return int(listener.getsockname()[1])

    def renew(self, certificate: str, key: str) -> bool:
        """Shows another certificate from now on; False when it speaks no TLS. Raises OSError."""
        context = self._server.config.ssl
        if context is None:
            return False
        renew(context, certificate, key)
        return True

    @property
    def running(self) -> bool:
        """Whether it answers."""
        return self._task is not None and not self._task.done()

    async def stop(self) -> None:
        """Answers what is asked, then ends."""
        if self._task is None:
            return
        self._server.should_exit = True
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._task, STOP_S)
