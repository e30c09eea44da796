"""What the plan is worth: the statement, the bridges, what profit hangs on."""
