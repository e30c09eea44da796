"""Every picture, drawn once. Altair is loaded with the module that draws, never before."""
