"""Contact sheets, pictures in terminals, and pages of plots."""

from __future__ import annotations

import base64
import io
import os
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from conftest import CHECKOUT, Shell, partner_of
from test_campaigns import label_all

from labelapi.pictures import draw_inline, draw_sheet, inline_way

Image = pytest.importorskip("PIL.Image")


def jpeg(color: tuple[int, int, int], size: tuple[int, int] = (40, 20)) -> bytes:
    content = io.BytesIO()
    Image.new("RGB", size, color).save(content, "JPEG", quality=95)
    return content.getvalue()


def opened(content: bytes) -> Any:
    return Image.open(io.BytesIO(content))


def test_sheet_has_a_cell_for_each_picture() -> None:
    previews = [("1 a.jpg", jpeg((255, 0, 0))), ("2 b.jpg", None), ("3 " + "long" * 50 + " 日本", jpeg((0, 0, 255)))]
    with opened(draw_sheet(previews, columns=2, width=64)) as sheet:
        assert (sheet.format, sheet.size) == ("JPEG", (2 * 72 + 8, 2 * 90 + 8))
        red, missing, blue = (sheet.getpixel(place) for place in ((40, 40), (112, 40), (40, 130)))
    assert red[0] > 200 > 60 > red[2]
    assert missing[0] == pytest.approx(missing[2], abs=8)
    assert blue[2] > 200 > 60 > blue[0]


def test_sheet_of_a_campaign(shell: Shell, campaign: Any, title: str, tmp_path: Path) -> None:
    label_all(partner_of(shell, campaign), campaign["campaign_id"], "PET")
    sheet = tmp_path / "sheet.jpg"
    ran = shell.run(
        "images", "sheet", "--campaign", title, "--output", sheet, "--columns", "3", "--width", "64", "--json"
    )
    assert ran.code == 0, ran.err
    assert (len(ran.lines[-1]["images"]), ran.lines[-1]["missing"]) == (3, [])
    with opened(sheet.read_bytes()) as picture:
        assert picture.size == (3 * 72 + 8, 90 + 8)
    assert shell.run("images", "sheet", f"set:{title}", "--limit", "1", "--output", sheet).code == 0
    none = shell.run("images", "sheet", "--campaign", title, "--state", "unusable", "--output", sheet)
    assert (none.code, "No image fits" in none.err) == (2, True)
    assert shell.run("images", "sheet", "--state", "labeled").code == 2
    partner = partner_of(shell, campaign)
    assert partner.run("images", "sheet", "--campaign", title, "--output", sheet).code == 0


def test_picture_is_shown_inline_where_that_is_asked(shell: Shell, campaign: Any) -> None:
    image_id = shell.run("todo", campaign["title"], "--json").json[0]["image_id"]
    ran = shell.run("images", "show", image_id, "--inline", "iterm2")
    found = re.match(r"\x1b\]1337;File=inline=1;size=(\d+):([A-Za-z0-9+/=]+)\x07", ran.out)
    assert found, ran.err
    content = base64.b64decode(found[2])
    assert len(content) == int(found[1])
    with opened(content) as picture:
        assert picture.format == "JPEG"
    assert "\x1b" not in shell.run("images", "show", image_id).out


def test_kitty_gets_a_png_in_pieces() -> None:
    shown = draw_inline(jpeg((9, 200, 9), (300, 200)), "kitty")
    pieces = re.findall(r"\x1b_G([^;]*);([^\x1b]*)\x1b\\", shown)
    assert pieces[0][0].startswith("a=T,f=100,")
    assert [control.endswith("m=1") for control, _ in pieces] == [True] * (len(pieces) - 1) + [False]
    assert all(len(text) <= 4096 for _, text in pieces)
    with opened(base64.b64decode("".join(text for _, text in pieces))) as picture:
        assert (picture.format, picture.size) == ("PNG", (300, 200))


def sixel_pixels(text: str) -> dict[tuple[int, int], tuple[int, int, int]]:
    """Read sixel as a terminal does: colors in percent, six rows at a time."""
    found = re.fullmatch(r'\x1bP0;1q"1;1;(\d+);(\d+)(.*)\x1b\\\n', text, re.DOTALL)
    assert found
    colors: dict[str, tuple[int, int, int]] = {}
    pixels: dict[tuple[int, int], tuple[int, int, int]] = {}
    x = y = 0
    color = ""
    for token in re.finditer(r"#(\d+);2;(\d+);(\d+);(\d+)|#(\d+)|!(\d+)(.)|([?-~])|(\$)|(-)", found[3]):
        if token[1]:
            colors[token[1]] = (int(token[2]), int(token[3]), int(token[4]))
        elif token[5]:
            color = token[5]
        elif token[9]:
            x = 0
        elif token[10]:
            x, y = 0, y + 6
        else:
            count, bits = (int(token[6]), ord(token[7]) - 63) if token[6] else (1, ord(token[8]) - 63)
            for column in range(x, x + count):
                pixels.update({(column, y + row): colors[color] for row in range(6) if bits >> row & 1})
            x += count
    assert len(pixels) == int(found[1]) * int(found[2])
    return pixels


