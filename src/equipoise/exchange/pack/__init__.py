"""The meeting pack: the plan as sections of words, figures, grids and pictures, whatever file they end up in."""
