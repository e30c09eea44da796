"""What may come otherwise than planned, and what it does to the plan: paths drawn, played, and told."""