def test_sixel_has_every_pixel_in_its_color() -> None:
    content = io.BytesIO()
    picture = Image.new("RGB", (23, 14), (255, 0, 0))
    picture.paste((0, 0, 255), (10, 5, 23, 14))
    picture.save(content, "JPEG", quality=100, subsampling=0)
    pixels = sixel_pixels(draw_inline(content.getvalue(), "sixel"))
    assert pixels[0, 0][0] > 95 > 10 > pixels[0, 0][2]
    assert pixels[22, 13][2] > 95 > 10 > pixels[22, 13][0]
    assert pixels.keys() == {(x, y) for x in range(23) for y in range(14)}


@pytest.mark.parametrize(
    ("environment", "way"),
    [
        ({"KITTY_WINDOW_ID": "1"}, "kitty"),
        ({"TERM": "xterm-kitty"}, "kitty"),
        ({"TERM_PROGRAM": "ghostty"}, "kitty"),
        ({"TERM_PROGRAM": "iTerm.app"}, "iterm2"),
        ({"TERM_PROGRAM": "WezTerm"}, "iterm2"),
        ({"LC_TERMINAL": "iTerm2", "TERM": "xterm-256color"}, "iterm2"),
        ({"TERM": "foot"}, "sixel"),
        ({"TERM": "xterm-256color"}, None),
        ({"TERM": "tmux-256color", "KITTY_WINDOW_ID": "1"}, None),
        ({}, None),
    ],
)
def test_terminals_are_known_by_what_they_say(environment: dict[str, str], way: str | None) -> None:
    assert inline_way(environment, ask=False) == way


@pytest.mark.skipif(os.name == "nt", reason="Windows has no pseudo-terminals.")
@pytest.mark.parametrize(("answer", "way"), [(b"\x1b[?62;4;22c", "sixel"), (b"\x1b[?62;22c", "None"), (b"", "None")])
def test_terminal_is_asked_whether_it_knows_sixel(answer: bytes, way: str) -> None:
    import pty

    ours, theirs = pty.openpty()
    code = "from labelapi.pictures import inline_way\nprint('way', inline_way({'TERM': 'xterm'}))"
    try:
        process = subprocess.Popen([sys.executable, "-c", code], stdin=theirs, stdout=theirs)
        shown = b""
        deadline = time.monotonic() + 30
        while b"\x1b[c" not in shown:
            assert time.monotonic() < deadline
            shown += os.read(ours, 1000)
        os.write(ours, answer)
        assert process.wait(30) == 0
        while b"way " not in shown:
            shown += os.read(ours, 1000)
    finally:
        os.close(theirs)
        os.close(ours)
    assert f"way {way}".encode() in shown


# Matplotlib uses old names of a library that it needs.
@pytest.mark.filterwarnings("ignore:'\\w+' deprecated - use")
def test_statistics_are_drawn(shell: Shell, campaign: Any, title: str, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    empty = tmp_path / "empty.png"
    assert shell.run("campaigns", "statistics", title, "--plot", empty).code == 0
    label_all(partner_of(shell, campaign), campaign["campaign_id"], "PET $ glass")
    page = tmp_path / "page.png"
    ran = shell.run("campaigns", "statistics", title, "--plot", page, "--json")
    assert (ran.code, ran.json["objects"]) == (0, 3), ran.err
    with opened(page.read_bytes()) as drawn, opened(empty.read_bytes()) as before:
        assert (drawn.format, drawn.size) == ("PNG", (1755, 1245))
        assert drawn.size == before.size
        colors = {color[:3]: count for count, color in drawn.getcolors(1_000_000)}
        bars = (0x00, 0x72, 0xB2)
        assert colors.get(bars, 0) > 1000
        assert bars not in {color[:3] for _, color in before.getcolors(1_000_000)}
    assert shell.run("campaigns", "statistics", title, "--plot", tmp_path / "page.pdf").code == 0
    assert (tmp_path / "page.pdf").read_bytes().startswith(b"%PDF")
    nowhere = shell.run("campaigns", "statistics", title, "--plot", tmp_path / "no" / "page.png")
    assert (nowhere.code, "No such file" in nowhere.err) == (1, True), nowhere.err


def test_what_needs_an_extra_says_so(shell: Shell, tmp_path: Path) -> None:
    code = (
        "import sys\nsys.modules['matplotlib'] = sys.modules['PIL'] = None\nfrom labelapi.cli.main import run\n"
        "sys.exit(run(sys.argv[1:]))"
    )
    for asked in (
        ("campaigns", "statistics", "1", "--plot", str(tmp_path / "page.png")),
        ("images", "sheet", "--campaign", "1"),
        ("pull", "1", str(tmp_path / "work"), "--upright"),
    ):
        command = [sys.executable, "-c", code, *asked]
        ran = subprocess.run(command, env=shell.environment, capture_output=True, text=True, check=False, cwd=CHECKOUT)
        assert (ran.returncode, "labelapi-client[pictures]" in ran.stderr) == (2, True), ran.stderr
    assert not (tmp_path / "work").exists()
