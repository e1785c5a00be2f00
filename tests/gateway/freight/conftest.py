"""A house for each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from .house import House


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """Freight with the fleet's registers known."""
    made = House(tmp_path)
    made.know()
    yield made
    made.book.close()
