"""The tester's world itself: geometry, importers, determinism, the ledger's arithmetic, the faults."""
