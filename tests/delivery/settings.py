"""Configuration for tests of delivery, without files."""

from dataclasses import dataclass, field
from typing import Any

from edge_gateway.delivery.settings import Settings


@dataclass(frozen=True)
class Gateway:
    id: str = "gw"


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


@dataclass(frozen=True)
class Config:
    mqtt: Mqtt
    gateway: Gateway = field(default_factory=Gateway)
    batch: Batching = field(default_factory=Batching)
    destination: tuple[Settings, ...] = ()


def settings(**values: Any) -> Settings:
    """A destination as [[destination]] makes one, with the bounds of the tests."""
    return Settings(
        **{"name": "", "gateway": "gw", "host": "127.0.0.1", "port": 1, "max_records": 50} | values
    )
