"""Where numbers come from: the links between a cell of a version and what it was made from, as facts and as sentences."""
