"""From the journal to the monitoring system: batches out over MQTT, receipts in, cursor forward.

`batcher`, `window` and `backoff` are pure; `link` is the one file that knows paho; `publisher` is the
thread that joins them. Nothing here decodes positions, and nothing but a confirmation moves the cursor.
"""

from .publisher import Delivery

__all__ = ["Delivery"]
