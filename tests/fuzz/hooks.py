"""What Schemathesis is told besides its configuration, in its own process: whom to spare, and what else to look at."""

import itertools
import json
import os
import re
from typing import Any

import httpx2
import schemathesis
from schemathesis.core import NOT_SET
from schemathesis.core.failures import Failure
from schemathesis.generation.meta import TestPhase
from schemathesis.openapi.checks import RejectedPositiveData

from tests import promise

# The account that calls. It must go on working, so that what would change it is done to another one instead.
CALLER_ID, BYSTANDER_ID = int(os.environ["FUZZ_CALLER_ID"]), int(os.environ["FUZZ_BYSTANDER_ID"])
# Images with these ids, from 1 on, are there.
IMAGE_COUNT = int(os.environ["FUZZ_IMAGE_COUNT"])
# So are campaigns, which were active at first; each has the images from 1 to the second number.
CAMPAIGN_COUNT, IMAGES_OF_CAMPAIGN = 10, 4
# And jobs: the first five have failed, and the others wait for tomorrow.
FAILED_JOB_COUNT, JOB_COUNT = 5, 10
# And snapshots, which are ready.
SNAPSHOT_COUNT = 2
# These are withdrawn by nobody, so that all else can be done with them.
KEPT_IMAGES = {str(image_id) for image_id in range(1, IMAGES_OF_CAMPAIGN + 1)}
# Rules that are a 400 and that a schema of OpenAPI 3.0 cannot say, or not in words that help; descriptions say them.
UNSAID = re.compile(
    r"Send either `page` or `(after|cursor)`|(taken_)?from must be before|taken is not a valid date"
    r"|(labeled|state|label|(min|max)_objects|review|cursor|distance|after is an id, and) requires"
    r"|min_objects must not be greater"
    r"|near must be lat,lon,meters|This is no cursor of this list"
    r"|bbox must be west,south,east,north|((taken_)?(from|to)|as_of) is not a valid date or time"
    r"|Send either campaigns or image_set|subject_id requires subject_type"
    r"|The field `\w+` is missing: a campaign|Not a valid e-mail address"
    # A file in the body, or a link for it.
    r"|Send (the label file as the body|either the file as the body)"
    # A moment that has not come, and a number that is not 0 and has no other form in four bytes.
    r"|(as_of|from|to) must be a submission or a time that is not in the future"
    r"|(.*: )?The number is too small: in single precision"
    # A name in brackets that is no key.
    r"|Query parameter `metadata\[.*This operation has no such query parameter"
    # A text that holds what cannot be seen.
    r"|Query parameter `\w+`: The text must "
    # Of what is free, such as metadata: the values that cannot be stored.
    r"|/(query/)?(metadata|label_translations|mapping)\b.* (with|holds) the character NUL"
    r"|/(query/)?metadata/.* (beyond 64 bits|too large|nested deeper)",
    re.DOTALL,
)
OVERLAP_SECONDS = 3600
NUMBERS = itertools.count(1)


@schemathesis.hook
def before_call(context: schemathesis.HookContext, case: schemathesis.Case[Any], kwargs: dict[str, Any]) -> None:
    """Let nobody lock the caller out, and most requests that the document allows get further than to a 404 or 422.

    Not where values are made up, because those must be the same when Schemathesis makes them up again.
    """
    if case.method.upper() != "GET" and str(case.path_parameters.get("user_id")) == str(CALLER_ID):
        case.path_parameters["user_id"] = BYSTANDER_ID
    if case.operation.label == "POST /whoami/keys/rotate":
        keep_own_key(case)
    if (
        case.operation.label == "POST /images/{image_id}/withdraw"
        and str(case.path_parameters["image_id"]) in KEPT_IMAGES
    ):
        case.path_parameters["image_id"] = IMAGE_COUNT
    if case.meta is not None and case.meta.generation.mode.is_positive:
        is_step = case.meta.phase.name == TestPhase.STATEFUL
        if is_step or next(NUMBERS) % 4:
            further(case)


def keep_own_key(case: schemathesis.Case[Any]) -> None:
    """Let the caller's key work to the end, whatever it is replaced by."""
    body = {} if case.body is NOT_SET else case.body
    if isinstance(body, dict) and set(body) <= {"overlap_seconds"}:
        seconds = body.get("overlap_seconds", 0)
        if isinstance(seconds, int) and 0 <= seconds < OVERLAP_SECONDS:
            case.body = {"overlap_seconds": OVERLAP_SECONDS}


