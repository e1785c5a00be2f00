"""Golden vectors: JSON files that come from the standard, its tables or real devices, never from our encoder.

Each vector names its source. `load(name)` reads one file.
"""

import json
from pathlib import Path
from typing import Any


def load(name: str) -> list[dict[str, Any]]:
    """The vectors of `name`.json."""
    return json.loads((Path(__file__).parent / f"{name}.json").read_text("utf-8"))
