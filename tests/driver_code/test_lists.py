"""Trust list, revocations, presence keys: come back as they were; what is wrong is named by its member."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.driver_code.lists import (
    ListError,
    read_presence,
    read_revocations,
    read_trust,
    write_presence,
    write_revocations,
    write_trust,
)
from protocols.driver_code.trust import IssuerKey, Revocations, key_id_of

PUBLIC = bytes(range(64))
KEY = IssuerKey(key_id_of(PUBLIC), PUBLIC, 5, 9, "云南")
seconds = st.integers(0, 2**40)


@given(st.frozensets(st.binary(min_size=8, max_size=8), max_size=5), seconds)
def test_revocations_come_back(codes: frozenset[bytes], issued_s: int) -> None:
    assert read_revocations(write_revocations(Revocations(issued_s, codes))) == Revocations(issued_s, codes)


@given(st.dictionaries(st.integers(1, 65535), st.binary(min_size=16, max_size=64), max_size=5))
def test_presence_keys_come_back(keys: dict[int, bytes]) -> None:
    assert read_presence(write_presence(keys)) == keys


def test_the_trust_list_comes_back() -> None:
    assert read_trust(write_trust([KEY])) == [KEY]


@pytest.mark.parametrize(
    ("member", "value"), [("public", "00"), ("public", 1), ("from_s", -1), ("until_s", True), ("issuer", 1)]
)
def test_a_wrong_key_is_named(member: str, value: object) -> None:
    good = json.loads(write_trust([KEY]))
    good["keys"][0][member] = value
    with pytest.raises(ListError, match=rf"^keys\[0\]\.{member}"):
        read_trust(json.dumps(good).encode())


@pytest.mark.parametrize(
    ("data", "named"),
    [
        (b"", "list"),
        (b"[]", "v"),
        (b'{"v":2}', "v"),
        (b'{"v":1}', "codes"),
        (b'{"v":1,"codes":["0g"]}', "codes"),
    ],
)
def test_what_is_no_list_is_named(data: bytes, named: str) -> None:
    with pytest.raises(ListError, match=f"^{named}"):
        read_revocations(data)


def test_a_reference_that_no_terminal_has_is_named() -> None:
    with pytest.raises(ListError, match=r"^presence\.0"):
        read_presence(json.dumps({"v": 1, "presence": {"0": "00" * 16}}).encode())
