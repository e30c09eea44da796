"""Options: what may be done about gaps, found among the levers that the tables allow, proven by solving the plan again, ranked by money."""
