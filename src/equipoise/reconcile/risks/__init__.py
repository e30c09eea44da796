"""Risks and opportunities beside the plan: what they are worth, and whether what tells that they come has been seen."""
