"""Documents that conform, made anew for each test."""

from typing import Any

from protocols.freight import Kind
from simulator.freight import SCENARIOS, build


def samples() -> dict[Kind, list[dict[str, Any]]]:
    """A few documents of each kind, out of a clean small world."""
    world = build(SCENARIOS["pilot"], seed=5, faults={})
    found: dict[Kind, list[dict[str, Any]]] = {kind: [] for kind in Kind}
    for upload in world.uploads:
        if len(found[upload.kind]) < 12:
            found[upload.kind].append(dict(upload.document))
    return found
