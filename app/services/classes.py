"""Classes of campaigns: the list that an admin writes, what a label means by it, and labels that become classes."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from difflib import get_close_matches
from functools import lru_cache
from itertools import islice
from typing import Any, NamedTuple

from sqlalchemy import bindparam, delete, func, insert, select
from sqlalchemy.orm import Session

from app.database.outages import BULK_STATEMENT_TIMEOUT_SECONDS, set_statement_timeout
from app.errors import Conflict, Unprocessable
from app.models import Campaign, CampaignClass, Object
from app.models.classes import MAX_CLASSES
from app.representations.classes import CLASSES
from app.services.labels import pointer_to
from app.services.text import UnfitText, normalize, read_text

MAX_ERRORS = 50
# Finding near names takes up to 0.1 s in a list of 5,000: so many labels of a request get theirs.
MAX_HINTS = 10
MAX_NEAR = 3
MAX_LISTED = 10

CLASSES_OF_CAMPAIGN = CLASSES.where(CampaignClass.campaign_id == bindparam("campaign_id"))

Errors = list[dict[str, str]]


@dataclass
class ListedClass:
    """One class of a list: its name, how a tool shows it, other words for it, and whether it is still taken."""

    name: str
    color: str | None = None
    key: str | None = None
    description: str | None = None
    aliases: list[str] = field(default_factory=list)
    retired: bool = False


class Reading(NamedTuple):
    """What a label means.

    `faults` lists what makes it no label, as field and message; `unknown` is the field that holds a word which the campaign
    does not take.
    """

    label: str
    original: str
    faults: tuple[tuple[str, str], ...] = ()
    unknown: str | None = None


class Vocabulary:
    """The words of a campaign: what each label means by its classes, their aliases, and its translations.

    `has_unknown` says whether a label was read that the campaign does not take, and `unknown` collects an error for each place
    of one, up to MAX_ERRORS. `new` has the labels that are no classes yet.
    """

    def __init__(self, classes: Iterable[ListedClass], translations: Mapping[str, str], *, strict: bool) -> None:
        listed = list(classes)
        self._aliases = {alias: one.name for one in listed for alias in one.aliases if alias not in translations}
        meanings = {label: self._aliases.get(target, target) for label, target in translations.items()}
        self._meanings = self._aliases | meanings
        self._usable = {one.name: None for one in listed if not one.retired}
        self._retired = {one.name for one in listed if one.retired}
        self._strict = strict
        self._room = MAX_CLASSES - len(listed)
        self._hints: dict[str, str] = {}
        self.has_unknown = False
        self.unknown: Errors = []
        self.new: dict[str, None] = {}
        # Many objects have few labels.
        self.read = lru_cache(1024)(self._read)

    def _read(self, label: str, translated: str | None) -> Reading:
        """Return what a label and its sender's own translation mean: that, else an alias or translation, else the label."""
        faults: list[tuple[str, str]] = []
        texts = ["", ""]
        for place, (name, sent) in enumerate((("label", label), ("label_translated", translated))):
            if sent:
                try:
                    texts[place] = normalize(sent)
                except UnfitText as fault:
                    faults.append((name, f"The label {fault}."))
        original, own = texts
        if faults:
            return Reading(own or original, original, tuple(faults))
        outcome = self._aliases.get(own, own) if own else self._meanings.get(original, original)
        if outcome in self._retired or (self._strict and outcome not in self._usable):
            self.has_unknown = True
            return Reading(outcome, original, unknown="label_translated" if own else "label")
        if outcome not in self._usable and len(self.new) < self._room:
            self.new[outcome] = None
        return Reading(outcome, original)

    def note_unknown(self, reading: Reading, pointer: str) -> None:
        """Keep the error for a label at `pointer` that means none of the classes that the campaign takes."""
        if len(self.unknown) < MAX_ERRORS:
            self.unknown.append({"pointer": f"{pointer}/{reading.unknown}", "detail": self.explain(reading.label)})

    def refuse_unknown(self) -> None:
        """Raise Unprocessable when a label was noted that the campaign does not take."""
        if self.unknown:
            first = self.unknown[0]
            raise Unprocessable(f"{first['pointer']}: {first['detail']} Nothing was stored.", errors=self.unknown)

    def explain(self, outcome: str) -> str:
        """Return why the campaign does not take a label, with the nearest of its words for the first MAX_HINTS labels."""
        if outcome in self._retired:
            return f"The class `{outcome}` is retired, so new objects cannot have it."
        if outcome not in self._hints:
            if len(self._hints) >= MAX_HINTS:
                return "The label is not one of the campaign's classes."
            self._hints[outcome] = f"The label is not one of the campaign's classes. {self._hint(outcome)}"
        return self._hints[outcome]

    def _hint(self, outcome: str) -> str:
        known = {word.casefold(): word for word in (*self._meanings, *self._usable)}
        near = [known[word] for word in get_close_matches(outcome.casefold(), known, MAX_NEAR)]
        if near:
            return f"Did you mean {_quoted(near)}?"
        more = len(self._usable) - MAX_LISTED
        names = ", ".join(f"`{name}`" for name in islice(self._usable, MAX_LISTED))
        return f"Its classes are: {names}{f' and {more} more' if more > 0 else ''}."


