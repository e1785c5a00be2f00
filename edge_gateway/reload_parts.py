"""How the parts of one process with terminals take over a new configuration; which keys: `reload`."""

import ssl
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from . import log
from .config import Config
from .delivery.apart import DeliveryKeeper
from .delivery.settings import read_by, settings_of
from .reload import (
    ADMISSION,
    BROKERS,
    CERTIFICATE,
    HOUSE,
    LIMITS,
    LOG,
    PROFILES,
    QUOTA,
    NeedsRestartError,
    Part,
)
from .server import Server, ServerLimits
from .session.house import house_of
from .session.profiles import ProfilesError
from .transports import renew


class OwnParts:
    """`parts()` of a process. begun: the configuration that it began with. Sessions keep the limits and
    profiles that they began with: what is new is for connections that come from then on."""

    def __init__(
        self,
        begun: Config,
        server: Server,
        delivery: DeliveryKeeper | None,
        *,
        tls: ssl.SSLContext | None,
        limits_of: Callable[[Config], ServerLimits],
        registry: Path,
    ) -> None:
        self._begun = begun
        self._server = server
        self._delivery = delivery
        self._tls = tls
        self._limits_of = limits_of
        self._registry = registry

    def parts(self) -> list[Part]:
        """Which keys each takes."""
        return [
            Part(LOG, self._log),
            Part(ADMISSION, self._admission),
            Part(HOUSE, self._house),
            Part(LIMITS, self._limits),
            Part(CERTIFICATE, self._certificate),
            Part(QUOTA, self._quota),
            Part((*BROKERS, *PROFILES), self._brokers),
        ]

    async def _log(self, new: Config) -> None:
        log.configure(new.log.level, new.log.format)
        if self._delivery:
            self._delivery.set_log(new.log.level, new.log.format)

    async def _admission(self, new: Config) -> None:
        self._server.registry.set_mode(new.registration.mode)

    async def _house(self, new: Config) -> None:
        server = self._server
        try:
            house = house_of(new.sessions, server.registry, server.media is not None)
        except ProfilesError as error:
            raise ValueError("; ".join(error.problems)) from error
        server.house = replace(house, budget=server.house.budget)  # unfinished messages are still counted

    async def _limits(self, new: Config) -> None:
        self._server.set_limits(self._limits_of(new))

    async def _certificate(self, new: Config) -> None:
        if self._tls:
            renew(self._tls, new.tls.certificate_file, new.tls.key_file)

    async def _quota(self, new: Config) -> None:
        if self._server.media:
            self._server.media.set_quota(new.media)

    async def _brokers(self, new: Config) -> None:
        """Replaces the delivery process. Other destinations want cursors of the journal: a restart."""
        begun, settings = settings_of(self._begun), settings_of(new)
        same = {one.name for one in begun} == {one.name for one in settings}
        if new.mqtt.enabled != self._begun.mqtt.enabled or not same:
            raise NeedsRestartError
        if self._delivery:
            settings = read_by(settings, new.sessions, self._registry)
            self._delivery.renew(settings, new.delivery.nice, new.delivery.least_rate)
