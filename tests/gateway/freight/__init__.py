"""Freight in the gateway: cores, the book, the service, and the whole against a real broker."""
