"""A service with something to see: `make demo`, or

    python examples/demo.py .data/admin.json

Draws pictures of a river, and plays what an admin, two labeling partners and a reviewer do with them, each by the command
`labelapi` with a key of their own. Reads the file that `make run` leaves (`url`, `apikey`, `apisecret`), and writes to the
folder `demo` beside it. Each round makes new sets and campaigns. Stops with exit code 1 and a sentence at the first command
that does not do as it should.
"""

import argparse
import json
import os
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import repeat
from pathlib import Path
from typing import Any

from label_files import CLASSES, INSTRUCTIONS, as_coco, as_labeled, as_predicted
from labelapi import LabelAPI, LabelAPIError, Profile
from pictures import Picture, bridge_pictures, drone_pictures

PICTURES, LEAST = 24, 3
LEFT_OUT = 5  # The exit code of `labelapi` where files have problems.
PRIVATE_FILE, PRIVATE_FOLDER = 0o600, 0o700
LISA, TOM, ROBIN = "lisa@river-watch.example", "tom@clear-water.example", "robin@example.org"


class DemoFailed(Exception):
    """Something is not as it should be; the message says what."""


@dataclass(frozen=True)
class Person:
    """Somebody with a key of the service."""

    email: str
    profile: Profile

    @property
    def api(self) -> LabelAPI:
        """The client in Python."""
        return LabelAPI(self.profile)

    def run(self, *arguments: object, codes: Iterable[int] = (0,)) -> None:
        """Show a command, and run it. Raises DemoFailed when its exit code is another than one of these."""
        print(f"\n{self.email} $ {shlex.join(['labelapi', *map(str, arguments)])}", flush=True)
        done = subprocess.run(self._command(arguments), env=self._environment, check=False)
        self._check(arguments, done.returncode, codes)

    def ask(self, *arguments: object) -> Any:
        """Show a command, and return what it answers as JSON, which may hold a secret."""
        print(f"\n{self.email} $ {shlex.join(['labelapi', *map(str, arguments)])}", flush=True)
        command = self._command([*arguments, "--json"])
        done = subprocess.run(command, env=self._environment, stdout=subprocess.PIPE, text=True, check=False)
        self._check(arguments, done.returncode, (0,))
        return json.loads(done.stdout.splitlines()[-1])

    @staticmethod
    def _command(arguments: Sequence[object]) -> list[str]:
        return [sys.executable, "-m", "labelapi.cli.main", *map(str, arguments)]

    @property
    def _environment(self) -> dict[str, str]:
        return {**os.environ, **variables(self.profile)}

    @staticmethod
    def _check(arguments: Sequence[object], code: int, codes: Iterable[int]) -> None:
        if code not in codes:
            raise DemoFailed(f"`labelapi {arguments[0]}` ended with exit code {code}.")


@dataclass(frozen=True)
class Scene:
    """Where this round writes, and what its sets and campaigns are called."""

    folder: Path
    ending: str
    pictures: int

    def named(self, name: str) -> str:
        """Return a title that no round before has used."""
        return f"{name}{self.ending}"


def variables(profile: Profile) -> dict[str, str]:
    """Return a key as the environment variables of `labelapi`."""
    return {"LABELAPI_URL": profile.url, "LABELAPI_KEY": profile.key, "LABELAPI_SECRET": profile.secret}


def main(admin_file: Path, count: int) -> None:
    """Play a round against the service that `admin_file` describes."""
    account = json.loads(admin_file.read_text())
    admin = Person(account["email"], Profile(account["url"], account["apikey"], account["apisecret"]))
    folder = admin_file.parent / "demo"
    folder.mkdir(parents=True, exist_ok=True)
    admin.run("whoami")
    round_number = next_round(admin)
    scene = Scene(folder, f"-{round_number}" if round_number > 1 else "", count)
    say("Drawing pictures of a river …")
    # Both cameras at a time: a picture takes about a second of processor time.
    with ProcessPoolExecutor(2) as pool:
        drone, bridge = pool.map(draw, (drone_pictures, bridge_pictures), repeat(count), repeat(round_number))
    upload(admin, scene, drone, bridge)
    lisa, robin = label_and_review(admin, scene, bridge)
    tom = label_with_suggestions(admin, robin, scene, drone)
    publish(admin, scene)
    say_where(admin, [lisa, robin, tom], scene)


def draw(pictures: Callable[[int, int], Iterator[Picture]], count: int, seed: int) -> list[Picture]:
    """Return the pictures of one camera."""
    return list(pictures(count, seed))


