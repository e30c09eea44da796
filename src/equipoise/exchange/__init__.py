"""Readers and writers: files in, files out. No planning here."""
