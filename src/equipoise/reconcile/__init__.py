"""Step 4: gaps, scenarios, money."""
