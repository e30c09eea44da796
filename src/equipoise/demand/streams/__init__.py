"""Streams: opinions side by side, their weights, who answers for what, and the consensus."""
