"""The application: the authority's parts behind routes. Pure of sockets; uvicorn or a test calls it."""

import sqlite3
from collections.abc import Awaitable, Callable
from typing import Any, Final

from fastapi import FastAPI, HTTPException, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse

from ..books.book import BookError
from . import codes, login, people, registers
from .services import Services

FIELD_CHECK_FAILED: Final = 3005
SERVER_ERROR: Final = 9001
BODY_BYTES_MAX: Final = 256 * 1024


def create_app(services: Services) -> FastAPI:
    """All routes under /v1. No pages of documentation: they would load scripts from elsewhere."""
    app = FastAPI(title="Dianyun stand-in authority", version="1", docs_url=None, redoc_url=None)
    app.state.services = services
    for part in (login, codes, registers, people):
        app.include_router(part.router, prefix="/v1")
    app.middleware("http")(_limited)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _said)
    app.add_exception_handler(BookError, _refused)
    app.add_exception_handler(ValueError, _refused)
    app.add_exception_handler(KeyError, _unknown)
    app.add_exception_handler(sqlite3.Error, _broken)
    return app


async def _limited(request: Request, call: Callable[[Request], Awaitable[Response]]) -> Response:
    length = request.headers.get("content-length", "0" if request.method in ("GET", "DELETE") else "")
    if not length.isdigit() or int(length) > BODY_BYTES_MAX:
        return _answer(413, FIELD_CHECK_FAILED, f"a body of known length, at most {BODY_BYTES_MAX} bytes")
    return await call(request)


async def _invalid(_: Request, error: Exception) -> Response:
    """The first field that is wrong, without its value."""
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    field = ".".join(str(part) for part in first["loc"][1:])
    return _answer(422, FIELD_CHECK_FAILED, str(first["msg"]), field=field)


async def _said(_: Request, error: Exception) -> Response:
    """What a route or the framework refuses, in one shape."""
    assert isinstance(error, HTTPException)
    detail = error.detail if isinstance(error.detail, dict) else {"reason": str(error.detail)}
    return JSONResponse({"code": error.status_code} | detail, error.status_code, error.headers)


async def _refused(_: Request, error: Exception) -> Response:
    return _answer(422, FIELD_CHECK_FAILED, str(error))


async def _unknown(_: Request, error: Exception) -> Response:
    return _answer(404, 404, str(error.args[0]) if error.args else "not found")


async def _broken(_: Request, error: Exception) -> Response:
    return _answer(503, SERVER_ERROR, f"the books cannot be used now ({type(error).__name__})")


def _answer(status: int, code: int, reason: str, **more: Any) -> JSONResponse:
    return JSONResponse({"code": code, "reason": reason} | more, status)
