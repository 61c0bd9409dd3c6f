"""What a snapshot selects: images of campaigns in order, by their states, verdicts, sets and a query, now or at a moment."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import BindParameter, TextClause, bindparam, func, select, text
from sqlalchemy.dialects.postgresql import psycopg2
from sqlalchemy.orm import Session

from app.errors import NotFound, Unprocessable
from app.models import Campaign, ImageSet, Submission
from app.models.snapshots import DRAFT, SNAPSHOT_STATES
from app.representations.json import AnySelect
from app.services import queries
from app.services.moments import read_moment_of_any
from app.services.splits import describe_split, split_expression
from app.services.text import read_text

DEFAULT_STATES = ("labeled", "empty")
NOT_REJECTED = "not_rejected"
REVIEWS = {NOT_REJECTED: "review IS DISTINCT FROM 'rejected'", "accepted": "review = 'accepted'", "any": "true"}
PARAMETER = re.compile(r"%\((\w+)\)s")
MAX_NAMED = 5  # So many things are named in words.
MAX_ERRORS = 50

# The images that are in the campaigns now. Joined, PostgreSQL might look through all reviews of a new campaign for each image.
MEMBERS_NOW = """
SELECT named.position, member.campaign_id, member.image_id, member.state, member.submission_id, CASE
    WHEN review_id IS NOT NULL THEN (
        SELECT verdict FROM review WHERE review.campaign_id = member.campaign_id AND review.id = review_id) END AS review
FROM unnest(CAST(:campaign_ids AS bigint[])) WITH ORDINALITY AS named (campaign_id, position)
JOIN campaign_image AS member USING (campaign_id)
"""
# The images that were in the campaigns at a time, which each has its newest submission until then for. As in
# `app/representations/reviews.py`, the sum keeps PostgreSQL from reading all reviews of a campaign.
MEMBERS_THEN = """
SELECT named.position, span.campaign_id, span.image_id, coalesce(newest.state, 'unlabeled') AS state,
    CASE WHEN newest.state <> 'unlabeled' THEN newest.submission_id END AS submission_id, CASE WHEN NOT EXISTS (
        SELECT FROM submission_image AS later
        WHERE later.campaign_id = span.campaign_id AND later.image_id = span.image_id
            AND later.submission_id > given.submission_id AND later.submission_id <= named.moment AND (
                SELECT kind FROM submission
                WHERE submission.campaign_id = later.campaign_id AND submission.id = later.submission_id) <> 'relabel')
    THEN given.verdict END AS review
FROM unnest(CAST(:campaign_ids AS bigint[]), CAST(:moments AS bigint[]))
    WITH ORDINALITY AS named (campaign_id, moment, position)
JOIN campaign_membership AS span ON span.campaign_id = named.campaign_id
    AND (joined_after, date_joined) <= (named.moment, CAST(:time AS timestamptz))
    AND (date_left IS NULL OR (left_after, date_left) > (named.moment, CAST(:time AS timestamptz)))
LEFT JOIN LATERAL (
    SELECT submission_id, state FROM submission_image
    WHERE submission_image.campaign_id = span.campaign_id AND submission_image.image_id = span.image_id
        AND submission_id <= named.moment
    ORDER BY submission_id DESC LIMIT 1) AS newest ON true
LEFT JOIN LATERAL (
    SELECT verdict, submission_id FROM review
    WHERE review.campaign_id = span.campaign_id AND review.image_id = span.image_id
        AND review.date_created <= CAST(:time AS timestamptz)
    ORDER BY review.id + 0 DESC LIMIT 1) AS given ON true
"""
DRAFT_STATE = """
CASE WHEN member.state = 'unlabeled' AND EXISTS (
    SELECT FROM draft WHERE draft.campaign_id = member.campaign_id AND draft.image_id = member.image_id)
THEN 'draft' ELSE member.state END
"""
ALL_OBJECTS = """
SELECT object_count FROM submission_image AS made
WHERE made.campaign_id = member.campaign_id AND made.image_id = member.image_id AND made.submission_id = member.submission_id
"""
SOME_OBJECTS = """
SELECT count(*)::integer FROM object
WHERE object.campaign_id = member.campaign_id AND object.submission_id = member.submission_id
    AND object.image_id = member.image_id AND label = ANY (CAST(:classes AS text[]))
"""
# `chosen` has a row for each image and each campaign whose labels of it count, `image_row` one for each image.
CHOSEN = """
WITH member AS ({members}), usable AS (
    SELECT member.position, member.campaign_id, member.image_id, {state} AS state, submission_id, review,
        CASE WHEN member.state = 'labeled' THEN ({objects}) ELSE 0 END AS object_count,
        image.date_taken, image.filesize, image.width, image.height, image.filetype, image.sha256, {split} AS split
    FROM member JOIN image ON image.id = member.image_id
    WHERE {filters}
), chosen AS MATERIALIZED (
    SELECT {distinct} * FROM usable
    WHERE state = ANY (CAST(:states AS text[])) AND {review}
    {order}
), kept AS (SELECT * FROM chosen WHERE state <> 'labeled' OR object_count > 0),
image_row AS ({images})
"""
# Of several campaigns the first that has looked at the image.
IN_ORDER = "image_id, state IN ('unlabeled', 'draft'), position"
ONE_EACH = "SELECT * FROM kept"
TOGETHER = """
SELECT DISTINCT ON (image_id) image_id, state, review, date_taken, filesize, width, height, filetype, sha256, split,
    (sum(object_count) OVER (PARTITION BY image_id))::integer AS object_count
