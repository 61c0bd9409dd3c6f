"""The afternoon of an admin: a campaign from its first image to its datasets, users and keys, all by the command."""

from __future__ import annotations

import csv
import io
import re
import time
from pathlib import Path
from typing import Any

import pytest
from conftest import Shell, partner_of
from test_upload import make_files

from labelapi import LabelAPI, Profile, UsageError
from labelapi.filters import parse_filters, parse_selection, read_classes

BOX = {"xmin": 0, "ymin": 0, "xmax": 2, "ymax": 1}


@pytest.fixture
def image_set(shell: Shell, title: str, tmp_path: Path) -> str:
    """The title of a finished set of four images."""
    make_files(tmp_path / "photos", tuple(f"{number}.png" for number in range(4)))
    ran = shell.run("upload", tmp_path / "photos", "--set", title, "--finish", "--quiet")
    assert ran.code == 0, ran.err
    return title


def label_all(partner: Shell, campaign_id: int, label: str) -> None:
    values = partner.variables
    with LabelAPI(Profile(values["LABELAPI_URL"], values["LABELAPI_KEY"], values["LABELAPI_SECRET"])) as api:
        labels: Any = [
            {"image_id": image["image_id"], "objects": [{"label": label, "bounding_box": BOX}]}
            for image in api.campaigns[campaign_id].images()
        ]
        api.put_campaign_objects(campaign_id, labels)


def test_campaign_from_first_image_to_datasets(shell: Shell, image_set: str, tmp_path: Path) -> None:
    (tmp_path / "classes.yaml").write_text("- PET\n- name: glass\n  color: '#00ff00'\n")
    (tmp_path / "how.md").write_text("Draw *tight* boxes.")
    made = shell.run(
        *("campaigns", "create", image_set, "--partner", f"{image_set}@partner.example", "--start", "--json"),
        *(
            "--classes",
            tmp_path / "classes.yaml",
            "--instructions",
            tmp_path / "how.md",
            "--images-from",
            f"set:{image_set}",
        ),
    )
    assert made.code == 0, made.err
    campaign = made.json
    assert (campaign["status"], campaign["added"]) == ("active", 4)
    assert [each["name"] for each in campaign["classes"]] == ["PET", "glass"]
    partner = partner_of(shell, campaign)
    assert "labeler of campaign" in partner.run("whoami").out
    assert partner.run("campaigns", "show", image_set, "--json").json["campaign_id"] == campaign["campaign_id"]
    assert partner.run("campaigns", "list").code == 3
    label_all(partner, campaign["campaign_id"], "PTE")

    progress = shell.run("campaigns", "progress", image_set, "--json").json
    assert progress["progress"]["done"] == 4
    assert {"label": "PTE", "objects": 4, "images": 4} in progress["classes"]
    assert re.search(r"PTE +█+ 4", shell.run("campaigns", "progress", image_set).out)
    counted = shell.run("campaigns", "relabel", image_set, "PTE=PET", "--dry-run", "--json").json
    assert (counted["object_count"], counted["submission_id"]) == (4, None)
    assert shell.run("campaigns", "relabel", image_set, "PTE=PET").code == 2
    assert shell.run("campaigns", "relabel", image_set, "PTE=PET", "--yes").code == 0
    rows = list(csv.DictReader(io.StringIO(shell.run("campaigns", "statistics", image_set, "--csv").out)))
    assert {"label": "PET", "boxes": "4", "images": "4"} in rows
    differences = shell.run("campaigns", "compare", image_set, "--json").json
    assert len(differences) == 4
    image_id = differences[0]["image_id"]
    assert shell.run("campaigns", "review", image_set, "rejected", image_id, "--comment", "Look again.").code == 0
    assert shell.run("campaigns", "review", image_set, "accepted", image_id).code == 0
    assert len(shell.run("campaigns", "submissions", image_set, "--json").json) == 2
    assert shell.run("images", "objects", image_id, "--campaign", image_set, "--json").json[0]["label"] == "PET"
    assert len(shell.run("images", "history", image_id, "--json").json) == 2

    finished = shell.run("campaigns", "finish", image_set, "--json")
    assert finished.code == 0, finished.err
    assert '"labels"' in finished.out
    assert shell.run("campaigns", "datasets", image_set).code == 0
    assert shell.run("campaigns", "reopen", image_set).code == 0
    assert shell.run("campaigns", "restore", image_set, "--as-of", "1", "--dry-run").code in (0, 1)
    assert shell.run("campaigns", "archive", image_set).code == 0
    # Each process of the service looks the rights of a key up again after three seconds.
    deadline = time.monotonic() + 10
    while partner.run("campaigns", "show", campaign["campaign_id"]).code != 3:
        assert time.monotonic() < deadline
        time.sleep(0.5)
    assert shell.run("campaigns", "show", image_set, "--json").json["archived"] is True
    assert shell.run("campaigns", "archive", image_set, "--undo").code == 0


