"""Tests through the doors: what a person meets."""
