"""The virtual monitoring system: takes batches from the broker, stores each report once, sends receipts.

`store` is its database, `service` its ears and mouth. It believes nothing: record ids are computed again
from the bytes. It must not import the gateway; both know only `protocols.monitoring` and a broker.
"""
