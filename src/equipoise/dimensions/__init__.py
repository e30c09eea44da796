"""Time, hierarchies and units."""
