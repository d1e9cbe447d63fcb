"""Video: streams that go in as they are, and frames of others."""
