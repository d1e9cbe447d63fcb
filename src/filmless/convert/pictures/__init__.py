"""Pictures: a module a format, each giving what the file holds."""
