"""The whole file: every section, what must fit together, and where our own files are."""

from pathlib import Path
from typing import Final

from pydantic import Field, model_validator

from ..session.profiles import ProfilesError, load_keys, load_profiles
from .delivery import BatchSection, DeliverySection, DestinationSection, JournalSection, MqttSection
from .freight import FreightSection
from .people import ApiSection, CommandsSection, LogSection, MetricsSection
from .section import Section
from .terminals import (
    GatewaySection,
    MediaSection,
    RegistrationSection,
    ServerSection,
    SessionsSection,
    TlsSection,
    UdpSection,
)

EVERYWHERE: Final = frozenset({"0.0.0.0", "::"})


class Config(Section):
    """The whole file."""

    gateway: GatewaySection = GatewaySection()
    server: ServerSection = ServerSection()
    tls: TlsSection = TlsSection()
    udp: UdpSection = UdpSection()
    registration: RegistrationSection = RegistrationSection()
    sessions: SessionsSection = SessionsSection()
    media: MediaSection = MediaSection()
    journal: JournalSection = JournalSection()
    delivery: DeliverySection = DeliverySection()
    batch: BatchSection = BatchSection()
    mqtt: MqttSection = MqttSection()
    destination: list[DestinationSection] = Field(default=[])
    api: ApiSection = ApiSection()
    commands: CommandsSection = CommandsSection()
    freight: FreightSection = FreightSection()
    metrics: MetricsSection = MetricsSection()
    log: LogSection = LogSection()

    @property
    def data_dir(self) -> Path:
        """Where journal, registry and lock are."""
        return Path(self.gateway.data_dir)

    @property
    def journal_path(self) -> Path:
        """The journal's file."""
        return self.data_dir / "journal.db"

    @property
    def journal_paths(self) -> list[Path]:
        """The journals that are written now: of each worker, when there are several."""
        if self.server.workers == 1:
            return [self.journal_path]
        return [self.worker_dir(index) / self.journal_path.name for index in range(self.server.workers)]

    @property
    def old_journal_paths(self) -> list[Path]:
        """Those that lie there from another number of workers. Looks at the disk."""
        found = {self.journal_path, *self.data_dir.glob(f"worker-[0-9]*/{self.journal_path.name}")}
        return sorted(path for path in found - set(self.journal_paths) if path.is_file())

    def worker_id(self, index: int) -> str:
        """Under which name one of several workers delivers."""
        return f"{self.gateway.id}-w{index}"

    def worker_dir(self, index: int) -> Path:
        """The folder of one of several workers, counted from 0."""
        return self.data_dir / f"worker-{index}"

    @property
    def registry_path(self) -> Path:
        """The registry's file."""
        return self.data_dir / "registry.db"

    @property
    def media_dir(self) -> Path:
        """The folder of pictures and attachments, with their list."""
        return self.data_dir / "media"

    @property
    def commands_path(self) -> Path:
        """The file of commands, tokens and audit lines."""
        return self.data_dir / "commands.db"

    @property
    def freight_path(self) -> Path:
        """The file of waybills, documents and evidence."""
        return self.data_dir / "freight.db"

    @property
    def control_path(self) -> Path:
        """The socket by which the command line asks a running gateway."""
        return self.data_dir / "control.sock"

    @model_validator(mode="after")
    def _destinations_differ(self) -> "Config":
        names = [one.name for one in self.destination]
        if len(names) > len(set(names)):
            raise ValueError(f"destination.name: {max(names, key=names.count)!r} is there twice")
        return self

    @model_validator(mode="after")
    def _sections_fit(self) -> "Config":
        if self.mqtt.password_file and not self.mqtt.username:
            raise ValueError("mqtt.password_file: a password without mqtt.username is not sent")
        if bool(self.api.certificate_file) != bool(self.api.key_file):
            raise ValueError("api.certificate_file, api.key_file: the one is of no use without the other")
        if self.commands.mqtt and not self.mqtt.enabled:
            raise ValueError("commands.mqtt: there is no broker while mqtt.enabled is false")
        self._ports_differ()
        self._profiles_are_good()
        return self

    def _ports_differ(self) -> None:
        """TCP ports of what is enabled; that they are free only the start can tell."""
        server, media = self.server, self.media
        listeners = [
            ("server.port", True, server.host, server.port),
            ("tls.port", self.tls.enabled, server.host, self.tls.port),
            ("media.port", media.enabled and media.attachments, media.host, media.port),
            ("api.port", self.api.enabled, self.api.host, self.api.port),
            ("metrics.port", self.metrics.enabled, self.metrics.host, self.metrics.port),
        ]
        taken: list[tuple[str, str, int]] = []
        for key, enabled, host, port in listeners:
            for other, other_host, other_port in taken if enabled and port else ():
                if port == other_port and (host == other_host or EVERYWHERE & {host, other_host}):
                    raise ValueError(f"{key}: {port} is {other} already")
            if enabled:
                taken.append((key, host, port))

    def _profiles_are_good(self) -> None:
        """Profiles and keys are read once here, so that `config check` finds their mistakes."""
        sessions = self.sessions
        try:
            load_profiles(
                Path(sessions.profiles_dir) if sessions.profiles_dir else None, sessions.terminal_profiles
            )
            load_keys(Path(sessions.rsa_keys_dir) if sessions.rsa_keys_dir else None)
        except ProfilesError as error:
            raise ValueError("; ".join(error.problems)) from error
