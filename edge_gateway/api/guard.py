"""What stands before every route: the token with its scope, and the size of a request."""

from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import suppress
from typing import Annotated, Any, Final

from fastapi import HTTPException, Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from ..tokens import Principal, Tokens
from .problems import problem

OPENAPI: Final = "/api/v1/openapi.json"
OPEN: Final = frozenset({OPENAPI})  # without a token
UPLOADS: Final = ("/files", ".csv")  # ends of the paths that take files; the others take JSON …
JSON_BYTES_MAX: Final = 1 << 20  # … which is parsed in the loop that serves terminals
WANTED: Final = "a token is wanted: Authorization: Bearer dye_…"
_bearer: Final = HTTPBearer(auto_error=False, description="`edge-gateway token create` makes one")
Given = Annotated[HTTPAuthorizationCredentials | None, Security(_bearer)]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]


def allowed(scope: str) -> Callable[..., Awaitable[Principal]]:
    """A dependency: who asks, when its token has the scope; 401 or 403 otherwise."""

    async def check(request: Request, given: Given) -> Principal:
        tokens = request.app.state.services.tokens
        principal: Principal | None = tokens.principal(given.credentials) if given else None
        if principal is None:
            raise HTTPException(401, WANTED)
        if scope not in principal.scopes:
            raise HTTPException(403, f"this token does not have the scope {scope}")
        return principal

    return check


class Gate:
    """ASGI: no byte of a body is read for who has no token (401), nor more than its route may take (413).

    The routes ask once more, for the scope. files_bytes_max: of what is sent to UPLOADS.
    """

    def __init__(self, app: App, tokens: Tokens, files_bytes_max: int) -> None:
        self._app = app
        self._tokens = tokens
        self._files_bytes_max = files_bytes_max

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        head = dict(scope["headers"])
        if scope["path"] not in OPEN and not self._is_known(head.get(b"authorization", b"")):
            await problem(401, WANTED)(scope, receive, send)
            return
        bytes_max = self._files_bytes_max
        if not scope["path"].endswith(UPLOADS):
            bytes_max = min(bytes_max, JSON_BYTES_MAX)
        said = head.get(b"content-length", b"0")
        if said.isdigit() and int(said) > bytes_max:
            await _too_long(bytes_max)(scope, receive, send)
            return
        await self._bounded(scope, receive, send, bytes_max)

    def _is_known(self, authorization: bytes) -> bool:
        scheme, _, token = authorization.decode("latin-1").partition(" ")
        return scheme.lower() == "bearer" and self._tokens.principal(token.strip()) is not None

    async def _bounded(self, scope: Message, receive: Receive, send: Send, bytes_max: int) -> None:
        """A body in chunks says its length only by its end. What the application makes of one that is cut
        short is not sent: the answer is ours."""
        received, begun = 0, False

        async def counted() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > bytes_max:
                raise _TooLong
            return message

        async def noted(message: Message) -> None:
            nonlocal begun
            if received <= bytes_max or begun:
                begun = True
                await send(message)

        with suppress(_TooLong):
            await self._app(scope, counted, noted)
        if received > bytes_max and not begun:
            await _too_long(bytes_max)(scope, receive, send)


def _too_long(bytes_max: int) -> Any:
    return problem(413, f"{bytes_max} bytes at most; files and CSV: api.body_max_bytes")


class _TooLong(Exception):
    pass
