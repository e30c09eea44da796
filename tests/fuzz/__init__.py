"""The REST door under random requests: `python -m tests.fuzz`."""
