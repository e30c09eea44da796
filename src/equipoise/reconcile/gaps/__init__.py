"""Where demand and supply, plan and budget, plan and last cycle part, in units and money, and why."""
