"""Commands to the truck through the gateway's REST API, as a dispatcher gives them."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

DONE: Final = ("acknowledged", "answered")
_TIMEOUT_S: Final = 20.0
_SCOPES: Final = ("commands:read", "commands:write")


class OrderError(RuntimeError):
    """A command was not carried out; the text says how it ended."""


class Orders:
    """`give` a message by id and body. Raises OrderError, and OSError when the API is not there."""

    def __init__(self, config_file: Path, port: int, terminal: str) -> None:
        """config_file: of the running gateway, which gets a token of ours."""
        self._token = token_of(config_file, _SCOPES)
        self._url = f"http://127.0.0.1:{port}/api/v1/commands"
        self._terminal = terminal
        self.given = 0

    def give(
        self, message_id: int, body: bytes, serve: Callable[[], None], rounds: int = 200
    ) -> dict[str, Any]:
        """Sends it, lets `serve` talk on the line until it is done, and gives it as the API shows it."""
        asked = {"terminal": self._terminal, "message": message_id, "body": {"hex": body.hex()}}
        command = self._ask(self._url, asked)
        for _ in range(rounds):
            serve()
            command = self._ask(f"{self._url}/{command['id']}")
            if command["done"]:
                break
        if command["state"] not in DONE:
            raise OrderError(
                f"{command['message']}: {command['state']}, {command['result']} {command['error']}"
            )
        self.given += 1
        return command

    def _ask(self, url: str, body: object = None) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {self._token}", "Content-Type": "application/json"}
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(url, data, headers)
        with urllib.request.urlopen(request, timeout=_TIMEOUT_S) as answer:
            shown: dict[str, Any] = json.load(answer)
            return shown


def token_of(config_file: Path, scopes: Sequence[str]) -> str:
    """A new token of the gateway's API. Raises OrderError."""
    command = [sys.executable, "-m", "edge_gateway.cli", "token", "create", str(config_file), "day"]
    command += [f"--scope={scope}" for scope in scopes]
    made = subprocess.run(command, capture_output=True, text=True, check=False, timeout=_TIMEOUT_S)
    if made.returncode:
        raise OrderError(f"no token: {made.stderr.strip()}")
    return made.stdout.split()[-1]
