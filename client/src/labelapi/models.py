"""What the service answers and takes, as typed dictionaries.

Written by `client/generate.py` from the OpenAPI document; do not edit.
"""

from __future__ import annotations

from typing import Any, Literal, TypedDict


class AccessToken(TypedDict):
    """The partner's newest usable key."""

    apikey: str
    apisecret: str | None


class ApiKey(TypedDict):
    """An API key without its secret."""

    key_id: int
    apikey: str
    name: str | None
    date_created: str
    date_expires: str | None
    date_revoked: str | None
    date_last_used: str | None


class ApiKeyPage(TypedDict):
    """A page of keys."""

    api_keys: list[ApiKey]
    pagination: Pagination


class ApiKeyRotation(TypedDict, total=False):
    """How to rotate a key."""

    overlap_seconds: int
    date_expires: str | None


class AuditEntry(TypedDict):
    """One change of one subject."""

    audit_id: int
    date_created: str
    action: str
    subject: dict[str, Any]
    user: dict[str, Any] | None
    key_id: int | None
    address: str | None
    request_id: str | None
    os_user: str | None
    details: dict[str, Any]


class AuditPage(TypedDict):
    """A page of the audit, newest first."""

    audit: list[AuditEntry]
    pagination: Pagination


class BoundingBox(TypedDict):
    """A box in pixels of the image as displayed, with the origin at the top left."""

    xmin: float
    xmax: float
    ymin: float
    ymax: float


BoxSize = TypedDict(
    "BoxSize",
    {
        "from": "int",
        "to": "int",
        "objects": "int",
    },
)


class Campaign(TypedDict):
    """A labeling campaign."""

    campaign_id: int
    title: str
    status: Literal["created", "active", "completed", "finished"]
    progress: Progress
    metadata: dict[str, Any] | None
    label_translations: dict[str, str] | None
    classes: list[CampaignClass]
    strict: bool
    instructions: str | None
    kind: Literal["people", "model"]
    model: str | None
    version: str | None
    prelabels_from: int | None
    auto_complete: bool
    late_corrections: bool
    archived: bool
    date_created: str
    date_started: str | None
    date_completed: str | None
    date_finished: str | None
    created_by: str | None
    labelers: list[Member]
    reviewers: list[Member]
    publication: Job | None


class CampaignChange(TypedDict, total=False):
    """Changes to a campaign."""

    title: str
    metadata: dict[str, Any] | None
    classes: list[NewClass]
    strict: bool
    instructions: str | None
    prelabels_from: int | None
    late_corrections: bool
    archived: bool


class CampaignClass(TypedDict):
    """One class of a campaign."""

    name: str
    color: str | None
    key: str | None
    description: str | None
    aliases: list[str]
    retired: bool


class _RequiredCampaignImage(TypedDict):
    image_id: int
    url: str
    file_name: str
    filetype: str | None
    width: int | None
    height: int | None
    state: Literal["unlabeled", "labeled", "empty", "unusable"]
    reason: str | None
    revision: int | None
    review: Review | None
    suggestions: list[Object] | None


class CampaignImage(_RequiredCampaignImage, total=False):
    """An image of a campaign."""

    filesize: int | None
    sha256: str | None
    download_url: str | None
    thumbnail_url: str | None
    preview_url: str | None


class CampaignImagePage(TypedDict):
    """A page of images of a campaign, by id."""

    images: list[CampaignImage]
    pagination: Pagination


class CampaignOfImage(TypedDict):
    """A campaign that contains the image, and what it holds of it."""

    campaign_id: int
    title: str
    kind: Literal["people", "model"]
    status: Literal["created", "active", "completed", "finished"]
    state: Literal["unlabeled", "labeled", "empty", "unusable"]
    reason: str | None
    revision: int | None
    object_count: int
    review: Review | None


class CampaignPage(TypedDict):
    """A page of campaigns, by id."""

    campaigns: list[Campaign]
    pagination: Pagination


class _RequiredCampaignStatusChange(TypedDict):
    new_status: Literal["created", "active", "completed", "finished"]


class CampaignStatusChange(_RequiredCampaignStatusChange, total=False):
    """The requested status."""

    auto_complete: bool


