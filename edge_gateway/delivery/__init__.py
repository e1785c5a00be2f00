"""From the journal to the monitoring system: batches out over MQTT, receipts in, cursor forward.

`batcher`, `plan`, `window`, `spans`, `pace`, `quota` and `backoff` are pure; `link` is the one file that
knows paho; `destination` is the thread that joins them, one for each monitoring system; `publisher` is all of
them.
Nothing here decodes positions, and nothing but a confirmation, or a quota that is exceeded, moves a cursor.
"""

from .publisher import Delivery, destination_names

__all__ = ["Delivery", "destination_names"]
