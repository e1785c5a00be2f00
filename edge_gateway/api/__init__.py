"""The REST API under /api/v1: commands, registry, media, figures. One FastAPI application on uvicorn, in the
gateway's own event loop, on loopback unless configured otherwise, off unless enabled.

Every route asks for a token with a scope; every change leaves an audit line. Decides nothing itself: what may
be done stands in `commands` and `registry`. Must not block the loop that terminals share with it.

Begin at `app`. Nothing is imported here: `media` is wanted where no API is, and the web's libraries are slow
to load.
"""
