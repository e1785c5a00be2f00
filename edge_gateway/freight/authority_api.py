"""Calls to the authority's API with a token that is kept good: the shell around `login`.

Blocking, safe in several threads; an asyncio caller uses `asyncio.to_thread`. Keeps no answer, logs no body.
"""

import http.client
import json
import random
import ssl
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit

from .login import Ask, Login, LoginError, is_refused

TIMEOUT_S: Final = 10.0
ANSWER_BYTES_MAX: Final = 64 << 20  # a snapshot of the registers is the largest


class Answer(NamedTuple):
    """status: of HTTP. headers: names in lower case. value: the JSON value, None where it is none; data: the
    bytes as they came."""

    status: int
    headers: Mapping[str, str]
    value: Any
    data: bytes


class AuthorityApi:
    """address: `http://HOST:PORT` or `https://…`, ca_file: whom to trust there, "" the system's certificates.

    secret_file: holds the account's secret alone. Raises ValueError for an address that is none.
    """

    def __init__(self, address: str, account: str, secret_file: Path | str, ca_file: str = "") -> None:
        parts = urlsplit(address)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.path.strip("/"):
            raise ValueError(f"{address!r}: http://HOST:PORT or https://HOST:PORT is wanted")
        self._host, self._port = parts.hostname, parts.port
        self._tls = ssl.create_default_context(cafile=ca_file or None) if parts.scheme == "https" else None
        self._login = Login(account, lambda: Path(secret_file).read_text("utf-8").strip(), random.random)
        self._lock = threading.Lock()  # one login at a time; calls themselves run side by side

    def call(
        self, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """The answer, whatever its status. A refused token is followed by one login and one more call.

        Raises LoginError: no token is to be had now; OSError: the authority is not there.
        """
        token = self._good_token()
        answer = self._send(method, path, body, token, headers or {})
        if not is_refused(answer.status, answer.value):
            return answer
        with self._lock:
            self._login.refused(token)
        return self._send(method, path, body, self._good_token(), headers or {})

    def _good_token(self) -> str:
        with self._lock:
            ask = self._login.next_ask(_now_ms())
            if ask is not None:
                self._obtain(ask)
            return self._login.token

    def _obtain(self, ask: Ask) -> None:
        """A refresh that fails is followed by a login only when the token is good no more."""
        try:
            answer = self._send("POST", ask.path, ask.body, ask.token, {})
        except OSError:
            self._login.failed(ask, _now_ms())
            if not self._login.token:
                raise
            return
        try:
            self._login.took(ask, answer.status, answer.value, _now_ms())
        except LoginError:
            if not ask.token:
                raise
            if is_refused(answer.status, answer.value):
                self._login.refused(ask.token)
                again = self._login.next_ask(_now_ms())
                if again is not None:
                    self._obtain(again)

    def _send(self, method: str, path: str, body: Any, token: str, headers: Mapping[str, str]) -> Answer:
        connection = self._connection()
        sent = dict(headers)
        if token:
            sent["Authorization"] = f"Bearer {token}"
        payload = None
        if body is not None:
            payload = json.dumps(body, ensure_ascii=False).encode()
            sent["Content-Type"] = "application/json"
        try:
            connection.request(method, path, payload, sent)
            response = connection.getresponse()
            data = response.read(ANSWER_BYTES_MAX + 1)
            if len(data) > ANSWER_BYTES_MAX:
                raise OSError(f"{path}: an answer of more than {ANSWER_BYTES_MAX} bytes")
            found = {name.lower(): value for name, value in response.getheaders()}
            return Answer(response.status, found, _json(data), data)
        except http.client.HTTPException as error:
            raise OSError(f"{path}: no answer in HTTP: {type(error).__name__}") from error
        finally:
            connection.close()

    def _connection(self) -> http.client.HTTPConnection:
        if self._tls is not None:
            return http.client.HTTPSConnection(self._host, self._port, timeout=TIMEOUT_S, context=self._tls)
        return http.client.HTTPConnection(self._host, self._port, timeout=TIMEOUT_S)


def _json(data: bytes) -> Any:
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        return None


def _now_ms() -> int:
    return time.monotonic_ns() // 1_000_000