class CampaignWithAddition(TypedDict):
    """The campaign, and what was added to it."""

    campaign_id: int
    title: str
    status: Literal["created", "active", "completed", "finished"]
    progress: Progress
    metadata: dict[str, Any] | None
    label_translations: dict[str, str] | None
    classes: list[CampaignClass]
    strict: bool
    instructions: str | None
    kind: Literal["people", "model"]
    model: str | None
    version: str | None
    prelabels_from: int | None
    auto_complete: bool
    late_corrections: bool
    archived: bool
    date_created: str
    date_started: str | None
    date_completed: str | None
    date_finished: str | None
    created_by: str | None
    labelers: list[Member]
    reviewers: list[Member]
    publication: Job | None
    added: int
    skipped: int
    flagged: int


class ClassCount(TypedDict):
    """Objects of one class."""

    label: str
    objects: int
    images: int


class CreatedApiKey(TypedDict):
    """A new key with its secret, which is shown only once."""

    key_id: int
    apikey: str
    name: str | None
    date_created: str
    date_expires: str | None
    date_revoked: str | None
    date_last_used: str | None
    apisecret: str


class CreatedCampaign(TypedDict):
    """A new campaign and its partner's key."""

    campaign_id: int
    title: str
    status: Literal["created", "active", "completed", "finished"]
    progress: Progress
    metadata: dict[str, Any] | None
    label_translations: dict[str, str] | None
    classes: list[CampaignClass]
    strict: bool
    instructions: str | None
    kind: Literal["people", "model"]
    model: str | None
    version: str | None
    prelabels_from: int | None
    auto_complete: bool
    late_corrections: bool
    archived: bool
    date_created: str
    date_started: str | None
    date_completed: str | None
    date_finished: str | None
    created_by: str | None
    labelers: list[Member]
    reviewers: list[Member]
    publication: Job | None
    access_token: AccessToken | None


class CreatedImageSet(TypedDict):
    """A new image set and the link for uploading into it."""

    imageset_id: int
    title: str
    status: Literal["created", "finished"]
    metadata: dict[str, Any] | None
    timezone: str | None
    duplicates: Literal["keep", "flag"]
    blobstorage_path: str
    date_created: str
    date_finished: str | None
    created_by: str | None
    ingest: Ingest | None
    dropbox_url: str


class CreatedSessionKey(TypedDict):
    """A new session key with its secret, which is shown only here."""

    apikey: str
    date_expires: str
    apisecret: str


class Dataset(TypedDict):
    """A published file of a finished campaign."""

    dataset_id: int
    kind: Literal["images", "images_mltable", "labels", "labels_jsonl", "labels_mltable"]
    name: str
    version: int
    path: str
    sha256: str
    file_size: int
    image_count: int
    object_count: int
    withdrawn_images: int
    registration: Literal["off", "pending", "registered", "failed"]
    registered_version: str | None
    error: str | None
    date_created: str
    url: str


class DatasetList(TypedDict):
    """The published datasets of a campaign, newest first."""

    datasets: list[Dataset]


class DayCount(TypedDict):
    """Submissions of one day."""

    day: str
    submissions: int
    images: int
    objects: int


class DetailsOfImage(TypedDict):
    """What the details of an image have besides."""

    file_name: str
    url: str
    date_created: str | None
    created_by: str | None
    campaign_count: int
    campaigns: list[CampaignOfImage]


class Difference(TypedDict):
    """What changed on one image."""

    image_id: int
    url: str
    membership: Literal["joined", "left"] | None
    state: list[Literal["unlabeled", "labeled", "empty", "unusable"] | None]
    reason: list[str | None]
    revision: list[int | None]
    added: list[Object]
    removed: list[Object]
    moved: list[ObjectPair]
    relabeled: list[ObjectPair]
    changed: list[ObjectPair]


class DifferenceCounts(TypedDict):
    """Counts for all images that changed, on this page or not."""

    images: int
    added: int
    removed: int
    moved: int
    relabeled: int
    changed: int
    states: int
    joined: int
    left: int


DifferencePage = TypedDict(
    "DifferencePage",
    {
        "images": "list[Difference]",
        "counts": "DifferenceCounts",
        "from": "int | None",
        "to": "int | None",
        "pagination": "Pagination",
    },
)


class Draft(TypedDict):
    """What a user keeps for one image."""

    image_id: int
    objects: list[dict[str, Any]] | None
    unusable: str | None
    revision: int | None
    image: SeenImage | None
    date_changed: str
    created_by: str | None


class DraftPage(TypedDict):
    """A page of drafts, by id of the image."""

    drafts: list[Draft]
    pagination: Pagination


class DropboxUrl(TypedDict):
    """A link for uploading."""

    dropbox_url: str


