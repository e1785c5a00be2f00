"""The contract with the monitoring system: position batches, receipts, and their two written forms.

`records` says what one position is, `batch` and `columnar` write many of them (JSON for people, bytes for
the line), `receipt` is the answer. `asyncapi.yaml` and the JSON Schemas beside them say the same for other
implementations. Nothing here opens a socket, reads a clock or knows a broker.
"""
