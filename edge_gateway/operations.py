"""What serves people, not terminals: commands, REST API, pages for watchers, the control socket.

Made by the gateway once its server listens; starts what the configuration enables, and stops it before the
server. Composes; decides nothing.
"""

import base64
import logging
import random
import time
from collections.abc import Callable
from typing import Any

from .api import Services, Tokens, create_app
from .api.media import StoredMedia
from .commands import CommandLimits, CommandService, Rollouts
from .commands.over_mqtt import MqttCommands
from .config import CommandsSection, Config
from .control import Control
from .delivery.settings import settings_of
from .log import event
from .metrics import Health, create_pages
from .metrics.sample import last_position
from .registry import Fleet
from .registry.csv_files import terminal_as_row
from .server import Server
from .web import Web

_log = logging.getLogger(__name__)


class Operations:
    """`await start()` gives the ports of what listens; `await stop()`; `stats()` for the status file."""

    def __init__(self, config: Config, server: Server, stats: Callable[[], dict[str, Any]]) -> None:
        self._config = config
        self._server = server
        self._stats = stats
        self._commands: CommandService | None = None
        self._rollouts: Rollouts | None = None
        self._tokens: Tokens | None = None
        self._fleet: Fleet | None = None
        self._webs: list[Web] = []
        self._mqtt: MqttCommands | None = None
        self._control = Control(
            config.control_path,
            {"status": self._status, "terminals": self._terminals},
            {"frames": self._frames},
        )

    async def start(self) -> dict[str, int]:
        """Raises OSError, StoreError, with the key that is to be changed."""
        ports = {}
        config = self._config
        await self._control.start()
        if config.api.enabled or config.commands.mqtt:
            self._start_commands()
        if config.commands.mqtt and self._commands:
            self._mqtt = MqttCommands(settings_of(config)[0], self._commands, random.random)
            self._mqtt.start()
        if config.api.enabled:
            api = config.api
            web = Web(create_app(self._services()), api.host, api.port, api.certificate_file, api.key_file)
            self._webs.append(web)
            ports["api"] = await web.start("api")
        if config.metrics.enabled:
            pages = create_pages(
                Health(
                    self._figures,
                    self._server.journal,
                    config.journal.max_bytes,
                    config.data_dir,
                    lambda: not self._server.journal.died,
                    self._server.latency,
                )
            )
            web = Web(pages, config.metrics.host, config.metrics.port)
            self._webs.append(web)
            ports["metrics"] = await web.start("metrics")
        for name, port in ports.items():
            event(_log, logging.INFO, f"{name} listens", port=port)
        return ports

    async def stop(self) -> None:
        """Ends what was started, newest first; commands that are not done wait on the disk."""
        for web in reversed(self._webs):
            await web.stop()
        await self._control.stop()
        if self._mqtt:
            await self._mqtt.stop()
        self._server.listener = None
        if self._rollouts:
            await self._rollouts.stop()
        if self._commands:
            await self._commands.stop()
        if self._tokens:
            self._tokens.close()
        if self._fleet:
            self._fleet.close()

    def stats(self) -> dict[str, Any] | None:
        """Of the commands; None when there are none."""
        return self._commands.stats() if self._commands else None

    def _figures(self) -> dict[str, Any]:
        """With what is too much work for a status file every second."""
        stats = self._stats()
        stats["server"]["editions"] = self._server.editions()
        return stats

    def _start_commands(self) -> None:
        path, registry = self._config.commands_path, self._server.registry
        self._commands = CommandService(path, limits_of(self._config.commands), registry.edition_of)
        self._rollouts = Rollouts(self._commands)
        self._tokens = Tokens(path)
        self._fleet = Fleet(registry)
        self._server.listener = self._commands
        self._commands.start()
        self._rollouts.start()

    def _services(self) -> Services:
        assert self._commands and self._rollouts and self._tokens and self._fleet
        media = self._server.media
        return Services(
            self._commands,
            self._rollouts,
            self._server.registry,
            self._fleet,
            self._tokens,
            self._stats,
            lambda identity: last_position(self._server.journal, identity),
            self._server.disconnect,
            self._config.api.body_max_bytes,
            StoredMedia(media.store) if media else None,
            media.orders.order if media and self._config.media.attachments else None,
        )

    # What the control socket is asked.

    async def _status(self, question: dict[str, Any]) -> dict[str, Any]:
        del question
        return self._stats()

    async def _terminals(self, question: dict[str, Any]) -> list[dict[str, Any]]:
        """Terminals of the registry, those online with their peers; at most `limit`, from behind `after`."""
        online = self._server.online()
        limit, after = int(question.get("limit", 100)), str(question.get("after", ""))
        rows: list[dict[str, Any]] = []
        for terminal in self._server.registry:
            if len(rows) >= limit:
                break
            if terminal.identity > after and (terminal.identity in online or not question.get("online")):
                rows.append(terminal_as_row(terminal) | {"peer": online.get(terminal.identity, "")})
        return rows

    def _frames(self, question: dict[str, Any], say: Callable[[Any], None]) -> Callable[[], None]:
        """The bytes of a terminal's connection from now on, as they come and go."""
        identity = str(question.get("terminal", "")).lstrip("0")
        if self._server.registry.get(identity) is None:
            raise ValueError(f"no terminal {question.get('terminal')!r} is registered")

        def tap(direction: str, data: bytes) -> None:
            say({"at": time.time(), "way": direction, "data": base64.b64encode(data).decode("ascii")})

        taps = self._server.taps
        taps.setdefault(identity, []).append(tap)

        def end() -> None:
            taps[identity].remove(tap)
            if not taps[identity]:
                del taps[identity]

        return end


def limits_of(section: CommandsSection) -> CommandLimits:
    """The limits that [commands] says."""
    return CommandLimits(
        per_terminal=section.per_terminal,
        total=section.total,
        body_bytes=section.body_max_bytes,
        response_ms=int(section.response_timeout_s * 1000),
        retries=section.retries,
        answer_ms=int(section.answer_timeout_s * 1000),
        life_ms=section.default_life_s * 1000,
        life_max_ms=section.max_life_s * 1000,
    )
