"""Examples for `--help`, by command. A test parses each of them as the command itself would."""

from __future__ import annotations

EXAMPLES: dict[str, tuple[str, ...]] = {
    "login": (
        "labelapi login https://labels.example.org",
        "labelapi login https://labels.example.org --profile work",
        'printf \'%s\\n\' "$KEY" "$SECRET" | labelapi login https://labels.example.org',
    ),
    "logout": ("labelapi logout --profile work",),
    "whoami": ("labelapi whoami", "labelapi whoami --json"),
    "completion": (
        'eval "$(labelapi completion bash)"',
        'eval "$(labelapi completion zsh)"',
        "labelapi completion fish | source",
    ),
    "upload": (
        "labelapi upload photos --set drone-12",
        "labelapi upload photos --set drone-12 --metadata country=NL --timezone Europe/Amsterdam --finish",
    ),
    "pull": ("labelapi pull spring work --state unlabeled", "labelapi pull spring work --upright"),
    "push": ("labelapi push spring labels.json", "labelapi push spring yolo-folder --format yolo --clip --yes"),
    "todo": ("labelapi todo spring --limit 20",),
    "download": (
        "labelapi download maas-plastics@2 --format yolo data",
        "labelapi download maas-plastics --format coco data --split train --upright",
        "labelapi download maas-plastics --format yolo data --check",
    ),
    "audit": ("labelapi audit --user anna@example.org --from 2026-11-01", "labelapi audit --action grant_role --csv"),
    "image-sets list": (
        "labelapi image-sets list --status created",
        "labelapi image-sets list --title 'drone-*' --csv",
    ),
    "image-sets show": ("labelapi image-sets show drone-12",),
    "image-sets create": ("labelapi image-sets create drone-12 --metadata country=NL --timezone Europe/Amsterdam",),
    "image-sets edit": ("labelapi image-sets edit drone-12 --metadata bridge=maas",),
    "image-sets link": ("labelapi image-sets link drone-12 --revoke",),
    "image-sets finish": ("labelapi image-sets finish drone-12",),
    "image-sets reopen": ("labelapi image-sets reopen drone-12",),
    "image-sets delete": ("labelapi image-sets delete drone-12",),
    "image-sets uploads": ("labelapi image-sets uploads drone-12 --csv",),
    "image-sets add": ("labelapi image-sets add drone-12 42 43",),
    "image-sets problems": (
        "labelapi image-sets problems drone-12",
        "labelapi image-sets problems drone-12 --retry",
        "labelapi image-sets problems drone-12 --drop --name a/broken.jpg",
    ),
    "images list": (
        "labelapi images list set:drone-12 taken:2026-05-11",
        "labelapi images list campaign:spring state:labeled,empty --csv",
    ),
    "images show": (
        "labelapi images show 42",
        "labelapi images show 42 --campaign spring --output 42.jpg",
        "labelapi images show 42 --campaign spring --open",
    ),
    "images sheet": (
        "labelapi images sheet --campaign spring --output spring.jpg",
        "labelapi images sheet label:PET --campaign spring --limit 200 --columns 10 --width 160 --output pet.jpg",
    ),
    "images objects": ("labelapi images objects 42 --campaign spring --csv",),
    "images history": ("labelapi images history 42",),
    "images edit": (
        "labelapi images edit 42 43 --type drone --taken 2026-05-11T10:00:00Z --metadata bridge=maas",
        "labelapi images edit 42 --latitude 50.85 --longitude 5.69 --place Maastricht",
    ),
    "images withdraw": ("labelapi images withdraw 42 --reason 'A person is on it.'",),
    "queries list": ("labelapi queries list",),
    "queries show": ("labelapi queries show pet-at-maas",),
    "queries keep": ("labelapi queries keep pet-at-maas campaign:spring label:PET",),
    "queries delete": ("labelapi queries delete pet-at-maas",),
    "campaigns list": ("labelapi campaigns list --status active", "labelapi campaigns list --archived --csv"),
    "campaigns show": ("labelapi campaigns show spring",),
    "campaigns create": (
        "labelapi campaigns create spring --partner a@b.example --classes classes.yaml "
        "--images-from 'set:drone-12 taken:2026-05-11' --start",
    ),
    "campaigns edit": ("labelapi campaigns edit spring --classes classes.yaml --strict",),
    "campaigns add": ("labelapi campaigns add spring 'set:drone-13' 'query:pet-at-maas'",),
    "campaigns remove": ("labelapi campaigns remove spring 42 43",),
    "campaigns start": ("labelapi campaigns start spring",),
    "campaigns complete": ("labelapi campaigns complete spring",),
    "campaigns reopen": ("labelapi campaigns reopen spring",),
    "campaigns finish": ("labelapi campaigns finish spring",),
    "campaigns archive": ("labelapi campaigns archive spring", "labelapi campaigns archive spring --undo"),
    "campaigns delete": ("labelapi campaigns delete spring",),
    "campaigns member": (
        "labelapi campaigns member spring c@d.example",
        "labelapi campaigns member spring c@d.example --role reviewer --remove",
    ),
    "campaigns review": (
        "labelapi campaigns review spring accepted 42 43",
        "labelapi campaigns review spring rejected 44 --comment 'Two bottles are missing.' --reopen",
    ),
    "campaigns relabel": ("labelapi campaigns relabel spring PTE=PET bottel=bottle --dry-run",),
    "campaigns restore": ("labelapi campaigns restore spring --as-of 2026-11-23T10:00:00Z --dry-run",),
    "campaigns compare": (
        "labelapi campaigns compare spring --from 2026-11-01",
        "labelapi campaigns compare spring --from 811 --to 812",
    ),
    "campaigns submissions": ("labelapi campaigns submissions spring --user a@b.example",),
    "campaigns datasets": ("labelapi campaigns datasets spring --json",),
    "campaigns progress": ("labelapi campaigns progress spring --watch",),
    "campaigns statistics": (
        "labelapi campaigns statistics spring --plot spring.png",
        "labelapi campaigns statistics spring summer --csv",
        "labelapi campaigns statistics --set drone-12",
    ),
    "snapshots list": ("labelapi snapshots list --name 'maas-*'",),
    "snapshots show": ("labelapi snapshots show maas-plastics@2",),
    "snapshots create": (
        "labelapi snapshots create maas-plastics --campaign spring --dry-run",
        "labelapi snapshots create maas-plastics --campaign spring --split folder --seed maas --shares train=0.8 "
        "--shares val=0.1 --shares test=0.1",
    ),
    "snapshots diff": ("labelapi snapshots diff maas-plastics@2 --from maas-plastics@1",),
    "exports list": ("labelapi exports list maas-plastics@2 --json",),
    "exports create": ("labelapi exports create maas-plastics --format coco --files --upright",),
    "imports list": ("labelapi imports list spring",),
    "imports show": ("labelapi imports show 9",),
    "jobs list": ("labelapi jobs list --state failed",),
    "jobs show": ("labelapi jobs show 812",),
    "jobs watch": ("labelapi jobs watch 812",),
    "jobs retry": ("labelapi jobs retry 812",),
    "jobs cancel": ("labelapi jobs cancel 812",),
    "users list": ("labelapi users list --csv",),
    "users show": ("labelapi users show anna@example.org",),
    "users add": ("labelapi users add anna@example.org --role reader",),
    "users enable": ("labelapi users enable anna@example.org",),
    "users disable": ("labelapi users disable anna@example.org",),
    "users grant": ("labelapi users grant anna@example.org reviewer --campaign spring",),
    "users revoke": ("labelapi users revoke anna@example.org reviewer --campaign spring",),
    "keys list": ("labelapi keys list anna@example.org",),
    "keys make": ("labelapi keys make anna@example.org --name laptop --expires 2027-01-01",),
    "keys rotate": ("labelapi keys rotate", "labelapi keys rotate anna@example.org 7 --overlap 3600"),
    "keys revoke": ("labelapi keys revoke anna@example.org 7",),
}


def epilog_of(path: str) -> str | None:
    """Return the examples of a command, such as `image-sets list`, as the end of its help."""
    found = EXAMPLES.get(path)
    if not found:
        return None
    return "\n".join(["\b", "Example:" if len(found) == 1 else "Examples:", *(f"  {each}" for each in found)])
