"""From SVG to pixels, by resvg."""

import io
from collections.abc import Collection
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from filmless.errors import ConversionError

__all__ = ["rasterise"]


def rasterise(svg: str, columns: int, rows: int, fonts: Collection[Path]) -> NDArray[np.uint8]:
    """Render an SVG.

    Parameters
    ----------
    fonts
        The font files it may use: no others are looked at, so that no other font steps in unseen.

    Returns
    -------
    numpy.ndarray
        Shape (rows, columns, 3), uint8.

    Raises
    ------
    ConversionError
        The renderer fails.
    """
    import resvg_py
    from PIL import PngImagePlugin

    try:
        png = resvg_py.svg_to_bytes(
            svg_string=svg, skip_system_fonts=True, font_files=sorted(map(str, fonts)), width=columns, height=rows
        )
    except (ValueError, RuntimeError) as error:
        raise ConversionError(f"the metafile's drawing cannot be rendered: {error}") from error
    except BaseException as error:
        # A panic of the renderer is none of the exceptions one catches.
        if type(error).__name__ != "PanicException":
            raise
        raise ConversionError("the metafile's drawing cannot be rendered: the renderer failed") from error
    with PngImagePlugin.PngImageFile(io.BytesIO(bytes(png))) as image:
        rgb = np.array(image.convert("RGB"))
    if rgb.shape != (rows, columns, 3):
        raise ConversionError(
            f"the metafile was rendered at {rgb.shape[1]} x {rgb.shape[0]}, expected {columns} x {rows}"
        )
    return rgb
