"""Tests of the freight documents, their checks, and what may leave."""
