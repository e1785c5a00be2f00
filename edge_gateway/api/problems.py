"""Errors as problem JSON (RFC 9457): type, title, status, detail, and `errors` that name each field."""

from http import HTTPStatus
from typing import Any, Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from ..commands import CommandError, StoreError
from ..registry import FleetError, RegistryError

STATUS_OF: Final = {"bad": 422, "unknown": 404, "conflict": 409, "full": 429, "failed": 503}
RETRY_AFTER_S: Final = "5"


def problem(status: int, detail: str, errors: list[dict[str, str]] | None = None) -> JSONResponse:
    """The answer; `errors` = [{"field", "detail"}]."""
    content: dict[str, Any] = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
    }
    if errors:
        content["errors"] = errors
    headers = {"Retry-After": RETRY_AFTER_S} if status in (429, 503) else {}
    if status == HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = "Bearer"
    return JSONResponse(content, status, headers, media_type="application/problem+json")


def install(app: FastAPI) -> None:
    """Makes every error of the application a problem."""

    @app.exception_handler(CommandError)
    async def of_command(request: Request, error: CommandError) -> JSONResponse:
        del request
        return _named(STATUS_OF[error.kind], str(error), error.field)

    @app.exception_handler(FleetError)
    async def of_fleet(request: Request, error: FleetError) -> JSONResponse:
        del request
        return _named(STATUS_OF[error.kind], str(error), error.column)

    @app.exception_handler(RegistryError)
    @app.exception_handler(StoreError)
    async def of_store(request: Request, error: Exception) -> JSONResponse:
        del request
        return problem(503, str(error))

    @app.exception_handler(UnicodeEncodeError)
    async def of_text(request: Request, error: Exception) -> JSONResponse:
        """JSON can hold half a character; no file can."""
        del request, error
        return problem(422, "a text that is no Unicode")

    @app.exception_handler(HTTPException)
    async def of_http(request: Request, error: HTTPException) -> JSONResponse:
        del request
        return problem(error.status_code, str(error.detail))

    @app.exception_handler(RequestValidationError)
    async def of_validation(request: Request, error: RequestValidationError) -> JSONResponse:
        if any(tuple(each["loc"]) == ("path", "kind") for each in error.errors()):
            return problem(404, f"there is nothing at {request.url.path}")
        errors = [
            {"field": ".".join(map(str, each["loc"][1:])) or str(each["loc"][0]), "detail": _said(each)}
            for each in error.errors()
        ]
        first = errors[0]
        return problem(422, f"{first['field']}: {first['detail']}", errors)


def _said(error: dict[str, Any]) -> str:
    if tuple(error["loc"]) == ("body",):  # which is what a forgotten header looks like
        return "a JSON object is wanted, with the header Content-Type: application/json"
    return str(error["msg"])


def _named(status: int, detail: str, field: str) -> JSONResponse:
    return problem(
        status,
        f"{field}: {detail}" if field else detail,
        [{"field": field, "detail": detail}] if field else None,
    )
