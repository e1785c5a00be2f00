"""Logins: a secret for a token, a token for the next one."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header

from ..books.accounts import TOKEN_LIFE_S
from .forms import Login
from .gate import TOKEN_FAILED, Refusal, token_of
from .services import Services, services_of

House = Annotated[Services, Depends(services_of)]
router = APIRouter()


@router.post("/login")
def login(body: Login, house: House) -> dict[str, Any]:
    """A token of at most the account's scopes. 401 for a wrong secret; which part is wrong is not told."""
    token = house.accounts.login(body.account, body.secret, house.bureau.clock(), body.scopes)
    if token is None:
        raise Refusal(401, "account, secret or scopes are wrong, or there were too many tries", TOKEN_FAILED)
    return {"token": token, "expires_in_s": TOKEN_LIFE_S}


@router.post("/refresh")
def refresh(house: House, authorization: Annotated[str, Header()] = "") -> dict[str, Any]:
    """The next token; the present one ends."""
    token = house.accounts.refresh(token_of(authorization), house.bureau.clock())
    if token is None:
        raise Refusal(401, "the token is missing, wrong or has ended", TOKEN_FAILED)
    return {"token": token, "expires_in_s": TOKEN_LIFE_S}
