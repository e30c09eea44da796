"""The process between people: the cycle's calendar, who may do what, hand-offs, what is stale. Pure: it reads records and returns them."""
