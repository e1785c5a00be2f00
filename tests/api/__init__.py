"""The REST API: over its services in memory, and over HTTP through a real gateway."""