def _quoted(words: list[str]) -> str:
    *first, last = (f"`{word}`" for word in words)
    return f"{', '.join(first)} or {last}" if first else last


def load_vocabulary(session: Session, campaign: Campaign) -> Vocabulary:
    """Return the vocabulary of a campaign, which the caller has locked."""
    classes = load_classes(session, campaign.id)
    return Vocabulary(classes, campaign.label_translations or {}, strict=campaign.strict)


def load_classes(session: Session, campaign_id: int) -> list[ListedClass]:
    """Return the classes of a campaign in their order."""
    session.flush()
    rows = session.connection().execute(CLASSES_OF_CAMPAIGN, {"campaign_id": campaign_id}).mappings()
    return [ListedClass(**row) for row in rows]


def collect_classes(session: Session, campaign_id: int, vocabulary: Vocabulary) -> None:
    """Append the labels that are no classes yet to the classes of a campaign, up to MAX_CLASSES in all."""
    if vocabulary.new:
        columns = (CampaignClass.campaign_id == campaign_id,)
        begin = session.scalar(select(func.coalesce(func.max(CampaignClass.position) + 1, 0)).where(*columns)) or 0
        _insert(session, campaign_id, [ListedClass(name) for name in vocabulary.new], begin)


def make_classes(
    session: Session,
    campaign_id: int,
    sent: list[dict[str, Any]],
    translations: Mapping[str, str],
    *,
    strict: bool,
) -> None:
    """Store the classes of a new campaign: those that were sent, and the targets of its translations unless it is strict.

    Raises Unprocessable for a list that breaks a rule.
    """
    classes = read_classes(sent, translations)
    if not strict:
        taken = {word for one in classes for word in (one.name, *one.aliases)}
        targets = dict.fromkeys(target for target in translations.values() if target not in taken)
        classes += [ListedClass(target) for target in islice(targets, MAX_CLASSES - len(classes))]
    require_usable(classes, translations, strict=strict)
    _insert(session, campaign_id, _with_translations(classes, translations))


def replace_classes(session: Session, campaign: Campaign, sent: list[dict[str, Any]], *, strict: bool) -> None:
    """Make what was sent the classes of a campaign, which the caller has locked.

    Raises Unprocessable for a list that breaks a rule, Conflict where a class that objects have would go or move.
    """
    translations = campaign.label_translations or {}
    classes = read_classes(sent, translations)
    require_usable(classes, translations, strict=strict)
    positions = {one.name: position for position, one in enumerate(classes)}
    moved = {
        one.name: position
        for position, one in enumerate(load_classes(session, campaign.id))
        if positions.get(one.name) != position
    }
    _refuse_moved(session, campaign.id, moved, positions)
    session.execute(delete(CampaignClass).where(CampaignClass.campaign_id == campaign.id))
    _insert(session, campaign.id, _with_translations(classes, translations))


def _refuse_moved(session: Session, campaign_id: int, moved: dict[str, int], positions: dict[str, int]) -> None:
    """Raise Conflict when objects of any revision have one of the classes that `moved` names with their positions."""
    if not moved:
        return
    set_statement_timeout(session.connection(), BULK_STATEMENT_TIMEOUT_SECONDS)
    used = (
        select(Object.label).where(Object.campaign_id == campaign_id, Object.label == func.any(list(moved))).distinct()
    )
    errors = []
    for name in sorted(session.scalars(used), key=moved.__getitem__)[:MAX_ERRORS]:
        if name in positions:
            message = f"Objects have the class `{name}`, so it must keep its position: {moved[name]}, counted from 0."
            errors.append({"pointer": f"/classes/{positions[name]}", "detail": message})
        else:
            message = f"Objects have the class `{name}`, so it cannot be dropped or renamed. Retire it, or relabel the objects."
            errors.append({"pointer": "/classes", "detail": message})
    if errors:
        raise Conflict(f"{errors[0]['detail']} Nothing was changed.", errors=errors)


