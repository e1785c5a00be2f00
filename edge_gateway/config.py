"""The configuration: one TOML file, every key with a default, every mistake named with its path.

Paths in the file are taken from the folder of the file. Secrets stand in files of their own. Reads and
checks; opens no socket and no database.
"""

import difflib
import tomllib
from pathlib import Path
from typing import Any, Final, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from protocols.monitoring.batch import COUNT_MAX
from protocols.monitoring.topics import is_gateway_id

from .delivery.source import BODIES_BYTES_MAX
from .registry import TERMINALS_MAX

TOPIC_WILDCARDS: Final = frozenset("+#\0")
SERVED_AT_ONCE: Final = 1_000_000  # connections; more than one process can have open files


class ConfigError(Exception):
    """The file cannot be used. `problems`: one line each, beginning with the key's path."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class Section(BaseModel):
    """One section: unknown keys are refused, values are not converted from text."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class GatewaySection(Section):
    """[gateway]: who we are and where our files are."""

    id: str = "gateway-1"
    data_dir: str = "data"

    @field_validator("id")
    @classmethod
    def _is_a_gateway_id(cls, value: str) -> str:
        if not is_gateway_id(value):
            raise ValueError("names this gateway in topics and batches: 1 to 64 of A-Z a-z 0-9 _ -")
        return value


class ServerSection(Section):
    """[server]: where terminals connect, and what they are allowed to cost."""

    host: str = Field(default="127.0.0.1", min_length=1)
    port: int = Field(default=7808, ge=0, le=65535)  # 0: any free one, named by the "ready" line
    max_connections: int = Field(default=20_000, ge=1, le=SERVED_AT_ONCE)
    idle_timeout_s: float = Field(default=300.0, gt=0)
    unauthenticated_timeout_s: float = Field(default=30.0, gt=0)
    write_stall_timeout_s: float = Field(default=20.0, gt=0)
    strikes: int = Field(default=5, ge=1, le=1000)
    status_file: str = ""
    status_interval_s: float = Field(default=1.0, gt=0)


class RegistrationSection(Section):
    """[registration]: open takes any terminal until there are max_terminals, closed only known ones."""

    mode: Literal["open", "closed"] = "open"
    max_terminals: int = Field(default=TERMINALS_MAX, ge=1)


class JournalSection(Section):
    """[journal]: bounds. Beyond max_bytes reports are refused, loudly, until deliveries are confirmed."""

    max_bytes: int = Field(default=4 << 30, ge=1 << 20)
    max_waiting: int = Field(default=200_000, ge=1000)


class BatchSection(Section):
    """[batch]: what closes a batch, and how it travels."""

    max_records: int = Field(default=500, ge=1, le=COUNT_MAX)
    max_bytes: int = Field(default=256 * 1024, ge=1024, le=BODIES_BYTES_MAX)
    max_age_ms: int = Field(default=1000, ge=0, le=3_600_000)
    form: Literal["columnar", "json"] = "columnar"
    compression: Literal["zstd", "zlib", "none"] = "zstd"


class MqttSection(Section):
    """[mqtt]: the monitoring system's broker, and what counts as its confirmation."""

    enabled: bool = True
    host: str = Field(default="127.0.0.1", min_length=1)
    port: int = Field(default=1883, ge=1, le=65535)
    username: str = ""
    password_file: str = ""
    ca_file: str = ""
    topic_prefix: str = Field(default="gov/v1", min_length=1)
    window: int = Field(default=16, ge=1, le=1000)
    confirm: Literal["receipt", "puback"] = "receipt"
    receipt_timeout_s: float = Field(default=10.0, gt=0)
    keepalive_s: int = Field(default=30, ge=1, le=65535)

    @field_validator("topic_prefix")
    @classmethod
    def _is_a_topic(cls, value: str) -> str:
        if TOPIC_WILDCARDS & set(value) or value.startswith("/") or value.endswith("/"):
            raise ValueError("is the beginning of a topic: no + or #, no / at either end")
        return value


