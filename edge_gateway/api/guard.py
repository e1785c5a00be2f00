"""What stands before every route: the size of a request, and the token with its scope."""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Annotated, Any, Final

from fastapi import HTTPException, Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from ..tokens import Principal
from .problems import problem

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
            raise HTTPException(401, "a token is wanted: Authorization: Bearer dye_…")
        if scope not in principal.scopes:
            raise HTTPException(403, f"this token does not have the scope {scope}")
        return principal

    return check


class BodyLimit:
    """ASGI: answers 413 to a request that is, or becomes, longer than `bytes_max`."""

    def __init__(self, app: App, bytes_max: int) -> None:
        self._app = app
        self._bytes_max = bytes_max

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        said = dict(scope["headers"]).get(b"content-length", b"0")
        if said.isdigit() and int(said) > self._bytes_max:
            await self._refuse(scope, receive, send)
            return
        received = 0
        begun = False

        async def counted() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > self._bytes_max:
                raise _TooLong
            return message

        async def noted(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self._app(scope, counted, noted)
        except _TooLong:
            if not begun:
                await self._refuse(scope, receive, send)

    async def _refuse(self, scope: Message, receive: Receive, send: Send) -> None:
        answer = problem(413, f"{self._bytes_max} bytes at most (api.body_max_bytes)")
        await answer(scope, receive, send)


class _TooLong(Exception):
    pass
