"""What people and their programs use: log, REST API, commands, pages for watchers."""

from typing import Literal

from pydantic import Field

from .section import FILE, Section


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
