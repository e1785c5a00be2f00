"""Bytes a position takes on the MQTT line, and what it costs to write a batch, on a realistic mix."""

from functools import partial

from protocols.monitoring import columnar, json_form
from protocols.monitoring.batch import Batch
from tests.monitoring.mix import make_mix

from .figures import Figure, interleaved

SIZES = (100, 1000)
FORMS = {
    "JSON": lambda batch: json_form.encode(batch),
    "columnar, zlib": lambda batch: columnar.encode(batch, "zlib"),
    "columnar, zstd": lambda batch: columnar.encode(batch, "zstd"),
}


def figures() -> list[Figure]:
    """Ratios are against JSON at the same batch size."""
    rows = []
    for size in SIZES:
        batch = Batch("bench", make_mix(size, seed=7))
        costs = interleaved({name: partial(form, batch) for name, form in FORMS.items()}, rounds=3)
        lengths = {name: len(form(batch)) / size for name, form in FORMS.items()}
        for name, length in lengths.items():
            note = f"written in {costs[name] / size / 1000:.1f} µs a position"
            ratio = length / lengths["JSON"]
            rows.append(Figure(f"line, {size} a batch", name, length, "B/position", ratio, note))
    return rows