class Export(TypedDict):
    """A snapshot as the file of a format."""

    export_id: int
    snapshot_id: int
    format: Literal["coco", "yolo", "voc", "cvat", "label-studio", "datumaro", "csv", "jsonl", "parquet"]
    images: Literal["none", "files"]
    options: dict[str, Any]
    state: Literal["pending", "ready", "failed", "cancelled", "withdrawn"]
    job: Job | None
    path: str | None
    url: str | None
    size: int | None
    sha256: str | None
    counts: dict[str, Any] | None
    losses: list[ExportLoss]
    manifest_url: str | None
    date_created: str
    date_written: str | None


class ExportList(TypedDict):
    """The exports of a snapshot, newest first."""

    exports: list[Export]


class ExportLoss(TypedDict):
    """Something that the file does not hold as the snapshot does."""

    what: str
    images: int
    objects: int


class _RequiredFault(TypedDict):
    detail: str


class Fault(_RequiredFault, total=False):
    """One fault in a body, or in the query."""

    pointer: str
    revision: int | None
    created_by: str | None
    date_created: str | None
    parameter: str


class FinishedImageSet(TypedDict):
    """An image set that is finished now."""

    imageset_id: int
    title: str
    status: Literal["finished"]
    metadata: dict[str, Any] | None
    timezone: str | None
    duplicates: Literal["keep", "flag"]
    blobstorage_path: str
    date_created: str
    date_finished: str | None
    created_by: str | None
    ingest: Ingest | None


class _RequiredImage(TypedDict):
    image_id: int
    blobstorage_path: str
    imageset: dict[str, Any]
    date_taken: str | None
    date_taken_source: Literal["offset", "set", "gps", "assumed-utc", "manual"] | None
    location_taken: dict[str, Any]
    type: str | None
    metadata: dict[str, Any] | None
    tss_id: str | None
    file: dict[str, Any]
    problem: str | None
    withdrawal: Withdrawal | None


class Image(_RequiredImage, total=False):
    """One file in the main container."""

    download_url: str | None
    thumbnail_url: str | None
    preview_url: str | None


class ImageChange(TypedDict, total=False):
    """What to change of an image, as a JSON merge patch (RFC 7396)."""

    type: str | None
    metadata: dict[str, Any] | None
    date_taken: str | None
    location_taken: LocationPatch | None
    tss_id: str | None


class _RequiredImageChangeItem(TypedDict):
    image_id: int


class ImageChangeItem(_RequiredImageChangeItem, total=False):
    """An image, and what to change of it as in an ImageChange."""

    type: str | None
    metadata: dict[str, Any] | None
    date_taken: str | None
    location_taken: LocationPatch | None
    tss_id: str | None


class ImageChangeReceipt(TypedDict):
    """What a request has changed."""

    image_count: int
    changed: int


class _RequiredImageDetails(TypedDict):
    image_id: int
    blobstorage_path: str
    imageset: dict[str, Any]
    date_taken: str | None
    date_taken_source: Literal["offset", "set", "gps", "assumed-utc", "manual"] | None
    location_taken: dict[str, Any]
    type: str | None
    metadata: dict[str, Any] | None
    tss_id: str | None
    file: dict[str, Any]
    problem: str | None
    withdrawal: Withdrawal | None
    file_name: str
    url: str
    date_created: str | None
    created_by: str | None
    campaign_count: int
    campaigns: list[CampaignOfImage]


class ImageDetails(_RequiredImageDetails, total=False):
    """One image with its links, and what campaigns hold of it."""

    download_url: str | None
    thumbnail_url: str | None
    preview_url: str | None


class ImageHistoryPage(TypedDict):
    """A page of the history of an image, newest first."""

    history: list[ImageRevision]
    pagination: Pagination


class ImagePage(TypedDict):
    """A page of images, by id."""

    images: list[Image]
    pagination: Pagination


class ImagePlace(TypedDict):
    """The images of one cell."""

    lat: float
    lon: float
    image_count: int
    image_id: int


class ImagePlaces(TypedDict):
    """Where images were taken, by cells of a rectangle."""

    bounds: list[float] | None
    places: list[ImagePlace]
    with_place: int
    without_place: int


class ImageQuery(TypedDict, total=False):
    """Filters of `GET /images`, by the same names."""

    image_set: int
    campaign: int
    labeled: bool
    state: list[Literal["unlabeled", "labeled", "empty", "unusable"]]
    review: list[Literal["accepted", "rejected", "none"]]
    label: str
    min_objects: int
    max_objects: int
    taken_from: str
    taken_to: str
    taken: str
    type: str
    filetype: str
    bbox: list[float]
    near: list[float]
    path: str
    sha256: str
    duplicate_of: int
    distance: int
    metadata: dict[str, str]


