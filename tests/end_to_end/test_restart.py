"""A gateway starts with a journal that nobody took: it listens soon, what it holds is delivered once, and
reports of now do not wait for it. The short one looks at what must hold; the long one, with ten million, at
how fast.
"""

import os
from pathlib import Path

import pytest

from tests.bench.restart import restart

READY_S = 5.0
LIVE_S = 1.0
DRAIN_PER_S = 50_000
TEN_MILLION = 10_000_000


@pytest.mark.slow
def test_a_backlog_is_delivered_once_and_news_goes_before_it(tmp_path: Path) -> None:
    found = restart(tmp_path, 60_000)
    assert found["drained"] >= 60_000
    assert (found["duplicated"], found["redelivered"], found["live_unseen"]) == (0, 0, 0)
    assert found["live"] and found["live_delay_p50_s"] < 10 * LIVE_S, "a busy machine is no fault"


@pytest.mark.soak
def test_ten_million_undelivered_reports(tmp_path: Path) -> None:
    """The figures that are promised, on two processors with nothing else to do: DIANYUN_QUIET=1 says so."""
    found = restart(tmp_path, TEN_MILLION)
    print(found)
    assert (found["duplicated"], found["redelivered"], found["live_unseen"]) == (0, 0, 0)
    if os.environ.get("DIANYUN_QUIET") == "1":
        assert found["ready_s"] <= READY_S
        assert found["drained_per_s"] >= DRAIN_PER_S
        assert found["live_delay_max_s"] <= LIVE_S
