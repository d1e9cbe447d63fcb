"""Every notice that is told is on the page."""

import re
from pathlib import Path

import filmless

SOURCE = Path(filmless.__file__).parent
_TOLD = re.compile(r'(?:notice|ConversionNotice|tell|told)\(\s*"([a-z0-9]+(?:-[a-z0-9]+)*)"')


def test_the_page_lists_every_notice() -> None:
    page = (SOURCE.parent.parent / "docs" / "convert.md").read_text(encoding="utf-8")
    listed = set(re.findall(r"`([a-z0-9-]+)`", page.partition("## Notices")[2].partition("## Reference")[0]))
    told = {code for path in SOURCE.rglob("*.py") for code in _TOLD.findall(path.read_text(encoding="utf-8"))}
    assert len(told) > 40
    assert told - listed == set()
