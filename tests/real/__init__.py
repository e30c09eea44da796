"""Whole cycles on data that nobody here wrote."""
