"""Step 3: the supply model, its solution and what limits it."""
