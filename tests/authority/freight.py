"""What the tests of the authority's freight side share: a desk in a folder, a world in its books."""

from collections.abc import Callable, Mapping
from pathlib import Path

from protocols.freight.consent import Purpose
from protocols.freight.values import day_text
from protocols.monitoring.documents import Item, Upload
from simulator.authority.desk import Desk
from simulator.authority.indicators import Period, days
from simulator.freight import World
from simulator.freight.registration import register

GATEWAY = "gw"


def recent(now_s: int) -> Period:
    """A month that ends with today: a world in it is over, and what is sent now arrives in it."""
    return days("recent", day_text(now_s - 39 * 86400), day_text(now_s + 86400))


def entered(
    folder: Path,
    world: World,
    now_s: int,
    gateway_of: Mapping[str, str] | None = None,
    clock: Callable[[], int] | None = None,
) -> Desk:
    """A desk whose books know the world. gateway_of: operator → gateway; one for all when absent."""
    desk = Desk(folder, clock=clock or (lambda: now_s))
    gateways = gateway_of or dict.fromkeys(world.registers.enterprises, GATEWAY)
    register(desk.bureau.registry, world, dict(gateways), now_s)
    return desk


def messages(world: World, gateway: str = GATEWAY) -> list[Upload]:
    """The world's uploads as a gateway sends them: revisions count up for one name, references are new."""
    revisions: dict[tuple[str, str], int] = {}
    items = []
    for number, upload in enumerate(world.uploads):
        name = upload.reference.removesuffix("-wrong").removesuffix("-again")
        revisions[upload.kind, name] = revisions.get((upload.kind, name), 0) + 1
        items.append(
            Item(
                f"r{number:06d}",
                upload.kind,
                revisions[upload.kind, name],
                Purpose.MONITORING,
                upload.document,
                upload.enterprise,
            )
        )
    return [Upload(gateway, number, tuple(part)) for number, part in enumerate(_parts(items, 50), start=1)]


def _parts(items: list[Item], size: int) -> list[list[Item]]:
    return [items[at : at + size] for at in range(0, len(items), size)]
