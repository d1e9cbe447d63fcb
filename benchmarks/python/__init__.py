"""The contenders that are Python packages: one module each, all with the same tasks, each served in a process of its own."""
