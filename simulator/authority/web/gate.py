"""Who may ask: a bearer token of an account, with the scope of the route. 401 carries code 2001, as clients
of the province know it: get a new token, once."""

from collections.abc import Callable
from typing import Annotated, Any, Final

from fastapi import Depends, Header, HTTPException

from ..books.accounts import Caller
from ..books.registry import (
    COMPANY,
    DRIVER,
    PAPER,
    TERMINAL,
    VEHICLE,
    Registry,
    link_of,
)
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


def must_be_of(registry: Registry, caller: Caller, shelf: str, name: str) -> None:
    """Raises Refusal where a company asks for a record that is not of its own fleet, there or not."""
    if caller.owner and caller.owner != _company_of(registry, shelf, name):
        raise Refusal(403, "this account acts for somebody else")


def must_be_gateway_of(registry: Registry, caller: Caller, gateway: str) -> None:
    """Raises Refusal where a company asks for a gateway whose registers show anybody else."""
    if not caller.owner:
        return
    operators = registry.enterprises_of(gateway)
    carriers = {company for each in operators for company, _ in registry.companies(each)}
    if operators != [caller.owner] and carriers != {caller.owner}:
        raise Refusal(403, "this account acts for somebody else")


def _company_of(registry: Registry, shelf: str, name: str) -> str:
    """Whose fleet a record belongs to; empty when it is nobody's."""
    if shelf == COMPANY:
        return name
    if shelf == TERMINAL:
        found = registry.book.get(TERMINAL, name)
        return _company_of(registry, VEHICLE, str(found["vehicle"])) if found else ""
    if shelf == PAPER:
        paper = registry.paper_named(name)
        whose, _, subject = link_of(paper.certificate).partition(":") if paper else ("", "", "")
        return _company_of(registry, {"person": DRIVER}.get(whose, whose), subject)
    if shelf == DRIVER:
        driver = registry.driver(name)
        return driver.company_id if driver else ""
    vehicle = registry.vehicle(name) if shelf == VEHICLE else None
    return vehicle.company_id if vehicle else ""


def token_of(header: str) -> str:
    """The token of an Authorization header; empty when it is none."""
    return header.removeprefix(_SCHEME) if header.startswith(_SCHEME) else ""
