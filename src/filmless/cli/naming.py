"""How a person names elements on the command line."""

from filmless.cli.reporting import Misuse
from filmless.errors import FormatError
from filmless.file import _element_path
from filmless.file._element_path import ElementPath

__all__ = ["ElementPath", "path_named", "syntax_named", "tag_named"]


def tag_named(name: str) -> int:
    """Return the tag of a keyword or of a number as gggg,eeee.

    Raises
    ------
    Misuse
        When it is neither; with the nearest keyword as a hint.
    """
    try:
        return _element_path.tag_named(name)
    except FormatError as error:
        raise Misuse(error.message, error.hint) from None


def path_named(text: str) -> ElementPath:
    """Take a path such as ``ReferencedStudySequence[0].ReferencedSOPInstanceUID`` apart.

    Raises
    ------
    Misuse
        When a step is none, or a step before the last names no item.
    """
    try:
        return _element_path.path_named(text)
    except FormatError as error:
        raise Misuse(error.message, error.hint) from None


def syntax_named(name: str) -> str:
    """Return the UID of a transfer syntax by short name, keyword or UID; `*` as it is.

    Raises
    ------
    Misuse
        When it is none.
    """
    from filmless.dicomweb.client.operations import syntax_named as uid_of

    try:
        return name if name == "*" else uid_of(name)
    except ValueError:
        raise Misuse(f"`{name}` is no transfer syntax", "`filmless transcode --help` lists short names") from None
