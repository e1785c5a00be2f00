"""What can be configured: one class for each section, every key with a default and a sentence about it.

Secrets stand in files of their own. `config_file` reads and checks; here nothing is opened, but that files
that are named are there.
"""

from pathlib import Path
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, field_validator, model_validator

from protocols.monitoring.batch import COUNT_MAX
from protocols.monitoring.topics import is_gateway_id

from .delivery.source import BODIES_BYTES_MAX
from .registry import TERMINALS_MAX
from .session.profiles import ProfilesError, load_keys, load_profiles
from .transports.proxy import networks_of

TOPIC_WILDCARDS: Final = frozenset("+#\0")
# Marks of keys: a path is taken from the folder of the configuration file, a file must be there as well.
PATH: Final[dict[str, JsonValue]] = {"path": True}
FILE: Final[dict[str, JsonValue]] = {"path": True, "file": True}
MESSAGES_AT_ONCE: Final = 60_000  # MQTT counts them with 16 bits
SERVED_AT_ONCE: Final = 1_000_000  # connections; more than one process can have open files


class ConfigError(Exception):
    """The file cannot be used. `problems`: one line each, beginning with the key's path."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


def topic_beginning(value: str) -> str:
    """The same value. Raises ValueError when topics cannot begin with it."""
    if TOPIC_WILDCARDS & set(value) or value.startswith("/") or value.endswith("/"):
        raise ValueError("is the beginning of a topic: no + or #, no / at either end")
    return value


class Section(BaseModel):
    """One section: unknown keys are refused, values are not converted from text."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class GatewaySection(Section):
    """[gateway]: who we are and where our files are."""

    id: str = Field(default="gateway-1", description="names this gateway in topics and batches")
    data_dir: str = Field(
        default="data", json_schema_extra=PATH, description="journal, registry, commands; a local disk"
    )

    @field_validator("id")
    @classmethod
    def _is_a_gateway_id(cls, value: str) -> str:
        if not is_gateway_id(value):
            raise ValueError("names this gateway in topics and batches: 1 to 64 of A-Z a-z 0-9 _ -")
        return value


class ServerSection(Section):
    """[server]: where terminals connect, and what they are allowed to cost."""

    host: str = Field(
        default="127.0.0.1", min_length=1, description="address to listen on; 0.0.0.0 for every one"
    )
    port: int = Field(
        default=7808, ge=0, le=65535, description='TCP; 0 takes any free one, named by the "ready" line'
    )
    max_connections: int = Field(
        default=20_000, ge=1, le=SERVED_AT_ONCE, description="more are closed at once and counted"
    )
    idle_timeout_s: float = Field(
        default=300.0, gt=0, description="silence that ends a connection; longer than the heartbeat"
    )
    unauthenticated_timeout_s: float = Field(default=30.0, gt=0, description="time to authenticate")
    write_stall_timeout_s: float = Field(
        default=20.0, gt=0, description="how long a peer may take nothing of what is sent"
    )
    strikes: int = Field(
        default=5, ge=1, le=1000, description="refused messages before authentication that end a connection"
    )
    max_accepts_per_s: float = Field(
        default=2000.0, ge=0, description="more connections at once wait for their turn; 0: none waits"
    )
    max_bytes_per_s: int = Field(
        default=1 << 20, ge=0, description="from one connection in the long run, then it is slowed; 0: any"
    )
    proxy_from: list[str] = Field(
        default=[], description="balancers that say who is behind them (PROXY protocol), such as 10.0.0.0/8"
    )
    status_file: str = Field(
        default="", json_schema_extra=PATH, description="JSON, replaced at each interval; empty for none"
    )
    status_interval_s: float = Field(default=1.0, gt=0, description="seconds between two status files")

    @field_validator("proxy_from")
    @classmethod
    def _are_networks(cls, value: list[str]) -> list[str]:
        networks_of(value)
        return value


