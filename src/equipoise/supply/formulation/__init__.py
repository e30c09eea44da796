"""The equations of the supply model, one function each. `register.RULES` lists them all."""
