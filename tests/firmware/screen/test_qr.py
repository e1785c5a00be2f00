"""The encoder against the reference encoder: bit for bit, over versions, levels, modes, masks and lengths."""

import random

import pytest
import qrcode
from hypothesis import given, settings
from hypothesis import strategies as st
from qrcode import util

from firmware.terminal.qr.codewords import Coder
from firmware.terminal.qr.drawer import Drawer
from firmware.terminal.qr.tables import (
    LEVEL_L,
    LEVEL_M,
    LEVEL_Q,
    VERSION_MAX,
    buffer_bytes,
    data_bytes,
    is_alphanumeric,
    needed_bits,
    total_bytes,
    version_for,
)
from protocols.wire.base45 import ALPHABET

LEVELS = {
    LEVEL_L: qrcode.constants.ERROR_CORRECT_L,
    LEVEL_M: qrcode.constants.ERROR_CORRECT_M,
    LEVEL_Q: qrcode.constants.ERROR_CORRECT_Q,
}


def ours(text: bytes, version: int, level: int, alphanumeric: bool, mask: int) -> list[list[bool]]:
    buffer = bytearray(buffer_bytes(version, level))
    coder = Coder(buffer, text, version, level, alphanumeric)
    while coder.work():
        pass
    drawer = Drawer(buffer, total_bytes(version, level), version, level, mask)
    while drawer.work():
        pass
    return [[bool(drawer.is_dark(row, at)) for at in range(drawer.size)] for row in range(drawer.size)]


def theirs(text: bytes, version: int, level: int, alphanumeric: bool, mask: int) -> list[list[bool]]:
    code = qrcode.QRCode(version, LEVELS[level], border=0, mask_pattern=None if mask < 0 else mask)
    mode = util.MODE_ALPHA_NUM if alphanumeric else util.MODE_8BIT_BYTE
    code.add_data(util.QRData(text, mode=mode, check_data=False))
    code.make(fit=False)
    return [[bool(module) for module in row] for row in code.modules]


def longest(version: int, level: int, alphanumeric: bool) -> int:
    length = 0
    while needed_bits(version, alphanumeric, length + 1) <= 8 * data_bytes(version, level):
        length += 1
    return length


def text_of(source: random.Random, length: int, alphanumeric: bool) -> bytes:
    return bytes(source.choices(ALPHABET if alphanumeric else range(256), k=length))


@pytest.mark.parametrize("alphanumeric", [True, False])
@pytest.mark.parametrize("level", LEVELS)
def test_a_sample_equals_the_reference(level, alphanumeric):
    seed = random.randrange(1 << 32)
    print("seed", seed)
    source = random.Random(seed)
    for version in (1, 2, 6, 7, 9, 10, 14, 15):
        for length in (longest(version, level, alphanumeric), source.randrange(8)):
            text = text_of(source, length, alphanumeric)
            mask = source.randrange(8)
            arguments = (text, version, level, alphanumeric, mask)
            assert ours(*arguments) == theirs(*arguments), arguments


@pytest.mark.parametrize("version", [1, 7, 10])
def test_the_mask_is_the_one_that_the_reference_chooses(version):
    seed = random.randrange(1 << 32)
    print("seed", seed)
    source = random.Random(seed)
    text = text_of(source, longest(version, LEVEL_M, True), True)
    assert ours(text, version, LEVEL_M, True, -1) == theirs(text, version, LEVEL_M, True, -1)


def agree(version: int, level: int, lengths_of) -> None:
    """Holds both encoders equal: lengths_of(source, most) are tried in both modes, a mask each in turn."""
    seed = random.randrange(1 << 32)
    print("seed", seed)
    source = random.Random(seed)
    for alphanumeric in (True, False):
        most = longest(version, level, alphanumeric)
        for length in lengths_of(source, most):
            text = text_of(source, length, alphanumeric)
            masks = range(-1, 8) if length == most else (length % 8,)
            for mask in masks:
                arguments = (text, version, level, alphanumeric, mask)
                assert ours(*arguments) == theirs(*arguments), arguments


@pytest.mark.slow
@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("version", range(1, VERSION_MAX + 1))
def test_some_lengths_of_every_version_and_level_equal_the_reference(version, level):
    """The ends of each version, the longest with all eight masks and the choice, and two lengths between."""
    agree(version, level, lambda source, most: [0, source.randrange(most), source.randrange(most), most])


@pytest.mark.soak
@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("version", range(1, VERSION_MAX + 1))
def test_every_length_equals_the_reference(version, level):
    """Each length in both modes with one mask and then the next: a quarter of an hour."""
    agree(version, level, lambda _, most: range(most + 1))


@given(st.binary(max_size=300), st.sampled_from(sorted(LEVELS)))
@settings(max_examples=200, deadline=None)
def test_the_version_is_the_smallest_that_the_reference_takes(text, level):
    alphanumeric = is_alphanumeric(text) and bool(text)
    version = version_for(text, level, 1, VERSION_MAX, alphanumeric)
    code = qrcode.QRCode(None, LEVELS[level], border=0)
    mode = util.MODE_ALPHA_NUM if alphanumeric else util.MODE_8BIT_BYTE
    code.add_data(util.QRData(text, mode=mode, check_data=False))
    assert version == (code.best_fit() if code.best_fit() <= VERSION_MAX else 0)