def test_images_are_found_shown_and_changed(shell: Shell, image_set: str, tmp_path: Path) -> None:
    listed = shell.run("images", "list", f"set:{image_set}", "path:2.png", "--json").json
    assert [each["blobstorage_path"].rpartition("/")[2] for each in listed] == ["2.png"]
    image_id = listed[0]["image_id"]
    table = shell.run("images", "list", f"set:{image_set}", "--limit", "2")
    assert len(table.out.splitlines()) == 3
    assert "--limit" in table.err
    edited = shell.run("images", "edit", image_id, "--type", "drone", "--metadata", "bridge=maas", "--json")
    assert edited.json == {"image_count": 1, "changed": 1}
    assert len(shell.run("images", "list", "metadata.bridge:maas", f"set:{image_set}", "--json").json) == 1
    shown = shell.run("images", "show", image_id, "--output", tmp_path / "picture.jpg")
    assert (shown.code, "drone" in shown.out) == (0, True), shown.err
    assert (tmp_path / "picture.jpg").read_bytes().startswith(b"\xff\xd8\xff")
    assert shell.run("queries", "keep", image_set, f"set:{image_set}", "type:drone").code == 0
    made = shell.run("campaigns", "create", image_set, "--partner", "a@partner.example", "--json").json
    added = shell.run("campaigns", "add", image_set, f"query:{image_set}", "--json")
    assert added.json["added"] == 1, added.err
    assert shell.run("campaigns", "remove", image_set, image_id).code == 0
    assert shell.run("campaigns", "delete", made["campaign_id"]).code == 2
    assert shell.run("campaigns", "delete", made["campaign_id"], "--yes").code == 0
    assert shell.run("queries", "delete", image_set, "--yes").code == 0
    assert shell.run("images", "withdraw", image_id, "--reason", "A person is on it.", "--yes").code == 0
    assert shell.run("images", "list", "nonsense:1").code == 2


def test_users_and_keys(shell: Shell, title: str) -> None:
    email = f"{title}@example.org"
    assert shell.run("users", "add", email, "--role", "reader").code == 0
    made = shell.run("keys", "make", email, "--name", "laptop", "--json").json
    reader = Shell(
        shell.home, {**shell.variables, "LABELAPI_KEY": made["apikey"], "LABELAPI_SECRET": made["apisecret"]}
    )
    assert reader.run("whoami").code == 0
    assert reader.run("users", "list").code == 3
    rotated = shell.run("keys", "rotate", email.upper(), made["key_id"], "--overlap", "60", "--json").json
    assert len(shell.run("keys", "list", email, "--json").json) == 2
    assert shell.run("keys", "revoke", email, rotated["key_id"], "--yes").code == 0
    assert shell.run("users", "grant", email, "image-admin").code == 0
    assert shell.run("users", "revoke", email, "image-admin", "--yes").code == 0
    assert shell.run("users", "revoke", email, "image-admin", "--yes").code == 1
    assert shell.run("users", "disable", email, "--yes").code == 0
    deadline = time.monotonic() + 30
    # A process of the service may remember a key for five seconds.
    while reader.run("whoami").code != 3:
        assert time.monotonic() < deadline
    assert shell.run("users", "enable", email).code == 0
    actions = [entry["action"] for entry in shell.run("audit", "--subject-type", "user", "--json").json]
    assert actions[:2] == ["enable_user", "disable_user"]
    assert shell.run("users", "show", "nobody@example.org").code == 1


