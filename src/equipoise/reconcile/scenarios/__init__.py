"""Scenarios run and compared with the base plan."""
