"""What the functions of this room are given, checked before it is used."""

from filmless.dataset import Dataset
from filmless.errors import PixelError
from filmless.pixels.description import number_of_frames

__all__ = ["check_dataset", "check_frame"]


def check_dataset(name: str, value: object, *, expected: str = "a Dataset") -> None:
    """Raise TypeError for an argument that is no data set; a path has to be read first."""
    if not isinstance(value, Dataset):
        raise TypeError(f"`{name}` is {expected}, not {type(value).__name__}; `filmless.read` reads a file")


def check_frame(image: Dataset, frame: int) -> None:
    """Raise PixelError for a frame that an image has not, as `filmless.pixels.render` does."""
    count = number_of_frames(image)
    if not 0 <= frame < count:
        raise PixelError(f"frame {frame} does not exist, expected 0 to {count - 1}", frame=frame)
