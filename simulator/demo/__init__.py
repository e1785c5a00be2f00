"""The whole road in one minute: broker, authority, gateway, trucks, real firmware, faults in the middle.

`road` builds the road (the kill tests build theirs with it too), `show` draws it while it runs, `map` the
tracks afterwards. It prints what happened; what counts is the ledger.
"""