def read_classes(sent: list[dict[str, Any]], translations: Mapping[str, str]) -> list[ListedClass]:
    """Return the classes of a body in normal form; an alias that is a translation to its class is left out.

    Raises Unprocessable for a text that no label can be, and for a name, an alias or a key that stands twice.
    """
    classes = [_read_class(one, f"/classes/{i}", translations) for i, one in enumerate(sent)]
    errors = list(islice(_find_repetitions(classes, translations), MAX_ERRORS))
    if errors:
        raise Unprocessable(f"{errors[0]['pointer']}: {errors[0]['detail']}", errors=errors)
    return classes


def _read_class(sent: dict[str, Any], pointer: str, translations: Mapping[str, str]) -> ListedClass:
    name = read_text(sent["name"], f"{pointer}/name", "The name of a class")
    aliases = [
        read_text(alias, f"{pointer}/aliases/{i}", "The alias")
        for i, alias in enumerate(sent.get("aliases", []))
        if translations.get(alias) != name
    ]
    words = {name, *aliases}
    color = sent.get("color")
    return ListedClass(
        name,
        color=color.lower() if color else None,
        key=sent.get("key"),
        description=sent.get("description"),
        aliases=[alias for alias in aliases if translations.get(alias) not in words],
        retired=sent.get("retired", False),
    )


def _find_repetitions(classes: list[ListedClass], translations: Mapping[str, str]) -> Iterator[dict[str, str]]:
    names: dict[str, int] = {}
    keys: dict[str, int] = {}
    aliases: dict[str, int] = {}
    for i, one in enumerate(classes):
        if names.setdefault(one.name, i) != i:
            message = f"The name is already at /classes/{names[one.name]}: names and aliases must be unique together."
            yield {"pointer": f"/classes/{i}/name", "detail": message}
        if one.key and not one.retired and keys.setdefault(one.key, i) != i:
            message = f"The key is already at /classes/{keys[one.key]}."
            yield {"pointer": f"/classes/{i}/key", "detail": message}
    for i, one in enumerate(classes):
        for alias in one.aliases:
            # A word that was a class once may become another word for the class that took its place.
            place = names.get(alias)
            if place is not None and classes[place].retired and place != i:
                place = None
            if place is None and alias in aliases:
                place = aliases[alias]
            aliases.setdefault(alias, i)
            pointer = f"/classes/{i}/aliases"
            if place is not None:
                message = f"An alias is already at /classes/{place}: names and aliases must be unique together."
                yield {"pointer": pointer, "detail": message}
            elif alias in translations:
                message = "label_translations of the campaign give one of the aliases another meaning."
                yield {"pointer": pointer, "detail": message}


def require_usable(classes: list[ListedClass], translations: Mapping[str, str], *, strict: bool) -> None:
    """Raise Unprocessable for a strict campaign that takes no class, or that has a translation to what is no class."""
    if not strict:
        return
    if all(one.retired for one in classes):
        message = "A strict campaign needs a class that is not retired, because it accepts no other labels."
        raise Unprocessable(f"/classes: {message}", errors=[{"pointer": "/classes", "detail": message}])
    words = {word for one in classes for word in (one.name, *one.aliases)}
    for label, target in translations.items():
        if target not in words:
            message = "The translation is not one of the classes, and the campaign is strict."
            pointer = pointer_to("label_translations", label)
            raise Unprocessable(f"{pointer}: {message}", errors=[{"pointer": pointer, "detail": message}])


def _with_translations(classes: list[ListedClass], translations: Mapping[str, str]) -> list[ListedClass]:
    """Add the labels that are translated to a class to its aliases."""
    by_word = {word: one for one in classes for word in (one.name, *one.aliases)}
    for label, target in translations.items():
        meant = by_word.get(target)
        if meant and label != meant.name:
            meant.aliases.append(label)
    return classes


def _insert(session: Session, campaign_id: int, classes: list[ListedClass], begin: int = 0) -> None:
    if classes:
        rows = [
            asdict(one) | {"campaign_id": campaign_id, "position": place} for place, one in enumerate(classes, begin)
        ]
        session.execute(insert(CampaignClass), rows)
