"""Events: what they change demand by, given or learned, and what they add to each cell."""
