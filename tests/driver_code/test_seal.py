"""A push under the terminal's key: made here, opened here and by the terminal; nothing else opens it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.board.keyed_hash import hmac_sha256
from firmware.terminal import pages
from firmware.terminal.clock import DeviceClock
from firmware.terminal.health import Health
from firmware.terminal.ram_files import RamFiles
from firmware.terminal.screen.view import View
from firmware.terminal.settings import Settings
from firmware.terminal.store import Store
from protocols.driver_code.push import SEAL_BYTES, Colour, colour_push, seal, unseal, withdrawal_push
from protocols.wire.errors import RemoteProtocolError
from protocols.wire.tables import RESULT_FAILED, RESULT_OK
from tests.firmware.screen.test_desk_screen import MORNING

KEY = bytes(range(32))
PHONE = "013800138000"


class Truck:
    """What the terminal's page needs."""

    def __init__(self) -> None:
        self.settings = Settings(servers=[("none", 1)], phone=PHONE, store=Store(RamFiles()))
        self.clock, self.view, self.health = DeviceClock(), View(), Health()
        self.view.seal = (hmac_sha256, KEY, True)


@given(content=st.binary(max_size=300), phone=st.from_regex(r"[0-9]{11,20}", fullmatch=True))
def test_a_seal_opens_with_its_key_and_phone_alone(content, phone):
    sealed = seal(content, KEY, phone)
    assert unseal(sealed, KEY, "0" + phone) == content
    for other in ((KEY[::-1], phone), (KEY, phone + "1")):
        with pytest.raises(RemoteProtocolError):
            unseal(sealed, *other)


@given(at=st.integers(0, SEAL_BYTES + 10), bit=st.integers(0, 7))
def test_a_changed_bit_breaks_it(at, bit):
    sealed = bytearray(seal(b"eleven byte", KEY, PHONE))
    sealed[at] ^= 1 << bit
    with pytest.raises(RemoteProtocolError):
        unseal(bytes(sealed), KEY, PHONE)


def test_the_terminal_opens_what_is_sealed_here():
    truck = Truck()
    take = pages.use("driver_code").push
    gone = withdrawal_push(MORNING, 1)
    assert take(truck, seal(gone, KEY, PHONE), 0) == RESULT_OK
    assert take(truck, colour_push(MORNING, 2, Colour.RED), 0) == RESULT_FAILED
    assert take(truck, seal(gone, KEY, "13800138001"), 0) == RESULT_FAILED
