"""The revisions. Each stands as it was released: it imports nothing that may change."""
