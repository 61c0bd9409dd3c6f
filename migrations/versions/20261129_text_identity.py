"""One form for labels, addresses and names of keys that were stored before there was one.

What cannot be seen is removed, blanks at the ends go, and a run of blanks becomes one. What collides, or would be empty, stays as it
is and is reported. Labels of objects are read once; only those that change are written, and nobody waits for the locks of these rows.

Revision: 0008_text_identity
Follows: 0009_audit
"""

import json
import logging
import re
import unicodedata
from collections import Counter

import sqlalchemy as sa
from alembic import op

revision = "0008_text_identity"
down_revision = "0009_audit"
branch_labels = None
depends_on = None

log = logging.getLogger("labelapi.migrations")
# The rules are those of this version of the service (docs/decisions/text-identity.md), whatever becomes of them later.
BLANKS = re.compile("[ \t-\r\u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u2800\u3000]+")
INVISIBLE = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u200e\u200f\u202a-\u202e"
    "\u2060-\u206f\u3164\ufe00-\ufe0d\ufeff\uffa0\ufff0-\ufffb\ufdd0-\ufdef\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
    "\U000e0000-\U000e0fff" + "".join(chr(plane << 16 | last) for plane in range(17) for last in (0xFFFE, 0xFFFF)) + "]"
)
MAX_LABEL_LENGTH = 128
MAX_ADDRESS_LENGTH = 254
MAX_NAMED = 20
ADDRESSES = 'SELECT id, email FROM "user"'
CHANGE_ADDRESS = sa.text("""
UPDATE "user" SET email = :email
WHERE id = :id AND NOT EXISTS (SELECT FROM "user" AS other WHERE lower(other.email) = lower(:email) AND other.id <> :id)
""")
CHANGE_LABELS = sa.text("""
UPDATE object SET label = new.label, label_original = new.label_original
FROM json_to_recordset(:pairs) AS new (old_label text, old_original text, label text, label_original text)
WHERE object.label = new.old_label AND object.label_original = new.old_original
""")


def upgrade() -> None:
    change_addresses()
    change_names_of_keys()
    change_translations()
    change_labels()


def downgrade() -> None:
    """What was stored before is not kept; the release before reads what is there now."""


def normal_form(text: str) -> str:
    """Return the form of a text, without what cannot be seen; it may be empty."""
    before = None
    while before != text:
        before = text
        text = unicodedata.normalize("NFC", BLANKS.sub(" ", INVISIBLE.sub("", text))).strip(" ")
        text = "".join(character for place, character in enumerate(text) if is_in_place(text, place))
    return text


def is_in_place(text: str, place: int) -> bool:
    """Whether a character is none of the joiners and selectors, or one that stands where it has a meaning."""
    before, after = text[:place][-1:], text[place + 1 :][:1]
    if text[place] in "\u200c\u200d":
        return is_joined(before) and is_joined(after)
    if text[place] in "\ufe0e\ufe0f":
        in_keycap = before in tuple("0123456789#*") and after == "\u20e3"
        return is_symbol(before) or before in tuple("\u203c\u2049\u2139\u3030") or in_keycap
    return True


def is_joined(character: str) -> bool:
    return character != "" and (unicodedata.category(character)[0] in "LMN" or is_symbol(character))


def is_symbol(character: str) -> bool:
    if character.isascii():
        return False
    return unicodedata.category(character)[0] == "S" or 0x1F000 <= ord(character) < 0x1FB00


def change_addresses() -> None:
    """Change addresses; several users with one address stay several, since nobody can tell which of them is meant."""
    connection = op.get_bind()
    forms = {row.id: (row.email, normal_form(row.email)) for row in connection.execute(sa.text(ADDRESSES))}
    users = Counter(form.lower() for _, form in forms.values())
    for user_id, (email, form) in forms.items():
        if form != email:
            is_fit = users[form.lower()] == 1 and " " not in form and 3 <= len(form) <= MAX_ADDRESS_LENGTH
            if not is_fit or not connection.execute(CHANGE_ADDRESS, {"email": form, "id": user_id}).rowcount:
                words = "the address of user %d stays as it is, because another user has it, too, or it has no form"
                log.warning(words, user_id)


def change_names_of_keys() -> None:
    connection = op.get_bind()
    for row in connection.execute(sa.text("SELECT id, name FROM api_key WHERE name IS NOT NULL")).all():
        form = normal_form(row.name)
        if form and form != row.name:
            connection.execute(sa.text("UPDATE api_key SET name = :name WHERE id = :id"), {"name": form, "id": row.id})
        elif not form:
            log.warning("the name of key %d stays as it is: it holds nothing that can be seen", row.id)


def change_translations() -> None:
    connection = op.get_bind()
    with_translations = "SELECT id, label_translations FROM campaign WHERE jsonb_typeof(label_translations) = 'object'"
    for row in connection.execute(sa.text(with_translations)).all():
        kept, left = normal_translations(row.label_translations)
        if kept != row.label_translations:
            change = sa.text("UPDATE campaign SET label_translations = CAST(:translations AS jsonb) WHERE id = :id")
            connection.execute(change, {"translations": json.dumps(kept), "id": row.id})
        if left:
            named = ", ".join(map(ascii, left[:MAX_NAMED]))
            log.warning(
                "%d label(s) in label_translations of campaign %d stay as they are, because another one has the same form, "
                "or they have none: %s",
                len(left),
                row.id,
                named,
            )


def normal_translations(translations: dict[str, str]) -> tuple[dict[str, str], list[str]]:
    """Return the translations in their forms, and the labels that stay as they were, since they would get lost."""
    forms = {label: fit_form(label) for label in translations}
    meanings: dict[str, set[str]] = {}
    for label, form in forms.items():
        meanings.setdefault(form, set()).add(fit_form(translations[label]))
    kept, left = {}, []
    for label, form in forms.items():
        if form == label or (form and len(meanings[form]) == 1):
            kept[form] = fit_form(translations[label]) or translations[label]
        else:
            kept[label] = fit_form(translations[label]) or translations[label]
            left.append(label)
    return kept, left


def fit_form(text: str) -> str:
    """Return the form of a label, empty where it has none of 1 to 128 characters."""
    form = normal_form(text)
    return form if len(form) <= MAX_LABEL_LENGTH else ""


def change_labels() -> None:
    """Change labels of objects. Many objects have few labels: the table is read once, and once more when one changes."""
    connection = op.get_bind()
    pairs, left = [], set()
    for old in connection.execute(sa.text("SELECT DISTINCT label, label_original FROM object")).all():
        label, original = (fit_form(text) or text for text in old)
        left |= {text for text in (label, original) if not fit_form(text)}
        if (label, original) != tuple(old):
            pairs.append(
                {"old_label": old.label, "old_original": old.label_original, "label": label, "label_original": original}
            )
    if pairs:
        changed = connection.execute(CHANGE_LABELS, {"pairs": json.dumps(pairs)}).rowcount
        log.warning("the labels of %d objects have now the form that is asked for", changed)
    if left:
        named = ", ".join(ascii(label) for label in sorted(left)[:MAX_NAMED])
        log.warning(
            "%d label(s) of objects stay as they are, because nothing in them can be seen: %s", len(left), named
        )
