"""The token of the authority's API: when to log in, when to refresh, what to do when it is refused. Pure.

A token is refreshed once, before it ends; a refused one, and one whose refresh fails, is followed by a login.
Failures are followed by growing pauses. The secret is read when it is needed and stands in no text of ours.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from ..delivery.backoff import Backoff

LOGIN: Final = "/v1/login"
REFRESH: Final = "/v1/refresh"
UNAUTHORISED: Final = 401
TOKEN_FAILED: Final = 2001  # the result code that says so (reference variant)
LEAD_MS: Final = 300_000  # before its end a token is refreshed, or a tenth of its life where that is less
LIFE_S_MAX: Final = 30 * 86_400
TOKEN_LENGTH_MAX: Final = 4096
_PAUSE_MS: Final = (1_000, 300_000)


class LoginError(Exception):
    """There is no token now. wait_ms: before which asking again is of no use. Names no secret."""

    def __init__(self, reason: str, wait_ms: int = 0) -> None:
        super().__init__(reason)
        self.wait_ms = wait_ms


@dataclass(frozen=True)
class Ask:
    """A request that brings a token: POST `body` as JSON to `path`, `token` as bearer where there is one."""

    path: str
    body: dict[str, str] = field(repr=False)
    token: str = field(repr=False)


class Login:
    """`next_ask` says what is to be sent now, if anything; `took` and `failed` tell what became of it.

    Times are milliseconds that only grow. secret: read anew for each login, so that it can be changed.
    """

    def __init__(self, account: str, secret: Callable[[], str], random01: Callable[[], float]) -> None:
        self._account = account
        self._secret = secret
        self._backoff = Backoff(*_PAUSE_MS, random01)
        self._not_before_ms = 0
        self._token = ""
        self._ends_ms = self._refresh_ms = 0
        self._refreshed = False

    @property
    def token(self) -> str:
        """The token to call with; "" when there is none."""
        return self._token

    def next_ask(self, now_ms: int) -> Ask | None:
        """None while the token is good. Raises LoginError during a pause; OSError: there is no secret."""
        if self._token and now_ms >= self._ends_ms:
            self._forget()
        if self._token and (now_ms < self._refresh_ms or self._refreshed):
            return None
        if now_ms < self._not_before_ms:
            if self._token:
                return None
            raise LoginError("login failed before, waiting", self._not_before_ms - now_ms)
        if self._token:
            self._refreshed = True  # once: what follows a refresh that fails is a login
            return Ask(REFRESH, {}, self._token)
        return Ask(LOGIN, {"account": self._account, "secret": self._secret()}, "")

    def took(self, ask: Ask, status: int, answer: Any, now_ms: int) -> None:
        """The answer to `ask`: HTTP status, JSON value or None. Raises LoginError when it is no token."""
        token, life_s = _token_in(answer) if status == 200 else ("", 0)
        if not token:
            self.failed(ask, now_ms)
            raise LoginError(f"{ask.path}: answered {status}{_code_in(answer)}", self._not_before_ms - now_ms)
        self._backoff.reset()
        self._not_before_ms = 0
        self._token, self._refreshed = token, False
        self._ends_ms = now_ms + life_s * 1000
        self._refresh_ms = self._ends_ms - min(LEAD_MS, life_s * 100)

    def failed(self, ask: Ask, now_ms: int) -> None:
        """No answer, or no good one. A token that could not be refreshed still serves until its end."""
        if ask.path == LOGIN:
            self._not_before_ms = now_ms + self._backoff.next_ms()

    def refused(self, token: str) -> None:
        """A call with this token was answered 401 or 2001: forgotten, unless a newer one is here already."""
        if token == self._token:
            self._forget()

    def _forget(self) -> None:
        self._token = ""
        self._ends_ms = self._refresh_ms = 0
        self._refreshed = False


def is_refused(status: int, answer: Any) -> bool:
    """Whether an answer says that the token is good no more."""
    return status == UNAUTHORISED or (isinstance(answer, dict) and answer.get("code") == TOKEN_FAILED)


def _token_in(answer: Any) -> tuple[str, int]:
    if not isinstance(answer, dict):
        return "", 0
    token, life_s = answer.get("token"), answer.get("expires_in_s")
    if not isinstance(token, str) or not 0 < len(token) <= TOKEN_LENGTH_MAX:
        return "", 0
    if not (token.isascii() and token.isprintable()) or type(life_s) is not int:
        return "", 0
    return (token, life_s) if 0 < life_s <= LIFE_S_MAX else ("", 0)


def _code_in(answer: Any) -> str:
    code = answer.get("code") if isinstance(answer, dict) else None
    return f", code {code}" if type(code) is int else ""
