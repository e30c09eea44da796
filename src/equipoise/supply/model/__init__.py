"""From tables to unknowns: the network, what is required of it, targets, what can be decided, and the prices that steer it."""