class ImageReference(TypedDict, total=False):
    """Names an image, either by its id or by its path."""

    id: int
    filepath: str


class ImageRevision(TypedDict):
    """What one submission made of an image."""

    submission_id: int
    campaign: dict[str, Any]
    state: Literal["unlabeled", "labeled", "empty", "unusable"]
    reason: str | None
    object_count: int
    reviews: list[PastReview]
    kind: Literal["submission", "import", "restore", "relabel"]
    of: int | None
    tool: str | None
    note: str | None
    date_created: str
    created_by: str | None
    key_name: str | None
    request_id: str | None


class ImageSelection(TypedDict, total=False):
    """Names an image by `id` or `filepath`, or selects images."""

    id: int
    filepath: str
    image_set: int
    campaign: int
    state: Literal["unlabeled", "labeled", "empty", "unusable"]
    query: ImageQuery
    query_name: str


class ImageSet(TypedDict):
    """A batch of images from one source."""

    imageset_id: int
    title: str
    status: Literal["created", "finished"]
    metadata: dict[str, Any] | None
    timezone: str | None
    duplicates: Literal["keep", "flag"]
    blobstorage_path: str
    date_created: str
    date_finished: str | None
    created_by: str | None
    ingest: Ingest | None


class ImageSetChange(TypedDict, total=False):
    """What to change of an image set, as a JSON merge patch (RFC 7396)."""

    title: str
    metadata: dict[str, Any] | None
    timezone: str | None
    duplicates: Literal["keep", "flag"]


class ImageSetPage(TypedDict):
    """A page of image sets, by id."""

    image_sets: list[ImageSet]
    pagination: Pagination


class ImageSetProblem(TypedDict):
    """A file of an image set that could not be ingested, or an image whose inspection has found a fault."""

    problem_id: int
    name: str
    kind: str
    message: str
    date_created: str
    image_id: int | None


class ImageSetProblemPage(TypedDict):
    """A page of open problems, by id."""

    problems: list[ImageSetProblem]
    pagination: Pagination


class ImageSetStatusChange(TypedDict):
    """The requested status."""

    new_status: Literal["created", "finished"]


class Import(TypedDict):
    """An import of a label file into a campaign, with its problems."""

    import_id: int
    campaign_id: int
    format: Literal["coco", "csv", "cvat", "datumaro", "jsonl", "label-studio", "parquet", "voc", "yolo"]
    mode: Literal["replace", "append"]
    match: Literal["auto", "id", "path", "name"]
    on_invalid: Literal["reject", "clip"]
    origin: int | None
    skip_unknown: bool
    ignore_size: bool
    dry_run: bool
    state: Literal["waiting", "queued", "running", "succeeded", "failed", "cancelled"]
    job: Job | None
    done: int
    total: int | None
    error: str | None
    submission_id: int | None
    counts: ImportCounts | None
    tool: str | None
    note: str | None
    date_created: str
    date_finished: str | None
    created_by: str | None
    key_name: str | None
    request_id: str | None
    problems: list[ImportProblem] | None


class ImportCounts(TypedDict):
    """What the import changed or, with `dry_run` or if it failed, what it would have changed."""

    images: int
    objects: int
    replaced: int
    unchanged: int
    clipped: int
    dropped: int
    new_classes: int


class ImportPage(TypedDict):
    """A page of imports, newest first."""

    imports: list[ListedImport]
    pagination: Pagination


class ImportProblem(TypedDict):
    """What stands in the way of an import, or a warning, with examples."""

    kind: str
    severity: Literal["error", "warning"]
    count: int
    examples: list[dict[str, Any]]


class ImportStatusChange(TypedDict):
    """What happened to the import."""

    new_status: Literal["uploaded"]


class ImportWithLink(TypedDict):
    """An import that waits for its file, with the link for uploading it."""

    import_id: int
    campaign_id: int
    format: Literal["coco", "csv", "cvat", "datumaro", "jsonl", "label-studio", "parquet", "voc", "yolo"]
    mode: Literal["replace", "append"]
    match: Literal["auto", "id", "path", "name"]
    on_invalid: Literal["reject", "clip"]
    origin: int | None
    skip_unknown: bool
    ignore_size: bool
    dry_run: bool
    state: Literal["waiting", "queued", "running", "succeeded", "failed", "cancelled"]
    job: Job | None
    done: int
    total: int | None
    error: str | None
    submission_id: int | None
    counts: ImportCounts | None
    tool: str | None
    note: str | None
    date_created: str
    date_finished: str | None
    created_by: str | None
    key_name: str | None
    request_id: str | None
    problems: list[ImportProblem] | None
    upload_url: str


