"""The table of rooms in CONTRIBUTING.md is complete and true: no other import, no circle, few files outside the rooms."""

import re
from graphlib import TopologicalSorter

from tests.house.test_house_rules import MODULES, ROOT, imports

MAX_FILES_AT_THE_ROOT = 8
ROW = re.compile(r"^\| `(?:app/)?(\w+)(?:/|\.py)` \| [^|]+ \| ([^|]*) \|$", re.MULTILINE)
TOP_ROOMS = ("web", "cli")


def read_table() -> dict[str, set[str]]:
    """Return what each room may import, by the names of rooms or of their modules."""
    table = {room: set(re.findall(r"`([\w.]+)`", cell)) for room, cell in ROW.findall(_map()) if cell.strip()}
    return table | {room: table.keys() - {*TOP_ROOMS, "local"} for room in TOP_ROOMS}


def _map() -> str:
    text = (ROOT / "CONTRIBUTING.md").read_text()
    return text[text.index("| room |") : text.index("A room may import")]


def room_of(name: str) -> str:
    """Return the room of a module: `services` for `app.services.images`."""
    return name.removeprefix("app.").split(".")[0]


def test_the_table_has_every_room_and_no_other() -> None:
    assert read_table().keys() == {room_of(name) for name in MODULES} - {"app"}


def test_every_import_is_in_the_table() -> None:
    table = read_table()
    wrong = []
    for name, path in MODULES.items():
        room = room_of(name)
        # The version is in `app` itself, which imports the application when it makes one.
        for target in set(imports(path)) & MODULES.keys() - {"app"} if name != "app" else ():
            names = {".".join(target.removeprefix("app.").split(".")[:length]) for length in (1, 2)}
            parents = {other for other in table[room] if other.startswith(f"{room_of(target)}.")}
            if (
                room_of(target) != room
                and not names & table[room]
                and not (parents and target == f"app.{room_of(target)}")
            ):
                wrong.append(f"{name} imports {target}")
    assert sorted(wrong) == []


def test_the_table_has_no_circle() -> None:
    graph = {room: {room_of(target) for target in targets} for room, targets in read_table().items()}
    assert len(list(TopologicalSorter(graph).static_order())) == len(graph)


def test_few_files_stand_outside_the_rooms() -> None:
    assert len(list((ROOT / "app").glob("*.py"))) <= MAX_FILES_AT_THE_ROOT