def test_own_key_is_rotated_in_its_profile(shell: Shell, stranger: Shell, title: str) -> None:
    shell.run("users", "add", f"{title}@example.org", "--role", "reader")
    made = shell.run("keys", "make", f"{title}@example.org", "--json").json
    url = shell.variables["LABELAPI_URL"]
    assert stranger.run("login", url, given=f"{made['apikey']}\n{made['apisecret']}\n").code == 0
    before = stranger.run("whoami", "--json").json
    rotated = stranger.run("keys", "rotate")
    assert rotated.code == 0, rotated.err
    after = stranger.run("whoami", "--json").json
    assert (after["email"], after["key_id"] != before["key_id"]) == (before["email"], True)


def test_jobs_are_listed_and_watched(shell: Shell, image_set: str) -> None:
    jobs = shell.run("jobs", "list", "--kind", "finish_image_set", "--limit", "1", "--json").json
    assert shell.run("jobs", "watch", jobs[0]["job_id"]).code == 0
    assert shell.run("jobs", "show", jobs[0]["job_id"]).code == 0
    assert shell.run("jobs", "retry", jobs[0]["job_id"]).code == 1
    assert shell.run("image-sets", "show", image_set).code == 0
    assert image_set in shell.run("image-sets", "list", "--csv").out


def test_words_become_filters(api: LabelAPI) -> None:
    words = "set:7 state:labeled,empty taken:2026-05-11 bbox:3,50,7,53 min_objects:1 labeled:true label:'big box'"
    found = parse_filters(api, words)
    assert found == {
        "image_set": 7,
        "state": ["labeled", "empty"],
        "taken": "2026-05-11",
        "bbox": [3.0, 50.0, 7.0, 53.0],
        "min_objects": 1,
        "labeled": True,
        "label": "big box",
    }
    assert parse_selection(api, "set:7") == {"image_set": 7}
    assert parse_selection(api, "campaign:3 state:labeled") == {"campaign": 3, "state": "labeled"}
    assert parse_selection(api, "query:mine") == {"query_name": "mine"}
    assert parse_selection(api, "metadata.km:7") == {"query": {"metadata": {"km": "7"}}}
    for words in ("", "set", "set:", "labeled:perhaps", "min_objects:many", "label:'open", "metadata:x"):
        with pytest.raises(UsageError):
            parse_selection(api, words)


@pytest.mark.parametrize("text", ["", "PET: 1\n", "- [a]\n", "- true\n", "a: [\n", "- {color: red}\n"])
def test_file_without_classes_is_wrong_usage(text: str, tmp_path: Path) -> None:
    (tmp_path / "classes.yaml").write_text(text)
    with pytest.raises(UsageError):
        read_classes(tmp_path / "classes.yaml")


def test_labels_are_frozen_listed_and_compared(shell: Shell, image_set: str) -> None:
    campaign = ("campaigns", "create", image_set, "--partner", "a@partner.example", "--start", "--json")
    made = shell.run(*campaign, "--images-from", f"set:{image_set}")
    partner = shell.run("campaigns", "member", image_set, f"{image_set}@partner.example", "--json")
    label_all(partner_of(shell, partner.json), made.json["campaign_id"], "PET")
    asked = ("snapshots", "create", image_set, "--campaign", image_set, "--json")
    counted = shell.run(*asked, "--dry-run")
    assert counted.json["counts"]["images"] == 4, counted.err
    assert shell.run("snapshots", "list", "--name", image_set, "--json").json == []
    shares = ("--shares", "train=0.5", "--shares", "test=0.5")
    first = shell.run(*asked, "--split", "content", "--seed", "maas", *shares)
    assert (first.code, first.lines[-1]["version"]) == (0, 1), first.err
    assert sum(first.lines[-1]["counts"]["splits"].values()) == 4
    second = shell.run(*asked, "--class", "glass")
    assert second.lines[-1]["counts"]["images"] == 0, second.err
    differences = shell.run("snapshots", "diff", image_set, "--from", f"{image_set}@1", "--json")
    assert [each["membership"] for each in differences.json] == ["left"] * 4, differences.err
    assert shell.run("snapshots", "show", f"{image_set}@1", "--json").json["content_hash"]
    assert shell.run("snapshots", "show", f"{image_set}@7").code == 1
    assert (
        shell.run(
            "snapshots", "create", image_set, "--campaign", image_set, "--split", "day", "--shares", "train=all"
        ).code
        == 2
    )
