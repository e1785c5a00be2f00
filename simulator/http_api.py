"""A client of the two HTTP APIs, standard library only: JSON there and back, patient."""

from __future__ import annotations

import http.client
import json
import time
import urllib.error
import urllib.request
from typing import Any, Final, NamedTuple

PATIENCE_S: Final = 30.0  # a killed gateway is back long before
_AGAIN_S: Final = 0.1
_TIMEOUT_S: Final = 20.0
_UNAUTHORIZED: Final = 401


class Answer(NamedTuple):
    """status: of HTTP. body: the JSON, or bytes where it is none."""

    status: int
    body: Any


class Api:
    """token: sent with every question. login: account and secret, for an API that gives tokens for them."""

    def __init__(self, base: str, token: str = "", login: tuple[str, str] | None = None) -> None:
        self._base, self._token, self._login = base, token, login

    def get(self, path: str) -> Answer:
        """Raises OSError when nobody answers in time."""
        return self._ask("GET", path, None)

    def post(self, path: str, body: Any) -> Answer:
        """Raises OSError when nobody answers in time."""
        return self._ask("POST", path, body)

    def _ask(self, method: str, path: str, body: Any) -> Answer:
        answer = self._patiently(method, path, body)
        if answer.status == _UNAUTHORIZED and self._login is not None:
            account, secret = self._login
            self._token = self._patiently("POST", "/login", {"account": account, "secret": secret}).body[
                "token"
            ]
            answer = self._patiently(method, path, body)
        return answer

    def _patiently(self, method: str, path: str, body: Any) -> Answer:
        deadline = time.monotonic() + PATIENCE_S
        while True:
            try:
                return self._once(method, path, body)
            except OSError:
                if time.monotonic() >= deadline:
                    raise
                time.sleep(_AGAIN_S)

    def _once(self, method: str, path: str, body: Any) -> Answer:
        headers = {"Content-Type": "application/json"}
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self._base + path, data, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=_TIMEOUT_S) as answer:
                return Answer(answer.status, _read(answer.headers, answer.read()))
        except urllib.error.HTTPError as error:
            return Answer(error.code, _read(error.headers, error.read()))
        except http.client.HTTPException as error:  # it was killed in the middle of its answer
            raise ConnectionError(str(error)) from error


def _read(headers: Any, content: bytes) -> Any:
    is_json = headers.get_content_subtype() in ("json", "problem+json")
    return json.loads(content) if is_json and content else content