class TlsSection(Section):
    """[tls]: a second port on server.host, for terminals that speak TLS."""

    enabled: bool = Field(default=False, description="off unless enabled")
    port: int = Field(default=7809, ge=0, le=65535, description="TCP; 0 takes any free one")
    certificate_file: str = Field(default="", json_schema_extra=FILE, description="PEM, with the chain")
    key_file: str = Field(
        default="", json_schema_extra=FILE, description="PEM; empty when it is in certificate_file"
    )
    client_ca_file: str = Field(
        default="", json_schema_extra=FILE, description="PEM; who must have signed a terminal's certificate"
    )

    @model_validator(mode="after")
    def _has_a_certificate(self) -> "TlsSection":
        if self.enabled and not self.certificate_file:
            raise ValueError("certificate_file is needed when enabled")
        return self


class UdpSection(Section):
    """[udp]: terminals that send datagrams to server.host."""

    enabled: bool = Field(default=False, description="off unless enabled")
    port: int = Field(default=7808, ge=0, le=65535, description="UDP; 0 takes any free one")
    max_peers: int = Field(default=10_000, ge=1, le=SERVED_AT_ONCE, description="addresses known at once")


class RegistrationSection(Section):
    """[registration]: who may register."""

    mode: Literal["open", "pending", "closed"] = Field(
        default="open",
        description="open: whoever registers; pending: when approved; closed: who is on the list",
    )
    max_terminals: int = Field(
        default=TERMINALS_MAX, ge=1, description="registered or pending ones; anybody can make identities up"
    )


class JournalSection(Section):
    """[journal]: bounds. Beyond max_bytes reports are refused, loudly, until deliveries are confirmed."""

    max_bytes: int = Field(
        default=4 << 30, ge=1 << 20, description="size of the file from which reports are refused"
    )
    max_waiting: int = Field(
        default=200_000, ge=1000, description="reports that may wait for the disk; more are refused"
    )


class BatchSection(Section):
    """[batch]: what closes a batch, and how it travels."""

    max_records: int = Field(default=500, ge=1, le=COUNT_MAX, description="records that close a batch")
    max_bytes: int = Field(
        default=256 * 1024, ge=1024, le=BODIES_BYTES_MAX, description="bytes of bodies that close a batch"
    )
    max_age_ms: int = Field(
        default=1000, ge=0, le=3_600_000, description="age of the oldest record that closes a batch"
    )
    form: Literal["columnar", "json"] = Field(default="columnar", description="how records are written")
    compression: Literal["zstd", "zlib", "none"] = Field(default="zstd", description="of a batch")


class MqttSection(Section):
    """[mqtt]: the monitoring system's broker, and what counts as its confirmation."""

    enabled: bool = Field(default=True, description="false keeps everything in the journal")
    host: str = Field(default="127.0.0.1", min_length=1, description="the broker")
    port: int = Field(default=1883, ge=1, le=65535, description="its port; with TLS mostly 8883")
    username: str = Field(default="", description="empty for no login")
    password_file: str = Field(
        default="", json_schema_extra=FILE, description="file with the password; never in this file"
    )
    ca_file: str = Field(
        default="", json_schema_extra=FILE, description="certificates to trust; empty for no TLS"
    )
    topic_prefix: str = Field(default="gov/v1", min_length=1, description="before /pos/… and /ack/…")
    window: int = Field(default=16, ge=1, le=1000, description="batches that may be unconfirmed at a time")
    confirm: Literal["receipt", "puback"] = Field(
        default="receipt", description="what makes a record delivered; a PUBACK proves the broker only"
    )
    receipt_timeout_s: float = Field(
        default=10.0, gt=0, description="after which an unconfirmed batch is sent again"
    )
    keepalive_s: int = Field(default=30, ge=1, le=65535, description="of MQTT")

    @field_validator("topic_prefix")
    @classmethod
    def _is_a_topic(cls, value: str) -> str:
        return topic_beginning(value)


