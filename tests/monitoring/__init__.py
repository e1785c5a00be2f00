"""Tests of the contract with the monitoring system: written forms, receipts, schemas."""
