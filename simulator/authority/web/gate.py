"""Who may ask: a bearer token of an account, with the scope of the route. 401 carries code 2001, as clients
of the province know it: get a new token, once."""

from collections.abc import Callable
from typing import Annotated, Any, Final

from fastapi import Depends, Header, HTTPException

from ..books.accounts import Caller
from .services import Services, services_of

TOKEN_FAILED: Final = 2001
_SCHEME: Final = "Bearer "


class Refusal(HTTPException):
    """An answer that is no success. code: the platform's result code; the status where it has none."""

    def __init__(self, status: int, reason: str, code: int = 0, **more: Any) -> None:
        headers = {"WWW-Authenticate": "Bearer"} if status == 401 else None
        super().__init__(status, {"code": code or status, "reason": reason} | more, headers)


def allowed(*scopes: str) -> Callable[..., Caller]:
    """The dependency of a route: the caller, when the token holds and has one of these scopes."""

    def caller(
        services: Annotated[Services, Depends(services_of)], authorization: Annotated[str, Header()] = ""
    ) -> Caller:
        found = services.accounts.caller(token_of(authorization), services.bureau.clock())
        if found is None:
            raise Refusal(401, "the token is missing, wrong or has ended", TOKEN_FAILED)
        if not found.scopes & set(scopes):
            raise Refusal(403, f"this needs the scope {' or '.join(scopes)}")
        return found

    return caller


def must_be_own(caller: Caller, identity: str) -> None:
    """Raises Refusal when the account acts for somebody else; a platform acts for nobody, so for all."""
    if caller.owner and caller.owner != identity:
        raise Refusal(403, "this account acts for somebody else")


def token_of(header: str) -> str:
    """The token of an Authorization header; empty when it is none."""
    return header.removeprefix(_SCHEME) if header.startswith(_SCHEME) else ""
