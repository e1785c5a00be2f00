"""Servers for the tests of this room, on both event loops, stopped at the end."""

import pytest

from .test_server import LOOPS, Running


@pytest.fixture(params=LOOPS, ids=lambda new_loop: new_loop.__module__)
def start(request, tmp_path):
    started = []

    def begin(**options):
        started.append(Running(tmp_path, request.param, **options))
        return started[-1]

    yield begin
    for running in started:
        running.stop()
