"""The driver code on its way: what the gateway pushes, what the terminal makes of it, the verifier."""
