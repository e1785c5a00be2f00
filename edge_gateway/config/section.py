"""What every section of the configuration is made of."""

from typing import Final

from pydantic import BaseModel, ConfigDict, JsonValue

# Marks of keys: a path is taken from the folder of the configuration file, a file must be there as well.
PATH: Final[dict[str, JsonValue]] = {"path": True}
FILE: Final[dict[str, JsonValue]] = {"path": True, "file": True}
WORKERS_MAX: Final = 64
PORT_MAX: Final = 65535
SERVED_AT_ONCE: Final = 1_000_000  # connections; more than one process can have open files


class ConfigError(Exception):
    """The file cannot be used. `problems`: one line each, beginning with the key's path."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class Section(BaseModel):
    """One section: unknown keys are refused, values are not converted from text."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)