class DestinationSection(Section):
    """[[destination]]: one of several monitoring systems; one is enough to replace [batch] and [mqtt]."""

    name: str = Field(pattern=r"^[A-Za-z0-9_-]{1,64}$", description="names its cursor in the journal")
    host: str = Field(default="127.0.0.1", min_length=1, description="its broker")
    port: int = Field(default=1883, ge=1, le=65535, description="with TLS mostly 8883")
    username: str = Field(default="", description="empty: no login")
    password_file: str = Field(default="", json_schema_extra=FILE, description="holds the password alone")
    ca_file: str = Field(default="", json_schema_extra=FILE, description="whom to trust; empty: no TLS")
    certificate_file: str = Field(default="", json_schema_extra=FILE, description="our own, for TLS")
    key_file: str = Field(default="", json_schema_extra=FILE, description="the key of our certificate")
    topic_prefix: str = Field(default="gov/v1", min_length=1, description='with form "emqx" mostly jt808')
    window: int = Field(default=16, ge=1, le=1000, description="batches that may be unconfirmed")
    confirm: Literal["receipt", "puback"] = Field(
        default="receipt", description="puback only where the receiver gives no receipts"
    )
    receipt_timeout_s: float = Field(default=10.0, gt=0, description="then a batch is sent again")
    keepalive_s: int = Field(default=30, ge=1, le=65535, description="MQTT keep alive")
    max_records: int = Field(default=500, ge=1, le=COUNT_MAX, description="records that close a batch")
    max_bytes: int = Field(
        default=256 * 1024, ge=1024, le=BODIES_BYTES_MAX, description="bytes of bodies that close a batch"
    )
    max_age_ms: int = Field(
        default=1000, ge=0, le=3_600_000, description="age of the oldest record that closes a batch"
    )
    form: Literal["columnar", "json", "emqx"] = Field(
        default="columnar", description="emqx: a message for each record, confirmed by puback"
    )
    compression: Literal["zstd", "zlib", "none"] = Field(default="zstd", description="of a columnar batch")
    kinds: list[Literal["live", "backfill", "batched", "reply", "message"]] = Field(
        default=[], description="what is delivered; empty: all kinds"
    )
    message_ids: list[int] = Field(default=[], description="such as 0x0200; empty: all")
    terminals: list[str] = Field(default=[], description="phone numbers; empty: all")
    rate: int = Field(default=0, ge=0, description="records a second; 0: as fast as they are confirmed")
    max_backlog_bytes: int = Field(
        default=0, ge=0, description="then the oldest are given up for it, counted as lost; 0: never"
    )
    max_backlog_age_s: float = Field(default=0, ge=0, description="the same by age")

    @field_validator("topic_prefix")
    @classmethod
    def _is_a_topic(cls, value: str) -> str:
        return topic_beginning(value)

    @model_validator(mode="after")
    def _fits_together(self) -> "DestinationSection":
        if self.password_file and not self.username:
            raise ValueError("password_file: a password without username is not sent")
        if bool(self.certificate_file) != bool(self.key_file):
            raise ValueError("certificate_file and key_file go together")
        if self.certificate_file and not self.ca_file:
            raise ValueError("ca_file: without it there is no TLS, and the certificate is not shown")
        if self.form == "emqx" and self.confirm != "puback":
            raise ValueError('confirm: form "emqx" knows no receipts, it takes "puback"')
        if self.form == "emqx" and self.window * self.max_records > MESSAGES_AT_ONCE:
            raise ValueError(f"window: {MESSAGES_AT_ONCE} messages at most, window times max_records")
        return self


class LogSection(Section):
    """[log]: to standard error."""

    level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="the least that is logged; SIGHUP reads it anew"
    )
    format: Literal["text", "json"] = Field(default="text", description="json: one object a line")


class ApiSection(Section):
    """[api]: REST under /api/v1, off unless enabled; `edge-gateway token create` makes its tokens."""

    enabled: bool = Field(default=False, description="REST API and commands")
    host: str = Field(default="127.0.0.1", min_length=1, description="beyond loopback give certificates too")
    port: int = Field(default=7880, ge=0, le=65535, description="0 takes any free one")
    certificate_file: str = Field(
        default="", json_schema_extra=FILE, description="PEM chain; empty for no TLS"
    )
    key_file: str = Field(default="", json_schema_extra=FILE, description="PEM key of the certificate")
    body_max_bytes: int = Field(
        default=24 << 20, ge=1 << 10, le=1 << 30, description="of one request; an upgrade file must fit"
    )


