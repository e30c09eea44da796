"""What safety stock is worked out from: the normal distribution, lead times, and forecast errors where the stock is kept."""
