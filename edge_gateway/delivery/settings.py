"""What one destination is: where, in which form, what of it, how fast, and what counts as confirmed."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from protocols.monitoring.records import KIND_NAMES, Record
from protocols.monitoring.topics import positions_topic, receipts_topic
from protocols.wire.bcd import identity_of

from .ports import DeliveryConfig, Quirks

EMQX: Final = "emqx"  # one message for each record; the other forms are those of protocols.monitoring.forms
DEFAULT_NAME: Final = ""
_BROKER: Final = (
    "host", "port", "username", "password_file", "ca_file", "topic_prefix", "window", "confirm",
    "receipt_timeout_s", "keepalive_s",
)  # fmt: skip
_ENVELOPE: Final = ("envelope", "envelope_keys", "envelope_peers", "envelope_max_age_s")
_OURS: Final = ("gateway", "seen_dir", "profiles_dir", "terminal_profiles", "registry")  # of no destination
_BATCH: Final = ("max_records", "max_bytes", "max_age_ms", "form", "compression")


@dataclass(frozen=True)
class Settings:
    """One destination. The keys are those of [[destination]] in the configuration, explained there.

    kinds, message_ids, terminals: what is delivered, empty for all. rate: records a second, 0 for any.
    max_backlog_bytes, max_backlog_age_s: at which the oldest are given up; 0 never. seen_dir: folder for what
    an envelope took already; "" remembers it in memory. release: file that says what of a record may leave.
    profiles_dir, terminal_profiles, registry: by which quirks JSON reads bodies, see `habits`.
    """

    name: str
    gateway: str
    host: str
    port: int
    username: str = ""
    password_file: str = ""
    ca_file: str = ""
    certificate_file: str = ""
    key_file: str = ""
    topic_prefix: str = "gov/v1"
    window: int = 16
    confirm: str = "receipt"
    receipt_timeout_s: float = 10.0
    keepalive_s: int = 30
    max_records: int = 500
    max_bytes: int = 256 * 1024
    max_age_ms: int = 1000
    form: str = "columnar"
    compression: str = "zstd"
    kinds: tuple[str, ...] = ()
    message_ids: tuple[int, ...] = ()
    terminals: tuple[str, ...] = ()
    rate: int = 0
    max_backlog_bytes: int = 0
    max_backlog_age_s: float = 0
    envelope: str = "plain"
    envelope_keys: str = ""
    envelope_peers: str = ""
    envelope_max_age_s: float = 3600.0
    seen_dir: str = ""
    release: str = ""
    profiles_dir: str = ""
    terminal_profiles: tuple[tuple[str, str], ...] = ()
    registry: str = ""

    @property
    def client_id(self) -> str:
        """Names the durable session at the broker."""
        return f"edge-{self.gateway}-{self.name}" if self.name else f"edge-{self.gateway}"

    @property
    def topic(self) -> str:
        """Where batches go."""
        return positions_topic(self.topic_prefix, self.gateway)

    @property
    def answers_topic(self) -> str:
        """Where receipts come from; empty where there are none."""
        return receipts_topic(self.topic_prefix, self.gateway) if self.confirm == "receipt" else ""

    def wanted(self) -> Callable[[Record], bool] | None:
        """The filter; None where everything is wanted."""
        if not (self.kinds or self.message_ids or self.terminals):
            return None
        kinds = {KIND_NAMES.index(kind) for kind in self.kinds or KIND_NAMES}
        message_ids, identities = set(self.message_ids), {identity_of(phone) for phone in self.terminals}
        return lambda record: (
            record.kind in kinds
            and (not message_ids or record.message_id in message_ids)
            and (not identities or identity_of(record.phone) in identities)
        )


def settings_of(config: DeliveryConfig) -> list[Settings]:
    """The destinations of a configuration: those of [[destination]], else the one of [mqtt] and [batch]."""
    gateway, folder = config.gateway.id, config.gateway.data_dir
    if config.destination:
        return [
            Settings(gateway=gateway, seen_dir=folder, **_values_of(destination))
            for destination in config.destination
        ]
    mqtt, batch = config.mqtt, config.batch
    values = {name: getattr(mqtt, name) for name in (*_BROKER, *_ENVELOPE)}
    values |= {name: getattr(batch, name) for name in _BATCH}
    return [Settings(DEFAULT_NAME, gateway, seen_dir=folder, **values)]


def read_by(settings: list[Settings], sessions: Quirks, registry: Path) -> list[Settings]:
    """The same destinations; what they say in JSON is read by the quirk profiles of the terminals."""
    assigned = tuple(sessions.terminal_profiles.items())
    return [
        replace(one, profiles_dir=sessions.profiles_dir, terminal_profiles=assigned, registry=str(registry))
        for one in settings
    ]


def _values_of(destination: object) -> dict[str, Any]:
    names = [name for name in Settings.__dataclass_fields__ if name not in _OURS]
    values = {name: getattr(destination, name) for name in names}
    return {name: tuple(value) if isinstance(value, list) else value for name, value in values.items()}