def next_round(admin: Person) -> int:
    """Return the number of this round: the first whose image set is not there yet."""
    with admin.api as api:
        titles = {each["title"] for each in api.image_sets.list(title="maas-bridge*")}
    return next(
        number for number in range(1, len(titles) + 2) if ("maas-bridge" + f"-{number}" * (number > 1)) not in titles
    )


def upload(admin: Person, scene: Scene, drone: list[Picture], bridge: list[Picture]) -> None:
    """Upload both folders. One picture ends early and one file is no picture, as it happens."""
    for name, pictures in (("maas-bridge", bridge), ("maas-drone", drone)):
        folder = scene.folder / scene.named(name)
        for picture in pictures:
            write(folder / picture.name, picture.content)
        if name == "maas-drone":
            write(folder / "flight 2/DJI_0099.JPG", drone[-1].content[: len(drone[-1].content) * 3 // 5])
            write(folder / "flight 2/notes.txt", b"Light wind from the west.\n")
        admin.run(
            *("upload", folder, "--set", scene.named(name), "--metadata", "river=Maas"),
            *("--timezone", "Europe/Amsterdam", "--finish"),
            codes=(LEFT_OUT if name == "maas-drone" else 0,),
        )


def label_and_review(admin: Person, scene: Scene, bridge: list[Picture]) -> tuple[Person, Person]:
    """Let Lisa label the pictures of the bridge, and Robin review them: two come back, and are corrected."""
    title, folder = scene.named("maas-bridge"), scene.folder
    write(folder / "classes.yaml", CLASSES.encode())
    write(folder / "instructions.md", INSTRUCTIONS.encode())
    made = admin.ask(
        *("campaigns", "create", title, "--partner", LISA, "--classes", folder / "classes.yaml", "--strict"),
        *("--instructions", folder / "instructions.md", "--images-from", f"set:{title}", "--start"),
    )
    lisa = keep_key(admin, folder, LISA, made["access_token"])
    robin = add_reviewer(admin, scene, title)

    labels, at_fault = folder / f"{title}.json", sorted(bridge, key=lambda each: -len(each.things))[:2]
    write(labels, as_coco(as_labeled(bridge, without_last=at_fault)))
    lisa.run("push", title, labels, "--yes")
    ids = image_ids(robin, title)
    rejected = [ids[Path(each.name).name] for each in at_fault]
    accepted = [number for number in ids.values() if number not in rejected]
    robin.run("campaigns", "review", title, "accepted", *accepted)
    comment = "One thing has no box."
    robin.run("campaigns", "review", title, "rejected", *rejected, "--comment", comment, "--reopen")

    lisa.run("todo", title)
    write(labels, as_coco(as_labeled(at_fault)))
    lisa.run("push", title, labels, "--yes", "--note", "Boxes added")
    robin.run("campaigns", "review", title, "accepted", *rejected)
    admin.run("campaigns", "finish", title)
    return lisa, robin


def label_with_suggestions(admin: Person, robin: Person, scene: Scene, drone: list[Picture]) -> Person:
    """Let a model find things in the pictures of the drone, and Tom label half of them; the rest is for whoever tries it."""
    title, model, folder = scene.named("maas-drone"), scene.named("floating-detector-3-1"), scene.folder
    admin.run(
        *("campaigns", "create", model, "--model", "floating-detector", "--version", "3.1"),
        *("--classes", folder / "classes.yaml", "--images-from", f"set:{title}", "--start"),
    )
    found = folder / f"{model}.json"
    write(found, as_coco(as_predicted(drone)))
    admin.run("push", model, found, "--yes")
    made = admin.ask(
        *("campaigns", "create", title, "--partner", TOM, "--classes", folder / "classes.yaml", "--strict"),
        *("--instructions", folder / "instructions.md", "--prelabels-from", model, "--late-corrections"),
        *("--images-from", f"set:{title}", "--start"),
    )
    tom = keep_key(admin, folder, TOM, made["access_token"])
    admin.run("campaigns", "member", title, robin.email, "--role", "reviewer")
    labels = folder / f"{title}.json"
    write(labels, as_coco(as_labeled(drone[: len(drone) // 2])))
    tom.run("push", title, labels, "--yes")
    broken = image_ids(tom, title)["DJI_0099.JPG"]
    with tom.api as api:
        api.put_campaign_objects(made["campaign_id"], [{"image_id": broken, "unusable": "The file ends early."}])
    admin.run("campaigns", "progress", title)
    return tom


def publish(admin: Person, scene: Scene) -> None:
    """Freeze what both partners labeled, export it, and fetch it as a trainer does; prove that nothing is missing."""
    name, folder = scene.named("maas-plastics"), scene.folder
    admin.run(
        *(
            "snapshots",
            "create",
            name,
            "--campaign",
            scene.named("maas-bridge"),
            "--campaign",
            scene.named("maas-drone"),
        ),
        *("--split", "content", "--seed", "maas", "--shares", "train=0.7", "--shares", "val=0.3"),
    )
    # Both answers hold links that work without a key.
    admin.ask("exports", "create", name, "--format", "coco")
    admin.run("download", name, folder / name, "--format", "yolo")
    admin.run("download", name, folder / name, "--format", "yolo", "--check")
    drone = scene.named("maas-drone")
    with admin.api as api:
        richest = max(api.campaigns[drone].objects(), key=lambda each: len(each["objects"]))
    boxes = folder / f"{scene.named('boxes')}.jpg"
    admin.ask("images", "show", richest["image_id"], "--campaign", drone, "--width", 1200, "--output", boxes)


def add_reviewer(admin: Person, scene: Scene, title: str) -> Person:
    """Let Robin review a campaign."""
    added = admin.ask("campaigns", "member", title, ROBIN, "--role", "reviewer")
    return keep_key(admin, scene.folder, ROBIN, added["access_token"])


def keep_key(admin: Person, folder: Path, email: str, token: Any) -> Person:
    """Keep the key of a person in a file that only its owner can read, or find it there in a later round; return the person."""
    path = key_file(folder, email)
    if not token["apisecret"] and path.is_file():
        kept = dict(line.split("=", 1) for line in path.read_text().splitlines())
        return Person(email, Profile(admin.profile.url, kept["LABELAPI_KEY"], kept["LABELAPI_SECRET"]))
    if not token["apisecret"]:
        token = admin.ask("keys", "make", email)
    profile = Profile(admin.profile.url, token["apikey"], token["apisecret"])
    path.parent.mkdir(mode=PRIVATE_FOLDER, exist_ok=True)
    path.touch(PRIVATE_FILE)
    path.write_text("".join(f"{name}={value}\n" for name, value in variables(profile).items()))
    return Person(email, profile)


def key_file(folder: Path, email: str) -> Path:
    """Return where the key of a person is kept."""
    return folder / "keys" / f"{email.partition('@')[0]}.env"


def image_ids(person: Person, title: str) -> dict[str, int]:
    """Return the images of a campaign by the names of their files, without folders."""
    with person.api as api:
        return {each["file_name"]: each["image_id"] for each in api.campaigns[title].images()}


def write(path: Path, content: bytes) -> None:
    """Write a file, with the folders that it needs."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def say(sentence: str) -> None:
    """Print one line of the story."""
    print(f"\n{sentence}", flush=True)


def say_where(admin: Person, people: Iterable[Person], scene: Scene) -> None:
    """Print where to look, and with whose key; the keys themselves stay in their files."""
    tom, command = key_file(scene.folder, TOM), Path(sys.executable).with_name("labelapi")
    labelapi = os.path.relpath(command) if command.is_file() else "labelapi"
    say(f"""The data are there. Look at them:

  Console     {admin.profile.url}/
              Sign in with the key and the secret of
              {admin.email}, admin: {os.path.relpath(scene.folder.parent / "admin.json")}""")
    for person in people:
        print(f"              {person.email}: {os.path.relpath(key_file(scene.folder, person.email))}")
    print(f"""  Command     set -a; . {os.path.relpath(tom)}; set +a; {labelapi} todo
  Dataset     {os.path.relpath(scene.folder / scene.named("maas-plastics"))}
  A picture   {os.path.relpath(scene.folder / (scene.named("boxes") + ".jpg"))}
""")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Fill a service that `make run` started with something to see.")
    parser.add_argument("admin_file", type=Path, help="admin.json in the data folder")
    parser.add_argument("--pictures", type=int, default=PICTURES, help=f"so many from each camera, {LEAST} or more")
    arguments = parser.parse_args()
    if arguments.pictures < LEAST:
        parser.error(f"--pictures must be {LEAST} or more, so that everybody has some to label.")
    if not arguments.admin_file.is_file():
        sys.exit(f"There is no {arguments.admin_file}. `make run` writes it, and must be running in another terminal.")
    try:
        main(arguments.admin_file, arguments.pictures)
    except (DemoFailed, LabelAPIError) as problem:
        sys.exit(f"The demo FAILED: {problem}")
    except KeyboardInterrupt:
        sys.exit("\nStopped. The next round makes sets and campaigns of its own.")