class LogSection(Section):
    """[log]: to standard error."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["text", "json"] = "text"


class Config(Section):
    """The whole file."""

    gateway: GatewaySection = GatewaySection()
    server: ServerSection = ServerSection()
    registration: RegistrationSection = RegistrationSection()
    journal: JournalSection = JournalSection()
    batch: BatchSection = BatchSection()
    mqtt: MqttSection = MqttSection()
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

    @model_validator(mode="after")
    def _secrets_are_there(self) -> "Config":
        for path in (self.mqtt.password_file, self.mqtt.ca_file):
            if path and not Path(path).is_file():
                raise ValueError(f"mqtt: there is no file {path}")
        if self.mqtt.password_file and not self.mqtt.username:
            raise ValueError("mqtt.password_file: a password without mqtt.username is not sent")
        return self


# Keys that hold paths, taken from the folder of the configuration file.
_PATHS = (("gateway", "data_dir"), ("server", "status_file"), ("mqtt", "password_file"), ("mqtt", "ca_file"))


def load(path: Path) -> Config:
    """Reads and checks the file. Raises ConfigError with every problem that was found."""
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError([f"{path}: {error.strerror}"]) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError([f"{path}: not TOML: {error}"]) from error
    return parse(values, path.parent)


def parse(values: dict[str, Any], folder: Path = Path()) -> Config:
    """Checks what a TOML file said. Raises ConfigError."""
    try:
        return Config.model_validate(_with_paths(values, folder))
    except ValidationError as error:
        raise ConfigError([_problem(detail) for detail in error.errors()]) from error


def _with_paths(values: dict[str, Any], folder: Path) -> dict[str, Any]:
    values = {
        name: dict(section) if isinstance(section, dict) else section for name, section in values.items()
    }
    values.setdefault("gateway", {})
    if isinstance(values["gateway"], dict):
        values["gateway"].setdefault("data_dir", GatewaySection().data_dir)
    for section, key in _PATHS:
        held = values.get(section)
        if isinstance(held, dict) and isinstance(held.get(key), str) and held[key]:
            held[key] = str(folder / held[key])
    return values


def _problem(detail: Any) -> str:
    """One line for people: the path, what is wrong, and what may have been meant."""
    where = ".".join(str(part) for part in detail["loc"])
    if detail["type"] == "extra_forbidden":
        return f"{where}: unknown key{_did_you_mean(detail['loc'])}"
    message = str(detail["msg"]).removeprefix("Value error, ")
    if not where:
        return message
    shown = "" if isinstance(detail["input"], dict) else f" (it is {detail['input']!r})"
    return f"{where}: {message}{shown}"


def _did_you_mean(location: tuple[Any, ...]) -> str:
    model: Any = Config
    for part in location[:-1]:
        model = model.model_fields[part].annotation
    close = difflib.get_close_matches(str(location[-1]), model.model_fields, n=1)
    return f"; did you mean {close[0]!r}?" if close else f"; known here: {', '.join(model.model_fields)}"


def template() -> str:
    """A configuration file with every key at its default, for `init`."""
    lines = ["# Dianyun Edge gateway. Every key may be left out; these are the defaults."]
    for name, field in Config.model_fields.items():
        section: Any = field.annotation
        lines += ["", f"# {_first_line(section)}", f"[{name}]"]
        lines += [_key_line(key, key_field) for key, key_field in section.model_fields.items()]
    return "\n".join(lines) + "\n"


def _first_line(section: type[Section]) -> str:
    return (section.__doc__ or "").split("\n")[0].split(": ", 1)[1]


def _key_line(key: str, field: Any) -> str:
    value = field.default
    shown = {True: "true", False: "false"}[value] if isinstance(value, bool) else value
    text = f'"{value}"' if isinstance(value, str) else f"{shown}"
    choices = get_args(field.annotation)
    return f"{key} = {text}" + (f"  # {' | '.join(choices)}" if choices else "")
