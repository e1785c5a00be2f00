"""What terminals meet: where they connect, who may register, what their sessions may cost."""

from typing import Literal

from pydantic import Field, field_validator, model_validator

from protocols.monitoring.topics import is_gateway_id

from ..registry import TERMINALS_MAX
from ..transports.proxy import networks_of
from .section import FILE, PATH, SERVED_AT_ONCE, WORKERS_MAX, Section


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
    workers: int = Field(
        default=1, ge=1, le=WORKERS_MAX, description="processes on the port; as many as processors at most"
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
        default=128 << 10,  # 1,800 reports a second, or a picture of 100 KB each second
        ge=0,
        description="from one terminal in the long run, then it is slowed; 0: any",
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
    port: int = Field(default=7810, ge=0, le=65535, description="never the port of terminals or of video")
    public_host: str = Field(default="", description="as terminals are told; empty for host")
    public_port: int = Field(default=0, ge=0, le=65535, description="as terminals are told; 0 for port")
    order_files: bool = Field(
        default=True, description="with attachments: order the files of each alarm that is reported, once"
    )
    file_max_bytes: int = Field(default=64 << 20, ge=1 << 10, le=1 << 32, description="of one attachment")
