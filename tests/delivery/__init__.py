"""Tests of the road from the journal to the authority: pure parts first, then a real broker."""
