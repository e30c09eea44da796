"""Step 1: from a plan file and raw tables to checked facts, and every fault found."""
