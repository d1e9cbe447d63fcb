"""The operations of an SCU, each a generator over steps (PS3.7 9.1, 10.1)."""
