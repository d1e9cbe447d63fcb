"""What a conversion found or did that its user should know."""

from dataclasses import dataclass

__all__ = ["ConversionNotice"]


@dataclass(frozen=True, slots=True)
class ConversionNotice:
    """Something worth telling about a conversion; never a value out of the picture.

    Parameters
    ----------
    code
        What it is, as a program asks for it: ``"embedded-exif"``.
    message
        The same for a person.
    """

    code: str
    message: str

    def __str__(self) -> str:
        return self.message