FROM kept ORDER BY image_id, object_count = 0, array_position('{labeled,empty,unusable,draft,unlabeled}'::text[], state), position
"""
# What is left out because of its file.
LEFT_OUT = """
SELECT count(DISTINCT image_id) FILTER (WHERE date_withdrawn IS NULL) AS not_images,
    count(DISTINCT image_id) FILTER (WHERE date_withdrawn IS NOT NULL) AS withdrawn
FROM ({members}) AS member JOIN image ON image.id = image_id
WHERE (width IS NULL OR date_withdrawn IS NOT NULL) AND state = ANY (CAST(:states AS text[])) AND {filters}
"""


@dataclass
class Chosen:
    """The beginning of a statement that selects what a snapshot holds, and its parameters, some with types of their own."""

    sql: str
    parameters: dict[str, Any]
    typed: list[BindParameter[Any]] = field(default_factory=list)

    def then(self, rest: str = "") -> TextClause:
        """Return the statement whose end is `rest`, which may name `kept` and `image_row`."""
        return text(self.sql + rest).bindparams(*self.typed)


def normal_selection(session: Session, sent: Mapping[str, Any]) -> dict[str, Any]:
    """Return what was asked for with every default written out.

    Raises NotFound for a campaign, an image set or a submission that is not there, and Unprocessable for a class that cannot be
    one, for drafts of the past, and for a query that contradicts itself.
    """
    _require(session, Campaign, sent["campaigns"], "campaigns", "campaign")
    _require(session, ImageSet, sent.get("image_sets") or [], "image_sets", "image set")
    selection = {
        "campaigns": sent["campaigns"],
        "image_sets": sent.get("image_sets"),
        "classes": _classes(sent["classes"]) if sent.get("classes") is not None else None,
        "states": [state for state in SNAPSHOT_STATES if state in sent.get("states", DEFAULT_STATES)],
        "review": sent.get("review", NOT_REJECTED),
        "as_of": sent.get("as_of"),
        "query": sent.get("query"),
        "labels": sent.get("labels", "first"),
        "skip_problems": sent.get("skip_problems", False),
    }
    if selection["as_of"] is not None:
        read_moment_of_any(session, selection["as_of"])
        if DRAFT in selection["states"]:
            raise _refused("/states", "Drafts of the past are not kept: leave out `draft` or `as_of`.")
    if selection["query"] is not None:
        queries.select_found(selection["query"], "/query")
    return selection


def selection_of_campaign(campaign_id: int) -> dict[str, Any]:
    """Return the selection of the snapshot that finishing a campaign makes: everything that is in it."""
    return {
        "campaigns": [campaign_id],
        "image_sets": None,
        "classes": None,
        "states": ["labeled", "empty", "unusable", "unlabeled"],
        "review": "any",
        "as_of": None,
        "query": None,
        "labels": "first",
        "skip_problems": False,
    }


def choose(session: Session, selection: Mapping[str, Any], split: Mapping[str, Any] | None) -> Chosen:
    """Return the statement that selects what is in a snapshot now, or at its moment. Raises NotFound for its submission."""
    members, filters, chosen = _select_members(session, selection)
    part, parameters = split_expression(split)
    in_order = selection["labels"] == "first" and len(selection["campaigns"]) > 1
    chosen.parameters |= parameters
    chosen.sql = CHOSEN.format(
        members=members,
        state=DRAFT_STATE if DRAFT in selection["states"] else "member.state",
        objects=ALL_OBJECTS if selection["classes"] is None else SOME_OBJECTS,
        split=part,
        filters=f"image.width IS NOT NULL AND image.date_withdrawn IS NULL AND {filters}",
        review=REVIEWS[selection["review"]],
        distinct="DISTINCT ON (image_id)" if in_order else "",
        order=f"ORDER BY {IN_ORDER}" if in_order else "",
        images=TOGETHER if selection["labels"] == "all" else ONE_EACH,
    )
    return chosen


def select_left_out(session: Session, selection: Mapping[str, Any]) -> Chosen:
    """Return the statement that counts what is left out because of its file, as `not_images` and `withdrawn`."""
    members, filters, chosen = _select_members(session, selection)
    chosen.sql = LEFT_OUT.format(members=members, filters=filters)
    return chosen


def _select_members(session: Session, selection: Mapping[str, Any]) -> tuple[str, str, Chosen]:
    """Return the select of what the campaigns have on their images, a condition on `image`, and the parameters in both."""
    chosen = Chosen("", {"campaign_ids": selection["campaigns"], "states": selection["states"]})
    filters = ["true"]
    if selection["image_sets"] is not None:
        filters.append("image.image_set_id = ANY (CAST(:image_set_ids AS bigint[]))")
        chosen.parameters["image_set_ids"] = selection["image_sets"]
    if selection["query"] is not None:
        found, chosen.typed = _embed(queries.select_found(selection["query"], "/query"))
        filters.append(f"image.id IN ({found})")
    chosen.parameters["classes"] = selection["classes"]
    if selection["as_of"] is None:
        return MEMBERS_NOW, " AND ".join(filters), chosen
    chosen.parameters |= _moments(session, selection)
    return MEMBERS_THEN, " AND ".join(filters), chosen


def moment_of(session: Session, selection: Mapping[str, Any]) -> datetime | None:
    """Return the time that a selection names, None for one of the present."""
    return None if selection["as_of"] is None else read_moment_of_any(session, selection["as_of"])[0]


def describe(session: Session, selection: Mapping[str, Any], split: Mapping[str, Any] | None) -> str:
    """Return a selection in words."""
    named = select(Campaign.id, Campaign.title).where(Campaign.id.in_(selection["campaigns"]))
    titles = {row.id: row.title for row in session.execute(named)}
    names = _list([f"{titles[campaign_id]} ({campaign_id})" for campaign_id in selection["campaigns"]])
    noun = "campaign" if len(titles) == 1 else "campaigns"
    words = [f"Images of {noun} {names} that are {_list(selection['states'], 'or')}"]
    words += {NOT_REJECTED: ["not rejected"], "accepted": ["accepted"], "any": []}[selection["review"]]
    if selection["image_sets"] is not None:
        words.append(f"in image sets {_list(list(map(str, selection['image_sets'])))}")
    if selection["query"] is not None:
        words.append("found by a query")
    if selection["classes"] is not None:
        words.append(f"with boxes of {_list(selection['classes'])}")
    if len(titles) > 1:
        words.append(
            "with the labels of all campaigns"
            if selection["labels"] == "all"
            else "with the labels of the first campaign that has any"
        )
    if selection["as_of"] is not None:
        words.append(f"as of {selection['as_of']}")
    return ", ".join(words + ([describe_split(split)] if split else [])) + "."


def _list(names: list[str], word: str = "and") -> str:
    shown = names[:MAX_NAMED] + ([f"{len(names) - MAX_NAMED} more"] if len(names) > MAX_NAMED else [])
    return f"{', '.join(shown[:-1])} {word} {shown[-1]}" if len(shown) > 1 else "".join(shown)


def _embed(rows: AnySelect) -> tuple[str, list[BindParameter[Any]]]:
    """Return the SQL of a select for a statement in text, and its parameters with their types."""
    dialect = psycopg2.dialect()  # type: ignore[no-untyped-call]  # SQLAlchemy does not annotate it.
    compiled = rows.compile(dialect=dialect, compile_kwargs={"render_postcompile": True})
    typed = [
        bindparam(name, compiled.params[name], type_=compiled.binds[name].type if name in compiled.binds else None)
        for name in compiled.params
    ]
    # A parameter of a text must not have the two colons of a cast right behind it.
    return PARAMETER.sub(r":\1 ", str(compiled)).replace("%%", "%"), typed


def _moments(session: Session, selection: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters of MEMBERS_THEN that name the moment: the time, and the newest submission to each campaign."""
    time, of_campaign, submission_id = read_moment_of_any(session, selection["as_of"])
    newest = select(Submission.campaign_id, func.max(Submission.id)).where(
        Submission.campaign_id.in_(selection["campaigns"]), Submission.date_created <= time
    )
    found = {row[0]: row[1] for row in session.execute(newest.group_by(Submission.campaign_id))}
    if of_campaign is not None and submission_id is not None:
        found[of_campaign] = submission_id
    return {"time": time, "moments": [found.get(campaign_id, 0) for campaign_id in selection["campaigns"]]}


def _classes(names: list[str]) -> list[str]:
    return list(dict.fromkeys(read_text(name, f"/classes/{index}", "The class") for index, name in enumerate(names)))


def _require(
    session: Session, table: type[Campaign] | type[ImageSet], ids: list[int], field_name: str, noun: str
) -> None:
    found = set(session.scalars(select(table.id).where(table.id.in_(ids))))
    errors = [
        {"pointer": f"/{field_name}/{index}", "detail": f"There is no {noun} {one}."}
        for index, one in enumerate(ids)
        if one not in found
    ]
    if errors:
        raise NotFound(errors[0]["detail"], errors=errors[:MAX_ERRORS])


def _refused(pointer: str, detail: str) -> Unprocessable:
    return Unprocessable(f"{pointer}: {detail}", errors=[{"pointer": pointer, "detail": detail}])
