"""The gateway as a user has it: a TOML file, a process, a ready line, a status command.

Never imports the gateway. Starts, kills and restarts it on the same port and data.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from .broker import free_port
from .children import Child
from .ready import start_until_ready

HOST: Final = "127.0.0.1"
STATUS_TIMEOUT_S: Final = 60.0
STATUS_FILE: Final = "status.json"
_COMMAND: Final = ("-m", "edge_gateway.cli")

Sections = Mapping[str, Mapping[str, object]]


class GatewayError(RuntimeError):
    """The gateway could not be asked; the text says why."""


class GatewayProcess:
    """`start()`, then it listens on `host`:`port`.

    folder: gets the configuration, the data and the log. port: 0 takes a free one. sections: more TOML by
    section, over the defaults of `configuration`.
    """

    host: Final = HOST

    def __init__(self, folder: Path, mqtt_port: int, port: int = 0, sections: Sections | None = None) -> None:
        self.folder = folder
        self.port = port or free_port()
        self.config_file = folder / "gateway.toml"
        self.log_file = folder / "gateway.log"
        self.starts = 0
        self._sections = _merged(_defaults(self.port, mqtt_port), sections or {})
        self._child: Child | None = None

    def __enter__(self) -> GatewayProcess:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def running(self) -> bool:
        """Whether the process runs."""
        return self._child is not None and self._child.running

    @property
    def pid(self) -> int:
        """Its process id. Raises GatewayError when it was never started."""
        if self._child is None:
            raise GatewayError("the gateway was never started")
        return self._child.pid

    def start(self) -> None:
        """Starts it and returns when it listens. Raises NotReady with the end of its log."""
        if self.running:
            return
        self._write_config()
        command = [sys.executable, *_COMMAND, "run", str(self.config_file)]
        self._child = start_until_ready("the gateway", command, self.log_file)
        self.starts += 1

    def change(self, sections: Sections) -> None:
        """More TOML by section, from the next start on."""
        self._sections = _merged(self._sections, sections)

    def kill(self) -> None:
        """SIGKILL. `start()` brings it back on the same port and data."""
        if self._child is not None:
            self._child.kill()

    def stop(self) -> int:
        """SIGTERM and wait. Gives the exit code; 0 when it did not run."""
        return self._child.stop() if self._child is not None else 0

    def counters(self) -> dict[str, Any]:
        """What the running process last wrote about itself, a moment old; empty when it has not yet."""
        try:
            counters: dict[str, Any] = json.loads((self.folder / STATUS_FILE).read_text("utf-8"))
        except FileNotFoundError:
            return {}
        return counters if counters["pid"] == self.pid else {}

    def token(self, name: str, scopes: str) -> str:
        """A new token of the gateway's API. scopes: with commas. Raises GatewayError."""
        self._write_config()
        done = self._asked("token", "create", str(self.config_file), name, f"--scope={scopes}")
        if done.returncode:
            raise GatewayError(f"edge-gateway token create failed ({done.returncode}): {done.stderr.strip()}")
        return done.stdout.split()[-1]

    def verify_code(self, picture: Path) -> dict[str, Any]:
        """What `edge-gateway code verify` says of a picture by this gateway's lists, without a network.
        Raises GatewayError when it could not look."""
        done = self._asked("code", "verify", str(picture), "--config", str(self.config_file), "--json")
        try:
            said: dict[str, Any] = json.loads(done.stdout)
        except json.JSONDecodeError:
            raise GatewayError(f"edge-gateway code verify failed: {done.stderr.strip()}") from None
        return said

    def status(self) -> dict[str, Any]:
        """What `edge-gateway status --json` says. Raises GatewayError when it fails."""
        return status_of(self.config_file)

    def _asked(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """A command of the gateway, run to its end."""
        command = [sys.executable, *_COMMAND, *arguments]
        try:
            return subprocess.run(
                command,
                capture_output=True,
                text=True,
                timeout=STATUS_TIMEOUT_S,
                check=False,
                stdin=subprocess.DEVNULL,
            )
        except subprocess.TimeoutExpired as error:
            raise GatewayError(f"edge-gateway {' '.join(arguments[:2])}: {error}") from error

    def _write_config(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.config_file.write_text(toml_of(self._sections), encoding="utf-8")


def status_of(config_file: Path) -> dict[str, Any]:
    """What `edge-gateway status CONFIG --json` says. Raises GatewayError when it fails."""
    command = [sys.executable, *_COMMAND, "status", str(config_file), "--json"]
    try:
        asked = subprocess.run(
            command,
            capture_output=True,
            text=True,
            timeout=STATUS_TIMEOUT_S,
            check=False,
            stdin=subprocess.DEVNULL,
        )
        if asked.returncode:
            raise GatewayError(f"edge-gateway status failed ({asked.returncode}): {asked.stderr.strip()}")
        status: dict[str, Any] = json.loads(asked.stdout)
    except (subprocess.TimeoutExpired, json.JSONDecodeError) as error:
        raise GatewayError(f"edge-gateway status: {error}") from error
    return status


def toml_of(sections: Sections) -> str:
    """The sections as TOML; values are strings, booleans and numbers."""
    parts = []
    for name, values in sections.items():
        # JSON's strings, booleans and numbers are TOML's too.
        lines = [f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in values.items()]
        parts.append("\n".join([f"[{name}]", *lines]))
    return "\n\n".join(parts) + "\n"


def _defaults(port: int, mqtt_port: int) -> dict[str, dict[str, object]]:
    # Paths in the file are relative to the file.
    return {
        "gateway": {"id": "demo-gateway", "data_dir": "data"},
        "server": {"host": HOST, "port": port, "status_file": STATUS_FILE, "status_interval_s": 0.2},
        "mqtt": {"host": HOST, "port": mqtt_port, "topic_prefix": "gov/v1"},
    }


def _merged(base: dict[str, dict[str, object]], more: Sections) -> dict[str, dict[str, object]]:
    return {name: {**base.get(name, {}), **more.get(name, {})} for name in {**base, **more}}
