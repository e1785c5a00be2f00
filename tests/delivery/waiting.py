"""Waiting for a condition with a deadline: the only way a test of threads may wait."""

import time
from collections.abc import Callable
from typing import Any


def wait_for(condition: Callable[[], object], what: Callable[[], Any] | str, seconds: float = 30) -> None:
    """Returns when `condition` holds; fails with `what` when it does not in time."""
    deadline_s = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline_s:
            raise AssertionError(f"not within {seconds} s: {what() if callable(what) else what}")
        time.sleep(0.005)
