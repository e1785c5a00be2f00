"""The application: routes, errors, limits; and its OpenAPI document as a file."""

import json
from pathlib import Path
from typing import Any

from fastapi import FastAPI

from . import commands, freight, models, problems, registry, system
from .guard import OPENAPI, Gate
from .services import Services

TITLE = "Dianyun Edge gateway"
VERSION = "1"


def create_app(services: Services | None) -> FastAPI:
    """The application over these services; without any it can only describe itself."""
    app = FastAPI(
        title=TITLE,
        version=VERSION,
        openapi_url=OPENAPI,
        docs_url=None,  # the page would be fetched from the net
        redoc_url=None,
        responses={"4XX": {"model": models.Problem, "description": "What is wrong, field by field"}},
    )
    app.state.services = services
    problems.install(app)
    # The registry comes last: its /{kind} matches what others name.
    for part in (commands, freight, system, registry):
        app.include_router(part.router, prefix="/api/v1")
    if services is not None:
        app.add_middleware(
            Gate,  # type: ignore[arg-type]
            tokens=services.tokens,
            files_bytes_max=services.body_max_bytes,
        )
    return app


def openapi_document() -> dict[str, Any]:
    """The description of the API."""
    return create_app(None).openapi()


def write_openapi(path: Path) -> None:
    """Writes the description; a test sees to it that docs/openapi.json is fresh."""
    text = json.dumps(openapi_document(), ensure_ascii=False, indent=1, sort_keys=True)
    path.write_text(text + "\n", encoding="utf-8")
