"""Step 2: segments, baseline, consensus, demand plan."""
