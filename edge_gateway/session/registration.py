"""What a 0x0100 says: which edition the terminal speaks, and which device it is."""

from typing import Final

from protocols.jt808 import fast
from protocols.jt808.editions import edition_of_registration
from protocols.wire.header import Header
from protocols.wire.tables import MSG_TERMINAL_REGISTRATION

from ..registry import Device

_PADDING: Final = b"\x00 "  # the standard pads with NUL behind; devices do on either side, with spaces too


def read_registration(header: Header, body: bytes, forced_edition: int | None = None) -> tuple[int, Device]:
    """The edition and the device of a 0x0100; the edition is `forced_edition` where a profile says one.

    Raises RemoteProtocolError when no edition's layout fits.
    """
    edition = forced_edition or edition_of_registration(body, header.edition)
    values = fast.decode_body(MSG_TERMINAL_REGISTRATION, edition, body)
    maker, model, terminal_id, plate = (
        bytes(values[name]).strip(_PADDING) for name in ("maker", "model", "terminal_id", "plate")
    )
    device = Device(
        values["province"], values["city"], maker, model, terminal_id, values["plate_colour"], plate
    )
    return edition, device