class Ingest(TypedDict):
    """The job that ingests the uploads of an image set, and the number of files of each kind."""

    job_id: int
    kind: str
    subject: dict[str, Any]
    state: Literal["queued", "running", "succeeded", "failed", "cancelled"]
    done: int
    total: int | None
    attempts: int
    error: str | None
    date_created: str
    date_started: str | None
    date_finished: str | None
    date_expected: str | None
    images: int | None
    not_images: int | None
    skipped: int | None
    problems: int
    duplicates: int | None


class Job(TypedDict):
    """A background job."""

    job_id: int
    kind: str
    subject: dict[str, Any]
    state: Literal["queued", "running", "succeeded", "failed", "cancelled"]
    done: int
    total: int | None
    attempts: int
    error: str | None
    date_created: str
    date_started: str | None
    date_finished: str | None
    date_expected: str | None


class JobPage(TypedDict):
    """A page of jobs, newest first."""

    jobs: list[Job]
    pagination: Pagination


class KeptQuery(TypedDict):
    """A query that is kept by name."""

    query_id: int
    name: str
    query: dict[str, Any]
    date_created: str
    date_changed: str
    changed_by: str | None


class KeptQueryPage(TypedDict):
    """A page of kept queries, by id."""

    queries: list[KeptQuery]
    pagination: Pagination


class LabeledImage(TypedDict):
    """An image of a campaign and its current objects."""

    image_id: int
    url: str
    file_name: str
    filetype: str | None
    width: int | None
    height: int | None
    state: Literal["unlabeled", "labeled", "empty", "unusable"]
    reason: str | None
    revision: int | None
    review: Review | None
    suggestions: list[Object] | None
    objects: list[Object]


class LabeledImagePage(TypedDict):
    """A page of images with their objects, by id of the image."""

    images: list[LabeledImage]
    pagination: Pagination


class LabeledSnapshotImage(TypedDict):
    """An image of a snapshot with its objects."""

    image_id: int
    url: str
    blobstorage_path: str
    filetype: str | None
    filesize: int | None
    width: int | None
    height: int | None
    sha256: str | None
    state: Literal["labeled", "empty", "unusable", "unlabeled", "draft"]
    review: Literal["accepted", "rejected"] | None
    split: Literal["train", "val", "test"] | None
    object_count: int
    withdrawn: bool
    labels: list[SnapshotLabels]
    objects: list[SnapshotObject]


class LabeledSnapshotImagePage(TypedDict):
    """A page of images of a snapshot with their objects, by id of the image."""

    images: list[LabeledSnapshotImage]
    pagination: Pagination


class _RequiredLabelsOfImage(TypedDict):
    image_id: int


class LabelsOfImage(_RequiredLabelsOfImage, total=False):
    """All objects of one image, or the reason why it is unusable."""

    objects: list[NewObject]
    unusable: str
    revision: int | None
    image: SeenImage


class ListedImport(TypedDict):
    """An import of a label file into a campaign, without its problems."""

    import_id: int
    campaign_id: int
    format: Literal["coco", "csv", "cvat", "datumaro", "jsonl", "label-studio", "parquet", "voc", "yolo"]
    mode: Literal["replace", "append"]
    match: Literal["auto", "id", "path", "name"]
    on_invalid: Literal["reject", "clip"]
    origin: int | None
    skip_unknown: bool
    ignore_size: bool
    dry_run: bool
    state: Literal["waiting", "queued", "running", "succeeded", "failed", "cancelled"]
    job: Job | None
    done: int
    total: int | None
    error: str | None
    submission_id: int | None
    counts: ImportCounts | None
    tool: str | None
    note: str | None
    date_created: str
    date_finished: str | None
    created_by: str | None
    key_name: str | None
    request_id: str | None


class LocationPatch(TypedDict, total=False):
    """Where the image was taken."""

    description: str | None
    lat: float | None
    lon: float | None


class Member(TypedDict):
    """A user with a role in a campaign."""

    user_id: int
    email: str | None


class NewApiKey(TypedDict, total=False):
    """Properties of a new key."""

    name: str | None
    date_expires: str | None


class _RequiredNewCampaign(TypedDict):
    title: str


