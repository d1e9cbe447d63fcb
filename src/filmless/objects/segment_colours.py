"""Colours for segments that have none of their own."""

__all__ = ["PALETTE"]

# Bright on grey pictures, and told apart by people who do not see red or green: Okabe and Ito's, without black.
PALETTE = (
    (230, 159, 0),
    (86, 180, 233),
    (0, 158, 115),
    (240, 228, 66),
    (0, 114, 178),
    (213, 94, 0),
    (204, 121, 167),
)
