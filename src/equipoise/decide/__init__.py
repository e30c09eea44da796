"""Step 5: recommendations, actions, agenda, summary."""
