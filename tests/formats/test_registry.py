"""What is said of a format beside its writer is true of the writer."""

import subprocess
import sys

import pytest

from app.formats.members import UnsupportedError
from app.formats.registry import FORMATS
from app.formats.states import ALL_STATES
from tests.formats.memory import box, dataset, image, write

SPLITS = ("train", "val")


@pytest.mark.parametrize("splits", [(), SPLITS])
@pytest.mark.parametrize("name", FORMATS)
def test_a_format_that_is_one_file_writes_one_file(name: str, splits: tuple[str, ...]) -> None:
    page = [image(1, "a.jpg", box(), split=splits[0] if splits else None)]
    files, _ = write(FORMATS[name].writer, dataset(splits=splits), page)
    if FORMATS[name].is_one_file(splits, files=False):
        assert len(files) == 1
        assert FORMATS[name].extension == next(iter(files)).rpartition(".")[2]
    else:
        assert len(files) > 1
    assert not FORMATS[name].is_one_file(splits, files=True)


@pytest.mark.parametrize("state", sorted(ALL_STATES))
@pytest.mark.parametrize("name", FORMATS)
def test_a_format_carries_the_states_that_it_has_words_for(name: str, state: str) -> None:
    def write_it() -> None:
        write(FORMATS[name].writer, dataset(), [image(1, "a.jpg", state=state)])

    if state in FORMATS[name].states:
        write_it()
    else:
        with pytest.raises(UnsupportedError, match=state):
            write_it()


def test_who_asks_which_formats_there_are_does_not_load_arrow() -> None:
    code = "import sys, app.formats.registry; sys.exit('pyarrow' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