class CommandsSection(Section):
    """[commands]: what is sent to terminals; each key bounds what that may cost."""

    per_terminal: int = Field(default=32, ge=1, le=1000, description="commands that wait for one terminal")
    total: int = Field(default=20_000, ge=1, le=1_000_000, description="commands that wait in all")
    body_max_bytes: int = Field(default=16 << 20, ge=1, le=60 << 20, description="of one message")
    response_timeout_s: float = Field(
        default=10.0, gt=0, le=3600, description="the first wait for an answer; later ones grow"
    )
    retries: int = Field(default=3, ge=0, le=10, description="sendings after the first on one connection")
    answer_timeout_s: float = Field(
        default=120.0, gt=0, le=86_400, description="for an answer of its own, behind the acknowledgement"
    )
    default_life_s: int = Field(default=86_400, ge=1, description="of a command that names no expiry")
    max_life_s: int = Field(default=31 * 86_400, ge=1, description="the furthest expiry that is taken")
    mqtt: bool = Field(default=False, description="take commands over MQTT from {topic_prefix}/cmd/{id}")


class MetricsSection(Section):
    """[metrics]: /metrics, /healthz and /readyz for Prometheus and supervisors, without a token."""

    enabled: bool = Field(default=False, description="off unless enabled")
    host: str = Field(default="127.0.0.1", min_length=1, description="address to listen on")
    port: int = Field(default=7881, ge=0, le=65535, description="0 takes any free one")


class SessionsSection(Section):
    """[sessions]: terminals that do not keep to the standard, send in packages, or encrypt."""

    profiles_dir: str = Field(
        default="", json_schema_extra=PATH, description="folder of quirk profiles (*.toml); empty for none"
    )
    terminal_profiles: dict[str, str] = Field(
        default={},
        description="terminal = profile, for those whose registration does not tell maker and model",
    )
    rsa_keys_dir: str = Field(
        default="",
        json_schema_extra=PATH,
        description="folder of our private keys, TERMINAL.pem or default.pem; empty refuses encrypted bodies",
    )
    server_time: Literal["utc", "beijing"] = Field(default="utc", description="in which 0x0004 is answered")
    package_answers: Literal["whole", "each"] = Field(
        default="whole",
        description="each: answer a repeated package before the rest came, for terminals that wait",
    )
    packages_open: int = Field(default=8, ge=1, le=64, description="unfinished messages of one terminal")
    packages_bytes: int = Field(
        default=4 << 20, ge=1 << 16, le=64 << 20, description="of one terminal's unfinished messages"
    )
    packages_total_bytes: int = Field(
        default=256 << 20, ge=1 << 20, description="of all unfinished messages; beyond, failure"
    )
    packages_idle_s: float = Field(
        default=30.0, gt=0, le=3600, description="without a package, then a message is given up"
    )
    packages_ask_s: float = Field(
        default=5.0, gt=0, le=600, description="of silence, then missing packages are asked for"
    )
    packages_asks: int = Field(default=3, ge=0, le=20, description="requests for missing packages")


class MediaSection(Section):
    """[media]: pictures of terminals (0x0801) and files of safety alarms (T/JSATL 12), stored by content."""

    enabled: bool = Field(default=True, description="false refuses pictures with 3")
    max_bytes: int = Field(default=10 << 30, ge=1 << 20, description="of all stored files together")
    max_files: int = Field(default=200_000, ge=1, description="entries of the list")
    when_full: Literal["refuse", "delete_oldest"] = Field(
        default="refuse", description="refuse: loudly, until somebody makes room"
    )
    attachments: bool = Field(default=False, description="listen for files of safety alarms")
    host: str = Field(default="127.0.0.1", min_length=1, description="of the attachment server")
    port: int = Field(default=7809, ge=0, le=65535, description="never the port of terminals or of video")
    public_host: str = Field(default="", description="as terminals are told; empty for host")
    public_port: int = Field(default=0, ge=0, le=65535, description="as terminals are told; 0 for port")
    file_max_bytes: int = Field(default=64 << 20, ge=1 << 10, le=1 << 32, description="of one attachment")


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
    batch: BatchSection = BatchSection()
    mqtt: MqttSection = MqttSection()
    destination: list[DestinationSection] = []
    api: ApiSection = ApiSection()
    commands: CommandsSection = CommandsSection()
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
        self._profiles_are_good()
        return self

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
