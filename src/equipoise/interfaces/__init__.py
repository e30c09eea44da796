"""The doors: they parse and print, they do not compute."""
