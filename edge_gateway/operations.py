"""What serves people, not terminals: commands, REST API, pages for watchers, the control socket.

Made over a floor, be it one process or several workers; starts what the configuration enables, and stops it
before the floor. Composes; decides nothing. What is off is not loaded: the web's libraries are a good part of
what a start costs, and a start may be what terminals wait for.
"""

import logging
import random
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from .commands import CommandError, CommandLimits, CommandService, Rollouts
from .commands.alarm_files import OURSELVES, Files, ask_for
from .commands.over_mqtt import MqttCommands
from .config import CommandsSection, Config
from .control import Control
from .control.server import Answer
from .delivery.settings import settings_of
from .floor import Floor
from .log import Throttle, event
from .registry import Fleet
from .reload import BROKERS, NeedsRestartError, Part
from .tokens import Tokens

if TYPE_CHECKING:
    from .api.services import Services
    from .freight.service import FreightService
    from .web import Web

_log = logging.getLogger(__name__)


class Operations:
    """`await start()` gives the ports of what listens; `await stop()`; `stats()` for the status file.

    dead: parts of the floor that must run and do not. hindrances: see `metrics.Health`. answers: further
    questions that the control socket answers. make_freight: from the command desk; called where freight is
    enabled.
    """

    def __init__(
        self,
        config: Config,
        floor: Floor,
        dead: Callable[[], list[str]],
        hindrances: Callable[[], list[str]],
        answers: Mapping[str, Answer],
        *,
        make_freight: Callable[[CommandService], "FreightService"] | None = None,
    ) -> None:
        self._config = config
        self._floor = floor
        self._floor_dead = dead
        self._hindrances = hindrances
        self._commands: CommandService | None = None
        self._rollouts: Rollouts | None = None
        self._tokens: Tokens | None = None
        self._fleet: Fleet | None = None
        self._webs: dict[str, Web] = {}
        self._throttle = Throttle()
        self._mqtt: MqttCommands | None = None
        self._make_freight = make_freight
        self._freight: FreightService | None = None
        questions = {"status": self._status, "terminals": floor.terminals, **answers}
        self._control = Control(config.control_path, questions, {"frames": floor.frames})

    async def start(self) -> dict[str, int]:
        """Raises OSError, StoreError, with the key that is to be changed."""
        ports = {}
        config = self._config
        await self._control.start()
        if has_commands(config):
            self._start_commands()
        if config.freight.enabled and self._commands and self._make_freight:
            self._freight = self._make_freight(self._commands)
            self._freight.start()
        if config.commands.mqtt and self._commands:
            self._mqtt = MqttCommands(settings_of(config)[0], self._commands, random.random)
            self._mqtt.start()
        if config.api.enabled:
            self._webs["api"] = self._api()
        if config.metrics.enabled:
            self._webs["metrics"] = self._pages()
        for name, web in self._webs.items():
            ports[name] = await web.start(name)
        for name, port in ports.items():
            event(_log, logging.INFO, f"{name} listens", port=port)
        return ports

    async def stop(self) -> None:
        """Ends what was started, newest first; commands that are not done wait on the disk."""
        for web in reversed(self._webs.values()):
            await web.stop()
        await self._control.stop()
        if self._mqtt:
            await self._mqtt.stop()
        if self._freight:
            await self._freight.stop()
        self._floor.listen(None)
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

    def freight_stats(self) -> dict[str, Any] | None:
        """Of freight; None where it is off."""
        return self._freight.stats() if self._freight else None

    def dead(self) -> list[str]:
        """Parts that must run and do not, ours and the floor's, in words; empty when all is well."""
        found = self._floor_dead()
        if self._commands:
            found += self._commands.dead()
        if self._rollouts and not self._rollouts.running:
            found.append("roll-outs stand still")
        if self._mqtt and not self._mqtt.running:
            found.append("commands over MQTT ended")
        found += [f"{name} does not answer" for name, web in self._webs.items() if not web.running]
        return found

    async def order_files(self, terminal: str, edition: int, identifier: dict[str, Any]) -> None:
        """Orders the files of an alarm that a terminal reported, once; on the disk when this returns. What
        cannot be ordered at all is told to the log. Raises OSError when it is to be tried again."""
        if self._commands is None or self._floor.order_files is None:
            return
        files = Files(terminal, edition, identifier)
        try:
            await ask_for(self._commands, self._floor.order_files, files, OURSELVES)
        except CommandError as error:
            if error.kind == "failed":
                raise OSError(str(error)) from error
            if error.kind != "conflict":  # its terminal told another number of files: it is ordered
                self._tell_not_ordered(terminal, str(error))

    def _tell_not_ordered(self, terminal: str, why: str) -> None:
        if self._throttle.allows(terminal, why, time.monotonic()):
            event(_log, logging.WARNING, "the files of an alarm are not ordered", terminal=terminal, why=why)

    def parts(self) -> list[Part]:
        """What of this takes over a new configuration while it runs."""
        parts = [Part(("api.certificate_file", "api.key_file"), self._renew_certificate)]
        if self._mqtt:
            parts.append(Part(BROKERS, self._renew_mqtt))
        if self._freight:
            parts.append(Part(BROKERS, _needs_a_restart))
        return parts

    async def _renew_certificate(self, new: Config) -> None:
        web = self._webs.get("api")
        if web and not (new.api.certificate_file and web.renew(new.api.certificate_file, new.api.key_file)):
            raise NeedsRestartError  # from or to no TLS at all

    async def _renew_mqtt(self, new: Config) -> None:
        """Another connection; requests that come meanwhile wait at the broker."""
        if self._mqtt and self._commands:
            await self._mqtt.stop()
            self._mqtt = MqttCommands(settings_of(new)[0], self._commands, random.random)
            self._mqtt.start()

    def _start_commands(self) -> None:
        path = self._config.commands_path
        self._commands = CommandService(path, limits_of(self._config.commands), self._floor.roll.edition_of)
        self._rollouts = Rollouts(self._commands)
        self._tokens = Tokens(path)
        self._fleet = Fleet(self._floor.registry)
        self._floor.listen(self._commands)
        self._commands.start()
        self._rollouts.start()

    def _api(self) -> "Web":
        from .api.app import create_app  # noqa: PLC0415 - see above
        from .web import Web  # noqa: PLC0415

        api = self._config.api
        return Web(create_app(self._services()), api.host, api.port, api.certificate_file, api.key_file)

    def _pages(self) -> "Web":
        from .metrics.pages import Health, create_pages  # noqa: PLC0415 - see above
        from .web import Web  # noqa: PLC0415

        pages = create_pages(Health(self._floor.snapshots, self.dead, self._all_hindrances))
        return Web(pages, self._config.metrics.host, self._config.metrics.port)

    def _all_hindrances(self) -> list[str]:
        return self._hindrances() + (self._freight.hindrances() if self._freight else [])

    def _services(self) -> "Services":
        from .api.services import Services  # noqa: PLC0415 - see above

        assert self._commands and self._rollouts and self._tokens and self._fleet
        floor = self._floor
        return Services(
            self._commands,
            self._rollouts,
            floor.roll,
            self._fleet,
            self._tokens,
            floor.stats,
            floor.last_position,
            floor.disconnect,
            self._config.api.body_max_bytes,
            floor.media,
            floor.order_files,
            self._freight.desk if self._freight else None,
        )

    async def _status(self, question: dict[str, Any]) -> dict[str, Any]:
        del question
        return self._floor.stats()


async def _needs_a_restart(new: Config) -> None:
    """Freight has a line of its own to the broker, which it keeps."""
    del new
    raise NeedsRestartError


def has_commands(config: Config) -> bool:
    """Whether somebody may send commands."""
    media = config.media
    orders = media.enabled and media.attachments and media.order_files
    return config.api.enabled or config.commands.mqtt or config.freight.enabled or orders


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
