"""The service in Python: every operation as a method, and lists that page by themselves."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from labelapi.errors import NotFound
from labelapi.operations import Operations
from labelapi.profiles import find_profile
from labelapi.transport import PATIENCE_SECONDS, Transport, in_path

if TYPE_CHECKING:
    from types import TracebackType

    from labelapi import models
    from labelapi.profiles import Profile

PAGE_SIZE = 500


class LabelAPI(Operations):
    """One service and one key. Every operation is a method with the name of its `operationId`; threads may share it."""

    def __init__(
        self, profile: Profile, *, patience: float = PATIENCE_SECONDS, say: Callable[[str], None] | None = None
    ) -> None:
        super().__init__(Transport(profile, patience=patience, say=say))
        self.campaigns = Campaigns(self)
        self.image_sets = ImageSets(self)

    @classmethod
    def from_profile(
        cls,
        name: str | None = None,
        *,
        patience: float = PATIENCE_SECONDS,
        say: Callable[[str], None] | None = None,
    ) -> LabelAPI:
        """Return the client of a profile that `labelapi login` made, or of `LABELAPI_URL`, `LABELAPI_KEY` and `LABELAPI_SECRET`.

        `patience` is the seconds for which requests are sent again while the service is away; `say` gets a line then.
        """
        return cls(find_profile(name), patience=patience, say=say)

    def __enter__(self) -> LabelAPI:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self.transport.close()

    def walk(self, path: str, key: str, /, **query: Any) -> Iterator[Any]:
        """Yield every item of the list at `path`, whose pages hold them under `key`; a page is fetched when it is needed."""
        query.setdefault("per_page", PAGE_SIZE)
        for page in self.transport.pages(path, query):
            yield from page[key]

    def images(self, **filters: Any) -> Iterator[models.Image]:
        """Yield all images that fit the filters of `list_images`, by id or as `sort` says."""
        if "sort" not in filters:
            filters.setdefault("after", 0)
        return self.walk("/images", "images", **filters)

    def jobs(self, **filters: Any) -> Iterator[models.Job]:
        """Yield the jobs that fit the filters of `list_jobs`, newest first."""
        return self.walk("/jobs", "jobs", **{"after": 0, **filters})

    def users(self) -> Iterator[models.User]:
        """Yield all users."""
        return self.walk("/users", "users", after=0)

    def audit(self, **filters: Any) -> Iterator[models.AuditEntry]:
        """Yield the entries of the audit that fit the filters of `list_audit`, newest first."""
        return self.walk("/audit", "audit", **{"after": 0, **filters})

    def queries(self) -> Iterator[models.KeptQuery]:
        """Yield the kept queries."""
        return self.walk("/queries", "queries", after=0)

    def snapshots(self, **filters: Any) -> Iterator[models.Snapshot]:
        """Yield the snapshots that fit the filters of `list_snapshots`."""
        return self.walk("/snapshots", "snapshots", **{"after": 0, **filters})

    def find_snapshot(self, name: str | int) -> int:
        """Return the id of a snapshot by its id, by `name@version`, or by its name, which means its newest version that is ready.

        Snapshots that people made go before those of a campaign with the same name. Raises NotFound.
        """
        text = str(name).strip()
        if text.isdigit():
            return int(text)
        text, at, version = text.partition("@")
        for kind in ("snapshot", "campaign"):
            found = [
                (each["version"], each["snapshot_id"])
                for each in self.snapshots(name=text, kind=kind)
                if (str(each["version"]) == version if at else each["state"] == "ready")
            ]
            if found:
                return max(found)[1]
        raise NotFound(f"There is no snapshot '{name}'{'' if at else ' that is ready'}.", "labelapi snapshots list")

    def snapshot_objects(self, name: str | int, **filters: Any) -> Iterator[models.LabeledSnapshotImage]:
        """Yield the images of a snapshot with their objects, by the filters of `list_snapshot_objects`, as `split="train"`."""
        path = f"/snapshots/{in_path(self.find_snapshot(name))}/objects"
        return self.walk(path, "images", **{"after": 0, **filters})

    def snapshot_boxes(self, name: str | int, **filters: Any) -> Iterator[dict[str, Any]]:
        """Yield a flat row for each box of a snapshot, and one without a label for each image without boxes."""
        from labelapi.tables import box_rows

        return box_rows(self.snapshot_objects(name, **filters))

    def find_user(self, name: str | int) -> int:
        """Return the id of a user by its id or e-mail address. Raises NotFound."""
        text = str(name).strip()
        if text.isdigit():
            return int(text)
        for user in self.users():
            if user["email"].casefold() == text.casefold():
                return user["user_id"]
        raise NotFound(f"No user has the e-mail address '{text}'.", "labelapi users list")


class Campaigns:
    """The campaigns, by id or title: `api.campaigns["spring"]`."""

    def __init__(self, api: LabelAPI) -> None:
        self._api = api

    def __iter__(self) -> Iterator[models.Campaign]:
        return self.list()

    def __getitem__(self, name: str | int) -> Campaign:
        return Campaign(self._api, self.find(name))

    def list(self, **filters: Any) -> Iterator[models.Campaign]:
        """Yield the campaigns that fit the filters of `list_campaigns`."""
        return self._api.walk("/campaigns", "campaigns", **{"after": 0, **filters})

    def find(self, name: str | int) -> int:
        """Return the id of a campaign by its id or title; `title:12` is the title 12. Raises NotFound."""
        text = str(name).strip()
        if text.isdigit():
            return int(text)
        title = text[len("title:") :] if text.startswith("title:") else text
        own = [role["campaign"] for role in self._api.get_whoami()["roles"]]
        bound = [campaign for campaign in own if campaign]
        if bound and len(bound) == len(own):
            # Labelers and reviewers cannot list campaigns, but know their own.
            found = [campaign["campaign_id"] for campaign in bound if campaign["title"] == title]
        else:
            listed = [*self.list(title=title, kind="any"), *self.list(title=title, kind="any", archived=True)]
            found = [campaign["campaign_id"] for campaign in listed if campaign["title"] == title]
        if not found:
            raise NotFound(f"There is no campaign '{title}' for this key.", "labelapi campaigns list")
        return int(found[0])


class Campaign:
    """One campaign."""

    def __init__(self, api: LabelAPI, campaign_id: int) -> None:
        self._api = api
        self.campaign_id = campaign_id
        self._path = f"/campaigns/{in_path(campaign_id)}"

    def read(self) -> models.Campaign:
        """Return what the service knows of it now."""
        return self._api.get_campaign(self.campaign_id)

    def images(self, **filters: Any) -> Iterator[models.CampaignImage]:
        """Yield its images, by the filters of `list_campaign_images`, such as `state=("labeled", "empty")`."""
        return self._api.walk(f"{self._path}/images", "images", **{"after": 0, **filters})

    def objects(self, **filters: Any) -> Iterator[models.LabeledImage]:
        """Yield its images with their objects, by the filters of `list_campaign_objects`."""
        return self._api.walk(f"{self._path}/objects", "images", **{"after": 0, **filters})

    def boxes(self, **filters: Any) -> Iterator[dict[str, Any]]:
        """Yield a flat row for each box, and one without a label for each image without boxes: see `labelapi.tables`."""
        from labelapi.tables import box_rows

        return box_rows(self.objects(**filters))

    def submissions(self, **filters: Any) -> Iterator[models.Submission]:
        """Yield the submissions to it, newest first."""
        return self._api.walk(f"{self._path}/submissions", "submissions", **{"after": 0, **filters})

    def statistics(self, as_of: str | None = None) -> models.Statistics:
        """Return its counts."""
        return self._api.get_campaign_statistics(self.campaign_id, as_of=as_of)


class ImageSets:
    """The image sets, by id or title: `api.image_sets["drone-12"]`."""

    def __init__(self, api: LabelAPI) -> None:
        self._api = api

    def __iter__(self) -> Iterator[models.ImageSet]:
        return self.list()

    def __getitem__(self, name: str | int) -> ImageSet:
        return ImageSet(self._api, self.find(name))

    def list(self, **filters: Any) -> Iterator[models.ImageSet]:
        """Yield the image sets that fit the filters of `list_image_sets`."""
        return self._api.walk("/image_sets", "image_sets", **{"after": 0, **filters})

    def titled(self, title: str) -> models.ImageSet | None:
        """Return the image set with this title, or None."""
        return next((each for each in self.list(title=title) if each["title"] == title), None)

    def find(self, name: str | int) -> int:
        """Return the id of an image set by its id or title; `title:12` is the title 12. Raises NotFound."""
        text = str(name).strip()
        if text.isdigit():
            return int(text)
        title = text[len("title:") :] if text.startswith("title:") else text
        found = self.titled(title)
        if found is None:
            raise NotFound(f"There is no image set '{title}'.", "labelapi image-sets list")
        return found["imageset_id"]


class ImageSet:
    """One image set."""

    def __init__(self, api: LabelAPI, imageset_id: int) -> None:
        self._api = api
        self.imageset_id = imageset_id
        self._path = f"/image_sets/{in_path(imageset_id)}"

    def read(self) -> models.ImageSet:
        """Return what the service knows of it now."""
        return self._api.get_image_set(self.imageset_id)

    def images(self, **filters: Any) -> Iterator[models.Image]:
        """Yield its images, by the filters of `list_image_set_images`."""
        return self._api.walk(f"{self._path}/images", "images", **{"after": 0, **filters})

    def uploads(self) -> Iterator[models.Upload]:
        """Yield the files in its dropbox, by name."""
        return self._api.walk(f"{self._path}/uploads", "uploads", per_page=5000)

    def problems(self) -> Iterator[models.ImageSetProblem]:
        """Yield its open problems."""
        return self._api.walk(f"{self._path}/problems", "problems", after=0)
