"""/api/v1/stats, /audit, /media."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from fastapi.responses import FileResponse

from ..commands import CommandError
from ..tokens import Principal
from . import models
from .guard import allowed
from .services import Services, services_of

router = APIRouter(tags=["system"])
Statistician = Annotated[Principal, Depends(allowed("stats:read"))]
Viewer = Annotated[Principal, Depends(allowed("media:read"))]
House = Annotated[Services, Depends(services_of)]


@router.get("/stats")
async def stats(who: Statistician, house: House) -> dict[str, Any]:
    """Figures of the whole gateway, as in its status file."""
    return house.stats()


@router.get("/audit")
async def audit(
    who: Statistician, house: House, before: models.From = 0, limit: Annotated[int, Query(ge=1, le=500)] = 100
) -> list[dict[str, Any]]:
    """Who did what to which terminal, youngest first; lines are never changed or deleted."""
    return house.commands.store.audit(before, limit)


@router.get("/media")
async def list_media(
    who: Viewer,
    house: House,
    terminal: str = "",
    after: models.From = 0,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> list[dict[str, Any]]:
    """Pictures, sound, films and alarm files of terminals, oldest first; `after`: the last id of a page."""
    if house.media is None:
        raise CommandError("no media are kept: see [media]", kind="unknown")
    return house.media.listed(terminal.lstrip("0"), after, limit)


@router.get("/media/{number}", response_class=FileResponse)
async def get_media(number: models.Number, who: Viewer, house: House) -> FileResponse:
    """The bytes of one. The browser shall not guess what they are: terminals chose them."""
    found = house.media.file(number) if house.media else None
    if found is None:
        raise CommandError(f"there is no medium {number}", "number", "unknown")
    headers = {"X-Content-Type-Options": "nosniff", "Content-Disposition": "attachment"}
    return FileResponse(found[0], media_type=found[1], headers=headers)