class NewCampaign(_RequiredNewCampaign, total=False):
    """Properties of a new campaign."""

    labeler_email: str
    metadata: dict[str, Any] | None
    label_translations: dict[str, str] | None
    classes: list[NewClass]
    strict: bool
    instructions: str | None
    kind: Literal["people", "model"]
    model: str
    version: str
    prelabels_from: int | None
    late_corrections: bool


class _RequiredNewClass(TypedDict):
    name: str


class NewClass(_RequiredNewClass, total=False):
    """One class."""

    color: str | None
    key: str | None
    description: str | None
    aliases: list[str]
    retired: bool


class _RequiredNewDraft(TypedDict):
    image_id: int


class NewDraft(_RequiredNewDraft, total=False):
    """What a user keeps for one image."""

    objects: list[NewObject]
    unusable: str
    revision: int | None
    image: SeenImage


class _RequiredNewExport(TypedDict):
    format: Literal["coco", "yolo", "voc", "cvat", "label-studio", "datumaro", "csv", "jsonl", "parquet"]


class NewExport(_RequiredNewExport, total=False):
    """What to write of a snapshot."""

    images: Literal["none", "files"]
    options: NewExportOptions


class NewExportOptions(TypedDict, total=False):
    """What else may be chosen."""

    upright: bool


class _RequiredNewImageSet(TypedDict):
    title: str


class NewImageSet(_RequiredNewImageSet, total=False):
    """Properties of a new image set."""

    metadata: dict[str, Any] | None
    timezone: str | None
    duplicates: Literal["keep", "flag"]


class NewMember(TypedDict):
    """The user who gets a role in the campaign."""

    email: str


class _RequiredNewObject(TypedDict):
    bounding_box: BoundingBox
    label: str


class NewObject(_RequiredNewObject, total=False):
    """One label on one image."""

    label_translated: str | None
    confidence: float | None


class _RequiredNewReview(TypedDict):
    image_id: int
    verdict: Literal["accepted", "rejected"]


class NewReview(_RequiredNewReview, total=False):
    """A verdict on the current content of one image."""

    comment: str | None
    revision: int | None


class NewSessionKey(TypedDict):
    """Options of a new session key."""

    hours: int


class _RequiredNewSnapshot(TypedDict):
    name: str
    campaigns: list[int]


class NewSnapshot(_RequiredNewSnapshot, total=False):
    """What to freeze, and under which name."""

    image_sets: list[int]
    classes: list[str]
    states: list[Literal["labeled", "empty", "unusable", "unlabeled", "draft"]]
    review: Literal["not_rejected", "accepted", "any"]
    as_of: str
    query: ImageQuery
    labels: Literal["first", "all"]
    skip_problems: bool
    split: NewSplit
    dry_run: bool


class NewSplit(TypedDict):
    """How images are split into parts."""

    key: Literal["content", "image_set", "folder", "day"]
    seed: str
    shares: Shares


class _RequiredNewUser(TypedDict):
    email: str


class NewUser(_RequiredNewUser, total=False):
    """Properties of a new user."""

    role: Literal["image-admin", "reader"] | None


class NewWithdrawal(TypedDict):
    """Why an image is withdrawn."""

    reason: str


class Object(TypedDict):
    """One label on one image in one campaign."""

    object_id: int
    image_id: int
    campaign_id: int
    label: str
    label_original: str
    bounding_box: BoundingBox
    confidence: float | None
    date_added: str


class ObjectPair(TypedDict):
    """The same thing at both moments."""

    before: Object
    after: Object
    iou: float


class ObjectsPerImage(TypedDict):
    """Images with one number of objects."""

    objects: int
    images: int


class OwnKeyRotation(TypedDict, total=False):
    """Options for rotating the caller's own key."""

    overlap_seconds: int


class Pagination(TypedDict):
    """The position of this page in its list."""

    page: int | None
    pages: int | None
    total: int | None
    per_page: int
    prev: int | None
    next: int | None


class PastReview(TypedDict):
    """One verdict on this revision of the image."""

    verdict: Literal["accepted", "rejected"]
    comment: str | None
    created_by: str | None
    key_name: str | None
    date_created: str
    request_id: str | None


