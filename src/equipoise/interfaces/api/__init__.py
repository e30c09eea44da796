"""The REST door: every operation of the register under /api/v1."""
