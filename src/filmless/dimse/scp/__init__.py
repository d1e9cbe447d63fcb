"""The side that is asked: associations that come in, and what answers their requests."""