class Problem(TypedDict):
    """An error (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    instance: str | None
    errors: list[Fault]


class ProblemNames(TypedDict, total=False):
    """Selects problems."""

    names: list[str]


class Progress(TypedDict):
    """Progress of a campaign."""

    total: int
    done: int
    states: StateCounts
    reviews: ReviewCounts


class QueryChange(TypedDict):
    """A query to keep."""

    query: ImageQuery


class _RequiredRelabel(TypedDict):
    mapping: dict[str, str]


class Relabel(_RequiredRelabel, total=False):
    """Labels to replace, and what by."""

    dry_run: bool


class RelabelCount(TypedDict):
    """Objects that get another label."""

    label: str
    new_label: str
    objects: int
    images: int


class Relabeling(TypedDict):
    """What a relabel changed or would change."""

    submission_id: int | None
    campaign_id: int
    image_count: int
    object_count: int
    labels: list[RelabelCount]
    dry_run: bool


class ReopenedImageSet(TypedDict):
    """An image set that is open again, and the link for uploading into it."""

    imageset_id: int
    title: str
    status: Literal["created"]
    metadata: dict[str, Any] | None
    timezone: str | None
    duplicates: Literal["keep", "flag"]
    blobstorage_path: str
    date_created: str
    date_finished: str | None
    created_by: str | None
    ingest: Ingest | None
    dropbox_url: str


class Restoration(TypedDict):
    """What a restore changed or would change."""

    submission_id: int | None
    campaign_id: int
    of: int | None
    image_count: int
    object_count: int
    states: StateCounts
    skipped: int
    dry_run: bool


class _RequiredRestoreRequest(TypedDict):
    as_of: str


class RestoreRequest(_RequiredRestoreRequest, total=False):
    """The moment to go back to."""

    image_ids: list[int]
    dry_run: bool


class Review(TypedDict):
    """The verdict on the current content of the image."""

    verdict: Literal["accepted", "rejected"]
    comment: str | None
    created_by: str | None
    date_created: str
    revision: int


class ReviewCounts(TypedDict):
    """Number of images by the verdict on their current content."""

    accepted: int
    rejected: int
    none: int


class RevisionsPerImage(TypedDict):
    """Images with one number of revisions."""

    revisions: int
    images: int


class Role(TypedDict):
    """One role of a user."""

    role: Literal["image-admin", "reader", "labeler", "reviewer"]
    campaign: dict[str, Any] | None


class _RequiredRoleGrant(TypedDict):
    role: Literal["image-admin", "reader", "labeler", "reviewer"]


class RoleGrant(_RequiredRoleGrant, total=False):
    """A role to grant."""

    campaign_id: int | None


class SeenImage(TypedDict):
    """The size of the image as the labeling tool read it."""

    width: int
    height: int


class Selection(TypedDict):
    """What was selected, as in a NewSnapshot, with every default."""

    campaigns: list[int]
    image_sets: list[int] | None
    classes: list[str] | None
    states: list[Literal["labeled", "empty", "unusable", "unlabeled", "draft"]]
    review: str
    as_of: str | None
    query: dict[str, Any] | None
    labels: str
    skip_problems: bool


class SenderCount(TypedDict):
    """The present content from one user."""

    created_by: str | None
    images: int
    objects: int


class SessionKey(TypedDict):
    """A session key without its secret."""

    apikey: str
    date_expires: str


class Shares(TypedDict, total=False):
    """The shares of the parts, with at most four decimals."""

    train: float
    val: float
    test: float


class Snapshot(TypedDict):
    """A selection of images and labels, frozen as one version of a name."""

    snapshot_id: int
    kind: Literal["snapshot", "campaign"]
    name: str
    version: int
    campaign_id: int | None
    state: Literal["pending", "ready", "failed"]
    job: Job | None
    selection: Selection
    summary: str
    split: Split | None
    moment: str | None
    content_hash: str | None
    counts: SnapshotCounts | None
    warnings: list[str]
    withdrawn_images: int | None
    date_created: str
    created_by: str | None


class SnapshotClassCounts(TypedDict):
    """One class of a snapshot."""

    class_id: int
    name: str
    images: int
    objects: int


class SnapshotCounts(TypedDict):
    """What is in a snapshot."""

    images: int
    objects: int
    states: dict[str, int]
    splits: dict[str, int]
    classes: list[SnapshotClassCounts]


class SnapshotDifference(TypedDict):
    """What differs on one image."""

    image_id: int
    url: str
    membership: Literal["joined", "left"] | None
    state: list[Literal["labeled", "empty", "unusable", "unlabeled", "draft"] | None]
    split: list[Literal["train", "val", "test"] | None]
    revisions: list[list[int]]
    added: list[Object]
    removed: list[Object]
    moved: list[ObjectPair]
    relabeled: list[ObjectPair]
    changed: list[ObjectPair]


class SnapshotDifferenceCounts(TypedDict):
    """Counts for all images that differ, on this page or not."""

    images: int
    added: int
    removed: int
    moved: int
    relabeled: int
    changed: int
    states: int
    splits: int
    joined: int
    left: int


SnapshotDifferencePage = TypedDict(
    "SnapshotDifferencePage",
    {
        "images": "list[SnapshotDifference]",
        "counts": "SnapshotDifferenceCounts",
        "from": "int",
        "to": "int",
        "pagination": "Pagination",
    },
)


class _RequiredSnapshotImage(TypedDict):
    image_id: int
    url: str
    blobstorage_path: str
    filetype: str | None
    filesize: int | None
    width: int | None
    height: int | None
    sha256: str | None
    state: Literal["labeled", "empty", "unusable", "unlabeled", "draft"]
    review: Literal["accepted", "rejected"] | None
    split: Literal["train", "val", "test"] | None
    object_count: int
    withdrawn: bool
    labels: list[SnapshotLabels]


class SnapshotImage(_RequiredSnapshotImage, total=False):
    """An image of a snapshot, with the facts of its file at the snapshot's moment."""

    export_path: str
    download_url: str | None
    thumbnail_url: str | None
    preview_url: str | None


