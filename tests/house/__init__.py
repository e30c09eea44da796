"""Tests that hold the house to its own rules."""
