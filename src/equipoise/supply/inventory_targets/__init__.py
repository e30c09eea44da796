"""Safety stock and base stock: the normal distribution, lead times, and forecast errors where the stock is kept."""
