"""The contenders that are Python packages: a module each, the same tasks in all, each served in its own process."""
