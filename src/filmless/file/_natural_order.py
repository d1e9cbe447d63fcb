"""The order in which people number files."""

import re
from typing import Any

__all__ = ["natural_key"]


def natural_key(name: str) -> tuple[list[Any], str]:
    """Return what to sort names by so that ``img2`` comes before ``img10``.

    Examples
    --------
    >>> sorted(["img10", "img2", "Img1"], key=natural_key)
    ['Img1', 'img2', 'img10']
    """
    # Numbers by their digits, not as integers: a name may have thousands of them.
    keys: list[Any] = [
        (len(part.lstrip("0")), part.lstrip("0")) if place % 2 else part
        for place, part in enumerate(re.split(r"([0-9]+)", name.casefold()))
    ]
    return keys, name
