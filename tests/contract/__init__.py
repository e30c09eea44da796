"""The contract of the store, held on SQLite and on PostgreSQL alike."""
