"""Configuration for tests of delivery, without files."""

from dataclasses import dataclass, field
from typing import Any

from edge_gateway.delivery import Delivery
from edge_gateway.delivery.ports import JournalOfMany
from edge_gateway.delivery.settings import Settings, settings_of


@dataclass(frozen=True)
class Gateway:
    id: str = "gw"
    data_dir: str = ""


@dataclass(frozen=True)
class Batching:
    max_records: int = 50
    max_bytes: int = 200_000
    max_age_ms: int = 50
    form: str = "columnar"
    compression: str = "zstd"


@dataclass(frozen=True)
class Mqtt:
    port: int
    host: str = "127.0.0.1"
    username: str = ""
    password_file: str = ""
    ca_file: str = ""
    topic_prefix: str = "gov/v1"
    window: int = 8
    confirm: str = "receipt"
    receipt_timeout_s: float = 2.0
    keepalive_s: int = 10
    envelope: str = "plain"
    envelope_keys: str = ""
    envelope_peers: str = ""
    envelope_max_age_s: float = 3600.0


@dataclass(frozen=True)
class Config:
    mqtt: Mqtt
    gateway: Gateway = field(default_factory=Gateway)
    batch: Batching = field(default_factory=Batching)
    destination: tuple[Settings, ...] = ()


def delivery_of(config: Config, journal: JournalOfMany) -> Delivery:
    """The delivery that a configuration asks for, in this process."""
    return Delivery(settings_of(config), journal)


def settings(**values: Any) -> Settings:
    """A destination as [[destination]] makes one, with the bounds of the tests."""
    return Settings(
        **{"name": "", "gateway": "gw", "host": "127.0.0.1", "port": 1, "max_records": 50} | values
    )
