"""What would be needed if nothing limited supply, beside the plan."""
