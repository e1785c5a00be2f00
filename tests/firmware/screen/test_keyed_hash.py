"""The boards' HMAC against the standard library's."""

import hmac

from hypothesis import given
from hypothesis import strategies as st

from firmware.board.keyed_hash import hmac_sha256


@given(st.binary(max_size=100), st.binary(max_size=300))
def test_it_is_hmac_sha256(key, message):
    assert hmac_sha256(key, message) == hmac.digest(key, message, "sha256")
