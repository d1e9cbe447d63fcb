"""The index: one schema, in SQLite or PostgreSQL."""