def further(case: schemathesis.Case[Any]) -> None:
    """Make keys of requests new and conditions true, spell all names and addresses well, and name images that are there."""
    for name, value in {"Idempotency-Key": f"key-{next(NUMBERS)}", "If-Match": "*"}.items():
        if case.headers and name in case.headers:
            case.headers[name] = value
    if case.operation.label == "PUT /campaigns/{campaign_id}/objects":
        case.path_parameters["campaign_id"] = 1 + next(NUMBERS) % CAMPAIGN_COUNT
    if case.operation.label == "DELETE /campaigns/{campaign_id}/images/{image_id}":
        # Of one campaign, because the others need their images.
        case.path_parameters["campaign_id"] = CAMPAIGN_COUNT
        case.path_parameters["image_id"] = 1 + next(NUMBERS) % IMAGES_OF_CAMPAIGN
    if case.operation.label == "POST /jobs/{job_id}/cancel":
        case.path_parameters["job_id"] = FAILED_JOB_COUNT + 1 + next(NUMBERS) % (JOB_COUNT - FAILED_JOB_COUNT)
    if case.operation.label == "GET /snapshots/{snapshot_id}/diff" and "from" in case.query:
        case.path_parameters["snapshot_id"] = 1 + next(NUMBERS) % SNAPSHOT_COUNT
        case.query["from"] = 1 + next(NUMBERS) % SNAPSHOT_COUNT
    if isinstance(case.body, list):
        case.body = [with_known_image(item) for item in case.body]
    elif isinstance(case.body, dict):
        number = next(NUMBERS)
        better = {
            "title": f"fuzz-{number}",
            "email": f"user-{number}@partner.example",
            "labeler_email": f"partner-{number % 10}@partner.example",
        }
        case.body = case.body | {name: value for name, value in better.items() if name in case.body}
        is_snapshot = case.operation.label == "POST /snapshots"
        if isinstance(case.body.get("name"), str):
            case.body["name"] = f"fuzz-{number}" if is_snapshot else f"Key {number}"
        if isinstance(translations := case.body.get("label_translations"), dict):
            case.body["label_translations"] = {f"Label {n}": "x" for n, _ in enumerate(translations)}
        if isinstance(case.body.get("mapping"), dict):
            case.path_parameters["campaign_id"] = 1 + next(NUMBERS) % CAMPAIGN_COUNT
            case.body["mapping"] = {"Label 0": "Label 1"}
        if isinstance(classes := case.body.get("classes"), list) and not is_snapshot:
            case.body["classes"] = [{"name": f"Label {n}"} for n, _ in enumerate(classes)]


def with_known_image(item: Any) -> Any:
    """Name an image that is there, and label it with what can be seen, as few made up texts can."""
    if isinstance(item, dict) and isinstance(item.get("objects"), list):
        item = item | {"objects": [with_visible_labels(found) for found in item["objects"]]}
    if isinstance(item, dict) and "filepath" in item and next(NUMBERS) % 2:
        # A made up path names no image, and one such item refuses a whole list.
        return {"id": 1 + next(NUMBERS) % IMAGE_COUNT}
    for name, count in {"id": IMAGE_COUNT, "image_id": IMAGES_OF_CAMPAIGN}.items():
        if isinstance(item, dict) and name in item:
            return item | {name: 1 + next(NUMBERS) % count}
    return item


def with_visible_labels(found: Any) -> Any:
    if not isinstance(found, dict):
        return found
    labels = {
        name: f"Label {next(NUMBERS) % 5}" for name in ("label", "label_translated") if isinstance(found.get(name), str)
    }
    return found | labels


@schemathesis.hook
def filter_failure(
    context: schemathesis.HookContext, failure: Failure, case: schemathesis.Case[Any], response: schemathesis.Response
) -> bool:
    """Keep every failure but that of a request which breaks one of the rules above."""
    is_refusal = isinstance(failure, RejectedPositiveData) and response.status_code == 400
    return not (is_refusal and UNSAID.match(json.loads(response.content)["detail"]))


@schemathesis.check
def is_promised(ctx: schemathesis.CheckContext, response: schemathesis.Response, case: schemathesis.Case[Any]) -> None:
    """Hold the answer against the document as all tests do: no header and no key that it does not name."""
    headers = [(name, value) for name, values in response.headers.items() for value in values]
    request = httpx2.Request(response.request.method or "", response.request.url or "")
    promise.check(httpx2.Response(response.status_code, headers=headers, content=response.content, request=request))