class SnapshotImagePage(TypedDict):
    """A page of images of a snapshot, by id."""

    images: list[SnapshotImage]
    pagination: Pagination


class SnapshotLabels(TypedDict):
    """The submission whose objects an image has in a snapshot."""

    campaign_id: int
    revision: int


class SnapshotObject(TypedDict):
    """One label on one image of a snapshot."""

    object_id: int
    image_id: int
    campaign_id: int
    label: str
    label_original: str
    bounding_box: BoundingBox
    confidence: float | None
    date_added: str
    class_id: int


class SnapshotPage(TypedDict):
    """A page of snapshots, by id."""

    snapshots: list[Snapshot]
    pagination: Pagination


class SnapshotPreview(TypedDict):
    """What a snapshot would be if it were made now."""

    kind: str
    name: str
    version: int
    selection: Selection
    summary: str
    split: Split | None
    counts: SnapshotCounts
    warnings: list[str]


class Split(TypedDict):
    """How images are split into parts, as in a NewSplit."""

    key: str
    seed: str
    shares: dict[str, Any]


class StateCounts(TypedDict):
    """Number of images in each state."""

    unlabeled: int
    labeled: int
    empty: int
    unusable: int


class Statistics(TypedDict):
    """How many objects and images there are, by class, state, verdict, size, day and sender."""

    objects: int
    images: int
    states: StateCounts
    reviews: ReviewCounts
    classes: list[ClassCount]
    objects_per_image: list[ObjectsPerImage]
    box_sizes: list[BoxSize]
    days: list[DayCount]
    senders: list[SenderCount]
    revisions_per_image: list[RevisionsPerImage]


class Submission(TypedDict):
    """One accepted change of labels, as its receipt and as part of the campaign's history."""

    submission_id: int | None
    campaign_id: int
    kind: Literal["submission", "import", "restore", "relabel"]
    of: int | None
    image_count: int
    object_count: int
    replaced: int
    unchanged: int
    tool: str | None
    note: str | None
    date_created: str
    created_by: str | None
    key_name: str | None
    request_id: str | None


class SubmissionPage(TypedDict):
    """A page of submissions, newest first."""

    submissions: list[Submission]
    pagination: Pagination


class Upload(TypedDict):
    """A file in a dropbox."""

    name: str
    size: int
    md5: str | None
    date_modified: str


class UploadPage(TypedDict):
    """A page of the files in a dropbox, by name."""

    uploads: list[Upload]
    pagination: Pagination


class User(TypedDict):
    """A caller of the service, with or without keys."""

    user_id: int
    email: str
    enabled: bool
    roles: list[UserRole]
    date_created: str


class UserChange(TypedDict):
    """Changes to a user."""

    enabled: bool


class UserPage(TypedDict):
    """A page of users."""

    users: list[User]
    pagination: Pagination


class UserRole(TypedDict):
    """One role of a user."""

    role_id: int
    role: Literal["image-admin", "reader", "labeler", "reviewer"]
    campaign: dict[str, Any] | None


class Whoami(TypedDict):
    """The caller."""

    user_id: int
    key_id: int
    email: str
    roles: list[Role]


class Withdrawal(TypedDict):
    """Why and when the image was withdrawn."""

    reason: str
    date_created: str
    created_by: str | None
