"""Why the plan is what it is: what binds and what that is worth, what causes each gap, and which rules clash."""
