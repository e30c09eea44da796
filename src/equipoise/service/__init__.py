"""Every operation, once: typed request, typed response."""
