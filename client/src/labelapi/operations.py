"""One method for each operation of the service.

Written by `client/generate.py` from the OpenAPI document; do not edit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from labelapi.transport import Transport, in_path

if TYPE_CHECKING:
    from labelapi.models import (
        ApiKey,
        ApiKeyPage,
        ApiKeyRotation,
        AuditPage,
        Campaign,
        CampaignChange,
        CampaignImagePage,
        CampaignPage,
        CampaignStatusChange,
        CampaignWithAddition,
        CreatedApiKey,
        CreatedCampaign,
        CreatedImageSet,
        CreatedSessionKey,
        DatasetList,
        DifferencePage,
        DraftPage,
        DropboxUrl,
        Export,
        ExportList,
        FinishedImageSet,
        ImageChange,
        ImageChangeItem,
        ImageChangeReceipt,
        ImageDetails,
        ImageHistoryPage,
        ImagePage,
        ImagePlaces,
        ImageReference,
        ImageSelection,
        ImageSet,
        ImageSetChange,
        ImageSetPage,
        ImageSetProblemPage,
        ImageSetStatusChange,
        Import,
        ImportPage,
        ImportStatusChange,
        ImportWithLink,
        Job,
        JobPage,
        KeptQuery,
        KeptQueryPage,
        LabeledImagePage,
        LabeledSnapshotImagePage,
        LabelsOfImage,
        NewApiKey,
        NewCampaign,
        NewDraft,
        NewExport,
        NewImageSet,
        NewMember,
        NewReview,
        NewSessionKey,
        NewSnapshot,
        NewUser,
        NewWithdrawal,
        Object,
        OwnKeyRotation,
        ProblemNames,
        QueryChange,
        Relabel,
        Relabeling,
        ReopenedImageSet,
        Restoration,
        RestoreRequest,
        RoleGrant,
        SessionKey,
        Snapshot,
        SnapshotDifferencePage,
        SnapshotImagePage,
        SnapshotPage,
        SnapshotPreview,
        Statistics,
        Submission,
        SubmissionPage,
        UploadPage,
        User,
        UserChange,
        UserPage,
        Whoami,
    )


class Operations:
    """The operations of the service by their `operationId`."""

    def __init__(self, transport: Transport) -> None:
        self.transport = transport

    def list_image_sets(
        self,
        *,
        page: int | None = None,
        per_page: int | None = None,
        after: int | None = None,
        status: Literal["created", "finished"] | None = None,
        title: str | None = None,
    ) -> ImageSetPage:
        """List image sets."""
        answer: ImageSetPage = self.transport.answer_of(
            "GET",
            "/image_sets",
            query={
                "page": page,
                "per_page": per_page,
                "after": after,
                "status": status,
                "title": title,
            },
        )
        return answer

    def create_image_set(
        self,
        body: NewImageSet,
        *,
        idempotency_key: str | None = None,
    ) -> CreatedImageSet:
        """Create an image set."""
        answer: CreatedImageSet = self.transport.answer_of(
            "POST",
            "/image_sets",
            body=body,
            idempotency_key=idempotency_key,
        )
        return answer

    def get_image_set(
        self,
        imageset_id: int,
    ) -> ImageSet:
        """Get an image set."""
        answer: ImageSet = self.transport.answer_of("GET", f"/image_sets/{in_path(imageset_id)}")
        return answer

    def update_image_set_status(
        self,
        imageset_id: int,
        body: ImageSetStatusChange,
        *,
        if_match: str | None = None,
        idempotency_key: str | None = None,
    ) -> FinishedImageSet | ReopenedImageSet:
        """Finish an image set, or open it again."""
        answer: FinishedImageSet | ReopenedImageSet = self.transport.answer_of(
            "PUT",
            f"/image_sets/{in_path(imageset_id)}",
            headers={
                "If-Match": if_match,
                "Prefer": "return=representation",
            },
            body=body,
            idempotency_key=idempotency_key,
        )
        return answer

    def update_image_set(
        self,
        imageset_id: int,
        body: ImageSetChange,
        *,
        if_match: str | None = None,
        idempotency_key: str | None = None,
    ) -> ImageSet:
        """Change an image set."""
        answer: ImageSet = self.transport.answer_of(
            "PATCH",
            f"/image_sets/{in_path(imageset_id)}",
            headers={
                "If-Match": if_match,
            },
            body=body,
            idempotency_key=idempotency_key,
        )
        return answer

    def delete_image_set(
        self,
        imageset_id: int,
        *,
        if_match: str | None = None,
        idempotency_key: str | None = None,
    ) -> ImageSet:
        """Delete an image set."""
        answer: ImageSet = self.transport.answer_of(
            "DELETE",
            f"/image_sets/{in_path(imageset_id)}",
            headers={
                "If-Match": if_match,
            },
            idempotency_key=idempotency_key,
        )
        return answer

    def create_dropbox_url(
        self,
        imageset_id: int,
        *,
        revoke: bool | None = None,
        idempotency_key: str | None = None,
    ) -> DropboxUrl:
        """Create an upload link."""
        answer: DropboxUrl = self.transport.answer_of(
            "POST",
            f"/image_sets/{in_path(imageset_id)}/dropbox_url",
            query={
                "revoke": revoke,
            },
            idempotency_key=idempotency_key,
        )
        return answer

    def list_uploads(
        self,
        imageset_id: int,
        *,
        per_page: int | None = None,
        cursor: str | None = None,
    ) -> UploadPage:
        """List the files in the dropbox."""
        answer: UploadPage = self.transport.answer_of(
            "GET",
            f"/image_sets/{in_path(imageset_id)}/uploads",
            query={
                "per_page": per_page,
                "cursor": cursor,
            },
        )
        return answer

    def list_image_set_images(
        self,
        imageset_id: int,
        *,
        page: int | None = None,
        per_page: int | None = None,
        after: int | None = None,
        campaign: int | None = None,
        labeled: bool | None = None,
        taken_from: str | None = None,
        taken_to: str | None = None,
        type: str | None = None,
        filetype: str | None = None,
        bbox: Sequence[float] | None = None,
        withdrawn: bool | None = None,
        expand: Sequence[Literal["download_url", "thumbnail_url", "preview_url"]] | None = None,
    ) -> ImagePage:
        """List the images of a set."""
        answer: ImagePage = self.transport.answer_of(
            "GET",
            f"/image_sets/{in_path(imageset_id)}/images",
            query={
                "page": page,
                "per_page": per_page,
                "after": after,
                "campaign": campaign,
                "labeled": labeled,
                "taken_from": taken_from,
                "taken_to": taken_to,
                "type": type,
                "filetype": filetype,
                "bbox": bbox,
                "withdrawn": withdrawn,
                "expand": expand,
            },
        )
        return answer

    def add_image_set_images(
        self,
        imageset_id: int,
        body: list[ImageReference],
        *,
        idempotency_key: str | None = None,
    ) -> ImageSet:
        """Add existing images to a set."""
        answer: ImageSet = self.transport.answer_of(
            "POST",
            f"/image_sets/{in_path(imageset_id)}/images",
            headers={
                "Prefer": "return=representation",
            },
            body=body,
            idempotency_key=idempotency_key,
        )
        return answer

    def list_problems(
        self,
        imageset_id: int,
        *,
        page: int | None = None,
        per_page: int | None = None,
        after: int | None = None,
    ) -> ImageSetProblemPage:
        """List the problems of an image set."""
        answer: ImageSetProblemPage = self.transport.answer_of(
            "GET",
            f"/image_sets/{in_path(imageset_id)}/problems",
            query={
                "page": page,
                "per_page": per_page,
                "after": after,
            },
        )
        return answer

    def retry_problems(
        self,
        imageset_id: int,
        body: ProblemNames | None = None,
        *,
        idempotency_key: str | None = None,
    ) -> ImageSet:
        """Retry files with problems."""
        answer: ImageSet = self.transport.answer_of(
            "POST",
            f"/image_sets/{in_path(imageset_id)}/problems/retry",
            headers={
                "Prefer": "return=representation",
            },
            body=body,
            idempotency_key=idempotency_key,
        )
        return answer

    def drop_problems(
        self,
        imageset_id: int,
        body: ProblemNames | None = None,
        *,
        idempotency_key: str | None = None,
    ) -> ImageSet:
        """Drop files with problems."""
        answer: ImageSet = self.transport.answer_of(
            "POST",
            f"/image_sets/{in_path(imageset_id)}/problems/drop",
            headers={
                "Prefer": "return=representation",
            },
            body=body,
            idempotency_key=idempotency_key,
        )
        return answer

    def list_images(
        self,
        *,
        page: int | None = None,
        per_page: int | None = None,
        after: int | None = None,
        image_set: int | None = None,
        campaign: int | None = None,
        labeled: bool | None = None,
        state: Sequence[Literal["unlabeled", "labeled", "empty", "unusable"]] | None = None,
        review: Sequence[Literal["accepted", "rejected", "none"]] | None = None,
        label: str | None = None,
        min_objects: int | None = None,
        max_objects: int | None = None,
        taken_from: str | None = None,
        taken_to: str | None = None,
        taken: str | None = None,
        type: str | None = None,
        filetype: str | None = None,
        bbox: Sequence[float] | None = None,
        near: Sequence[float] | None = None,
        path: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        sha256: str | None = None,
        duplicate_of: int | None = None,
        distance: int | None = None,
        withdrawn: bool | None = None,
        sort: Literal["id", "date_taken", "-date_taken"] | None = None,
        cursor: str | None = None,
        expand: Sequence[Literal["download_url", "thumbnail_url", "preview_url"]] | None = None,
    ) -> ImagePage:
        """List images."""
        answer: ImagePage = self.transport.answer_of(
            "GET",
            "/images",
            query={
                "page": page,
                "per_page": per_page,
                "after": after,
                "image_set": image_set,
                "campaign": campaign,
                "labeled": labeled,
                "state": state,
                "review": review,
                "label": label,
                "min_objects": min_objects,
                "max_objects": max_objects,
                "taken_from": taken_from,
                "taken_to": taken_to,
                "taken": taken,
                "type": type,
                "filetype": filetype,
                "bbox": bbox,
                "near": near,
                "path": path,
                "metadata": metadata,
                "sha256": sha256,
                "duplicate_of": duplicate_of,
                "distance": distance,
                "withdrawn": withdrawn,
                "sort": sort,
                "cursor": cursor,
                "expand": expand,
            },
        )
        return answer

    def update_images(
        self,
        body: list[ImageChangeItem],
        *,
        idempotency_key: str | None = None,
    ) -> ImageChangeReceipt:
        """Change many images."""
        answer: ImageChangeReceipt = self.transport.answer_of(
            "PATCH",
            "/images",
            body=body,
            idempotency_key=idempotency_key,
        )
        return answer

    def count_image_places(
        self,
        *,
        cells: int | None = None,
        image_set: int | None = None,
        campaign: int | None = None,
        labeled: bool | None = None,
        state: Sequence[Literal["unlabeled", "labeled", "empty", "unusable"]] | None = None,
        review: Sequence[Literal["accepted", "rejected", "none"]] | None = None,
        label: str | None = None,
        min_objects: int | None = None,
        max_objects: int | None = None,
        taken_from: str | None = None,
        taken_to: str | None = None,
        taken: str | None = None,
        type: str | None = None,
        filetype: str | None = None,
        bbox: Sequence[float] | None = None,
        near: Sequence[float] | None = None,
        path: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        sha256: str | None = None,
        duplicate_of: int | None = None,
        distance: int | None = None,
        withdrawn: bool | None = None,
    ) -> ImagePlaces:
        """Count images by place."""
        answer: ImagePlaces = self.transport.answer_of(
            "GET",
            "/images/places",
            query={
                "cells": cells,
                "image_set": image_set,
                "campaign": campaign,
                "labeled": labeled,
                "state": state,
                "review": review,
                "label": label,
                "min_objects": min_objects,
                "max_objects": max_objects,
                "taken_from": taken_from,
                "taken_to": taken_to,
                "taken": taken,
                "type": type,
                "filetype": filetype,
                "bbox": bbox,
                "near": near,
                "path": path,
                "metadata": metadata,
                "sha256": sha256,
                "duplicate_of": duplicate_of,
                "distance": distance,
                "withdrawn": withdrawn,
            },
        )
        return answer

    def get_image(
        self,
        image_id: int,
    ) -> str:
        """Fetch an image's file."""
        answer: str = self.transport.location_of("GET", f"/images/{in_path(image_id)}")
        return answer

    def update_image(
        self,
        image_id: int,
        body: ImageChange,
        *,
        idempotency_key: str | None = None,
    ) -> ImageDetails:
        """Change an image."""
        answer: ImageDetails = self.transport.answer_of(
            "PATCH",
            f"/images/{in_path(image_id)}",
            body=body,
            idempotency_key=idempotency_key,
        )
        return answer

    def get_image_details(
        self,
        image_id: int,
    ) -> ImageDetails:
        """Get an image with its links."""
        answer: ImageDetails = self.transport.answer_of("GET", f"/images/{in_path(image_id)}/details")
        return answer

    def get_image_preview(
        self,
        image_id: int,
        *,
        campaign: int | None = None,
        width: int | None = None,
    ) -> bytes:
        """Get a preview of an image."""
        answer: bytes = self.transport.content_of(
            "GET",
            f"/images/{in_path(image_id)}/preview",
            query={
                "campaign": campaign,
                "width": width,
            },
        )
        return answer

    def withdraw_image(
        self,
        image_id: int,
        body: NewWithdrawal,
        *,
        idempotency_key: str | None = None,
    ) -> ImageDetails:
        """Withdraw an image."""
        answer: ImageDetails = self.transport.answer_of(
            "POST",
            f"/images/{in_path(image_id)}/withdraw",
            body=body,
            idempotency_key=idempotency_key,
        )
        return answer

    def list_image_objects(
        self,
        image_id: int,
        *,
        campaigns: Sequence[int] | None = None,
        as_of: str | None = None,
    ) -> list[Object]:
        """List the objects of an image."""
        answer: list[Object] = self.transport.answer_of(
            "GET",
            f"/images/{in_path(image_id)}/objects",
            query={
                "campaigns": campaigns,
                "as_of": as_of,
            },
        )
        return answer

    def list_image_history(
        self,
        image_id: int,
        *,
        page: int | None = None,
        per_page: int | None = None,
        after: int | None = None,
    ) -> ImageHistoryPage:
        """List the history of an image."""
        answer: ImageHistoryPage = self.transport.answer_of(
            "GET",
            f"/images/{in_path(image_id)}/history",
            query={
                "page": page,
                "per_page": per_page,
                "after": after,
            },
        )
        return answer

    def list_queries(
        self,
        *,
        page: int | None = None,
        per_page: int | None = None,
        after: int | None = None,
    ) -> KeptQueryPage:
        """List kept queries."""
        answer: KeptQueryPage = self.transport.answer_of(
            "GET",
            "/queries",
            query={
                "page": page,
                "per_page": per_page,
                "after": after,
            },
        )
        return answer

    def get_query(
        self,
        name: str,
    ) -> KeptQuery:
        """Get a kept query."""
        answer: KeptQuery = self.transport.answer_of("GET", f"/queries/{in_path(name)}")
        return answer

    def put_query(
        self,
        name: str,
        body: QueryChange,
        *,
        idempotency_key: str | None = None,
    ) -> KeptQuery:
        """Keep a query."""
        answer: KeptQuery = self.transport.answer_of(
            "PUT",
            f"/queries/{in_path(name)}",
            body=body,
            idempotency_key=idempotency_key,
        )
        return answer

    def delete_query(
        self,
        name: str,
        *,
        idempotency_key: str | None = None,
    ) -> KeptQuery:
        """Delete a kept query."""
        answer: KeptQuery = self.transport.answer_of(
            "DELETE",
            f"/queries/{in_path(name)}",
            idempotency_key=idempotency_key,
        )
        return answer

    def list_campaigns(
        self,
        *,
        page: int | None = None,
        per_page: int | None = None,
        after: int | None = None,
        status: Literal["created", "active", "completed", "finished"] | None = None,
        title: str | None = None,
        kind: Literal["people", "model", "any"] | None = None,
        archived: bool | None = None,
    ) -> CampaignPage:
        """List campaigns."""
        answer: CampaignPage = self.transport.answer_of(
            "GET",
            "/campaigns",
            query={
                "page": page,
                "per_page": per_page,
                "after": after,
                "status": status,
                "title": title,
                "kind": kind,
                "archived": archived,
            },
        )
        return answer

    def create_campaign(
        self,
        body: NewCampaign,
        *,
        idempotency_key: str | None = None,
    ) -> CreatedCampaign:
        """Create a campaign."""
        answer: CreatedCampaign = self.transport.answer_of(
            "POST",
            "/campaigns",
            body=body,
            idempotency_key=idempotency_key,
        )
        return answer

    def get_campaign(
        self,
        campaign_id: int,
    ) -> Campaign:
        """Get a campaign."""
        answer: Campaign = self.transport.answer_of("GET", f"/campaigns/{in_path(campaign_id)}")
        return answer

    def update_campaign_status(
        self,
        campaign_id: int,
        body: CampaignStatusChange,
        *,
        if_match: str | None = None,
        idempotency_key: str | None = None,
    ) -> Campaign:
        """Change the status of a campaign."""
        answer: Campaign = self.transport.answer_of(
            "PUT",
            f"/campaigns/{in_path(campaign_id)}",
            headers={
                "If-Match": if_match,
                "Prefer": "return=representation",
            },
            body=body,
            idempotency_key=idempotency_key,
        )
        return answer

    def update_campaign(
        self,
        campaign_id: int,
        body: CampaignChange,
        *,
        if_match: str | None = None,
        idempotency_key: str | None = None,
    ) -> Campaign:
        """Change a campaign."""
        answer: Campaign = self.transport.answer_of(
            "PATCH",
            f"/campaigns/{in_path(campaign_id)}",
            headers={
                "If-Match": if_match,
            },
            body=body,
            idempotency_key=idempotency_key,
        )
        return answer

    def delete_campaign(
        self,
        campaign_id: int,
        *,
        if_match: str | None = None,
        idempotency_key: str | None = None,
    ) -> Campaign:
        """Delete a campaign."""
        answer: Campaign = self.transport.answer_of(
            "DELETE",
            f"/campaigns/{in_path(campaign_id)}",
            headers={
                "If-Match": if_match,
            },
            idempotency_key=idempotency_key,
        )
        return answer

    def list_campaign_images(
        self,
        campaign_id: int,
        *,
        page: int | None = None,
        per_page: int | None = None,
        after: int | None = None,
        labeled: bool | None = None,
        state: Sequence[Literal["unlabeled", "labeled", "empty", "unusable"]] | None = None,
        review: Sequence[Literal["accepted", "rejected", "none"]] | None = None,
        as_of: str | None = None,
        expand: Sequence[Literal["download_url", "thumbnail_url", "preview_url"]] | None = None,
    ) -> CampaignImagePage:
        """List the images of a campaign."""
        answer: CampaignImagePage = self.transport.answer_of(
            "GET",
            f"/campaigns/{in_path(campaign_id)}/images",
            query={
                "page": page,
                "per_page": per_page,
                "after": after,
                "labeled": labeled,
                "state": state,
                "review": review,
                "as_of": as_of,
                "expand": expand,
            },
        )
        return answer

    def add_campaign_images(
        self,
        campaign_id: int,
        body: list[ImageSelection],
        *,
        idempotency_key: str | None = None,
    ) -> CampaignWithAddition:
        """Add images to a campaign."""
        answer: CampaignWithAddition = self.transport.answer_of(
            "POST",
            f"/campaigns/{in_path(campaign_id)}/images",
            headers={
                "Prefer": "return=representation",
            },
            body=body,
            idempotency_key=idempotency_key,
        )
        return answer

    def remove_campaign_images(
        self,
        campaign_id: int,
        body: list[ImageReference],
        *,
        idempotency_key: str | None = None,
    ) -> Campaign:
        """Remove images from a campaign."""
        answer: Campaign = self.transport.answer_of(
            "POST",
            f"/campaigns/{in_path(campaign_id)}/images/remove",
            headers={
                "Prefer": "return=representation",
            },
            body=body,
            idempotency_key=idempotency_key,
        )
        return answer

    def remove_campaign_image(
        self,
        campaign_id: int,
        image_id: int,
        *,
        idempotency_key: str | None = None,
    ) -> Campaign:
        """Remove one image from a campaign."""
        answer: Campaign = self.transport.answer_of(
            "DELETE",
            f"/campaigns/{in_path(campaign_id)}/images/{in_path(image_id)}",
            idempotency_key=idempotency_key,
        )
        return answer

    def list_campaign_objects(
        self,
        campaign_id: int,
        *,
        page: int | None = None,
        per_page: int | None = None,
        after: int | None = None,
        labeled: bool | None = None,
        state: Sequence[Literal["unlabeled", "labeled", "empty", "unusable"]] | None = None,
        review: Sequence[Literal["accepted", "rejected", "none"]] | None = None,
        as_of: str | None = None,
    ) -> LabeledImagePage:
        """List the objects of a campaign."""
        answer: LabeledImagePage = self.transport.answer_of(
            "GET",
            f"/campaigns/{in_path(campaign_id)}/objects",
            query={
                "page": page,
                "per_page": per_page,
                "after": after,
                "labeled": labeled,
                "state": state,
                "review": review,
                "as_of": as_of,
            },
        )
        return answer

    def put_campaign_objects(
        self,
        campaign_id: int,
        body: list[LabelsOfImage],
        *,
        tool: str | None = None,
        note: str | None = None,
        idempotency_key: str | None = None,
    ) -> Submission:
        """Submit objects."""
        answer: Submission = self.transport.answer_of(
            "PUT",
            f"/campaigns/{in_path(campaign_id)}/objects",
            query={
                "tool": tool,
                "note": note,
            },
            headers={
                "Prefer": "return=representation",
            },
            body=body,
            idempotency_key=idempotency_key,
        )
        return answer

    def add_labeler(
        self,
        campaign_id: int,
        body: NewMember,
        *,
        idempotency_key: str | None = None,
    ) -> CreatedCampaign:
        """Add a labeler."""
        answer: CreatedCampaign = self.transport.answer_of(
            "POST",
            f"/campaigns/{in_path(campaign_id)}/labelers",
            body=body,
            idempotency_key=idempotency_key,
        )
        return answer

    def remove_labeler(
        self,
        campaign_id: int,
        user_id: int,
        *,
        idempotency_key: str | None = None,
    ) -> Campaign:
        """Remove a labeler."""
        answer: Campaign = self.transport.answer_of(
            "DELETE",
            f"/campaigns/{in_path(campaign_id)}/labelers/{in_path(user_id)}",
            idempotency_key=idempotency_key,
        )
        return answer

    def add_reviewer(
        self,
        campaign_id: int,
        body: NewMember,
        *,
        idempotency_key: str | None = None,
    ) -> CreatedCampaign:
        """Add a reviewer."""
        answer: CreatedCampaign = self.transport.answer_of(
            "POST",
            f"/campaigns/{in_path(campaign_id)}/reviewers",
            body=body,
            idempotency_key=idempotency_key,
        )
        return answer

    def remove_reviewer(
        self,
        campaign_id: int,
        user_id: int,
        *,
        idempotency_key: str | None = None,
    ) -> Campaign:
        """Remove a reviewer."""
        answer: Campaign = self.transport.answer_of(
            "DELETE",
            f"/campaigns/{in_path(campaign_id)}/reviewers/{in_path(user_id)}",
            idempotency_key=idempotency_key,
        )
        return answer

    def put_reviews(
        self,
        campaign_id: int,
        body: list[NewReview],
        *,
        reopen: bool | None = None,
        idempotency_key: str | None = None,
    ) -> Campaign:
        """Review images."""
        answer: Campaign = self.transport.answer_of(
            "PUT",
            f"/campaigns/{in_path(campaign_id)}/reviews",
            query={
                "reopen": reopen,
            },
            headers={
                "Prefer": "return=representation",
            },
            body=body,
            idempotency_key=idempotency_key,
        )
        return answer

    def list_drafts(
        self,
        campaign_id: int,
        *,
        page: int | None = None,
        per_page: int | None = None,
        user: str | None = None,
        image: int | None = None,
    ) -> DraftPage:
        """List drafts."""
        answer: DraftPage = self.transport.answer_of(
            "GET",
            f"/campaigns/{in_path(campaign_id)}/drafts",
            query={
                "page": page,
                "per_page": per_page,
                "user": user,
                "image": image,
            },
        )
        return answer

    def put_drafts(
        self,
        campaign_id: int,
        body: list[NewDraft],
        *,
        idempotency_key: str | None = None,
    ) -> Literal["ok"]:
        """Keep drafts."""
        answer: Literal["ok"] = self.transport.answer_of(
            "PUT",
            f"/campaigns/{in_path(campaign_id)}/drafts",
            body=body,
            idempotency_key=idempotency_key,
        )
        return answer

    def list_campaign_submissions(
        self,
        campaign_id: int,
        *,
        page: int | None = None,
        per_page: int | None = None,
        after: int | None = None,
        user: str | None = None,
        key: int | None = None,
        from_: str | None = None,
        to: str | None = None,
    ) -> SubmissionPage:
        """List the submissions to a campaign."""
        answer: SubmissionPage = self.transport.answer_of(
            "GET",
            f"/campaigns/{in_path(campaign_id)}/submissions",
            query={
                "page": page,
                "per_page": per_page,
                "after": after,
                "user": user,
                "key": key,
                "from": from_,
                "to": to,
            },
        )
        return answer

    def list_campaign_differences(
        self,
        campaign_id: int,
        *,
        page: int | None = None,
        per_page: int | None = None,
        after: int | None = None,
        from_: str | None = None,
        to: str | None = None,
    ) -> DifferencePage:
        """Compare the labels of two moments."""
        answer: DifferencePage = self.transport.answer_of(
            "GET",
            f"/campaigns/{in_path(campaign_id)}/diff",
            query={
                "page": page,
                "per_page": per_page,
                "after": after,
                "from": from_,
                "to": to,
            },
        )
        return answer

    def restore_campaign(
        self,
        campaign_id: int,
        body: RestoreRequest,
        *,
        tool: str | None = None,
        note: str | None = None,
        idempotency_key: str | None = None,
    ) -> Restoration:
        """Restore earlier labels."""
        answer: Restoration = self.transport.answer_of(
            "POST",
            f"/campaigns/{in_path(campaign_id)}/restore",
            query={
                "tool": tool,
                "note": note,
            },
            body=body,
            idempotency_key=idempotency_key,
        )
        return answer

    def list_imports(
        self,
        campaign_id: int,
        *,
        page: int | None = None,
        per_page: int | None = None,
        after: int | None = None,
    ) -> ImportPage:
        """List the imports of a campaign."""
        answer: ImportPage = self.transport.answer_of(
            "GET",
            f"/campaigns/{in_path(campaign_id)}/imports",
            query={
                "page": page,
                "per_page": per_page,
                "after": after,
            },
        )
        return answer

    def create_import(
        self,
        campaign_id: int,
        body: Any | None = None,
        *,
        format: str,
        mode: Literal["replace", "append"] | None = None,
        match: Literal["auto", "id", "path", "name"] | None = None,
        on_invalid: Literal["reject", "clip"] | None = None,
        origin: Literal["auto", "0", "1"] | None = None,
        skip_unknown: bool | None = None,
        ignore_size: bool | None = None,
        dry_run: bool | None = None,
        upload: Literal["link"] | None = None,
        tool: str | None = None,
        note: str | None = None,
        idempotency_key: str | None = None,
    ) -> ImportWithLink | Import:
        """Import a label file."""
        answer: ImportWithLink | Import = self.transport.answer_of(
            "POST",
            f"/campaigns/{in_path(campaign_id)}/imports",
            query={
                "format": format,
                "mode": mode,
                "match": match,
                "on_invalid": on_invalid,
                "origin": origin,
                "skip_unknown": skip_unknown,
                "ignore_size": ignore_size,
                "dry_run": dry_run,
                "upload": upload,
                "tool": tool,
                "note": note,
            },
            content=body,
            idempotency_key=idempotency_key,
        )
        return answer

    def get_import(
        self,
        import_id: int,
    ) -> Import:
        """Get an import."""
        answer: Import = self.transport.answer_of("GET", f"/imports/{in_path(import_id)}")
        return answer

    def update_import_status(
        self,
        import_id: int,
        body: ImportStatusChange,
        *,
        idempotency_key: str | None = None,
    ) -> Import:
        """Report that the file is uploaded."""
        answer: Import = self.transport.answer_of(
            "PUT",
            f"/imports/{in_path(import_id)}",
            headers={
                "Prefer": "return=representation",
            },
            body=body,
            idempotency_key=idempotency_key,
        )
        return answer

    def get_submission(
        self,
        submission_id: int,
    ) -> Submission:
        """Get a submission."""
        answer: Submission = self.transport.answer_of("GET", f"/submissions/{in_path(submission_id)}")
        return answer

    def list_campaign_datasets(
        self,
        campaign_id: int,
    ) -> DatasetList:
        """List the published datasets."""
        answer: DatasetList = self.transport.answer_of("GET", f"/campaigns/{in_path(campaign_id)}/datasets")
        return answer

    def relabel_campaign(
        self,
        campaign_id: int,
        body: Relabel,
        *,
        tool: str | None = None,
        note: str | None = None,
        idempotency_key: str | None = None,
    ) -> Relabeling:
        """Replace labels."""
        answer: Relabeling = self.transport.answer_of(
            "POST",
            f"/campaigns/{in_path(campaign_id)}/relabel",
            query={
                "tool": tool,
                "note": note,
            },
            body=body,
            idempotency_key=idempotency_key,
        )
        return answer

    def get_campaign_statistics(
        self,
        campaign_id: int,
        *,
        as_of: str | None = None,
    ) -> Statistics:
        """Count the labels of a campaign."""
        answer: Statistics = self.transport.answer_of(
            "GET",
            f"/campaigns/{in_path(campaign_id)}/statistics",
            query={
                "as_of": as_of,
            },
        )
        return answer

    def get_statistics(
        self,
        *,
        campaigns: Sequence[int] | None = None,
        image_set: int | None = None,
    ) -> Statistics:
        """Count the labels of several campaigns or of an image set."""
        answer: Statistics = self.transport.answer_of(
            "GET",
            "/statistics",
            query={
                "campaigns": campaigns,
                "image_set": image_set,
            },
        )
        return answer

    def list_snapshots(
        self,
        *,
        page: int | None = None,
        per_page: int | None = None,
        after: int | None = None,
        name: str | None = None,
        kind: Literal["snapshot", "campaign"] | None = None,
        state: Literal["pending", "ready", "failed"] | None = None,
    ) -> SnapshotPage:
        """List snapshots."""
        answer: SnapshotPage = self.transport.answer_of(
            "GET",
            "/snapshots",
            query={
                "page": page,
                "per_page": per_page,
                "after": after,
                "name": name,
                "kind": kind,
                "state": state,
            },
        )
        return answer

    def create_snapshot(
        self,
        body: NewSnapshot,
        *,
        idempotency_key: str | None = None,
    ) -> SnapshotPreview | Snapshot:
        """Make a snapshot."""
        answer: SnapshotPreview | Snapshot = self.transport.answer_of(
            "POST",
            "/snapshots",
            body=body,
            idempotency_key=idempotency_key,
        )
        return answer

    def get_snapshot(
        self,
        snapshot_id: int,
    ) -> Snapshot:
        """Get a snapshot."""
        answer: Snapshot = self.transport.answer_of("GET", f"/snapshots/{in_path(snapshot_id)}")
        return answer

    def list_snapshot_images(
        self,
        snapshot_id: int,
        *,
        page: int | None = None,
        per_page: int | None = None,
        after: int | None = None,
        state: Sequence[Literal["labeled", "empty", "unusable", "unlabeled", "draft"]] | None = None,
        split: Literal["train", "val", "test"] | None = None,
        expand: Sequence[Literal["download_url", "thumbnail_url", "preview_url"]] | None = None,
    ) -> SnapshotImagePage:
        """List the images of a snapshot."""
        answer: SnapshotImagePage = self.transport.answer_of(
            "GET",
            f"/snapshots/{in_path(snapshot_id)}/images",
            query={
                "page": page,
                "per_page": per_page,
                "after": after,
                "state": state,
                "split": split,
                "expand": expand,
            },
        )
        return answer

    def list_snapshot_objects(
        self,
        snapshot_id: int,
        *,
        page: int | None = None,
        per_page: int | None = None,
        after: int | None = None,
        state: Sequence[Literal["labeled", "empty", "unusable", "unlabeled", "draft"]] | None = None,
        split: Literal["train", "val", "test"] | None = None,
    ) -> LabeledSnapshotImagePage:
        """List the objects of a snapshot."""
        answer: LabeledSnapshotImagePage = self.transport.answer_of(
            "GET",
            f"/snapshots/{in_path(snapshot_id)}/objects",
            query={
                "page": page,
                "per_page": per_page,
                "after": after,
                "state": state,
                "split": split,
            },
        )
        return answer

    def list_snapshot_differences(
        self,
        snapshot_id: int,
        *,
        page: int | None = None,
        per_page: int | None = None,
        after: int | None = None,
        from_: int,
    ) -> SnapshotDifferencePage:
        """Compare two snapshots."""
        answer: SnapshotDifferencePage = self.transport.answer_of(
            "GET",
            f"/snapshots/{in_path(snapshot_id)}/diff",
            query={
                "page": page,
                "per_page": per_page,
                "after": after,
                "from": from_,
            },
        )
        return answer

    def list_exports(
        self,
        snapshot_id: int,
    ) -> ExportList:
        """List the exports of a snapshot."""
        answer: ExportList = self.transport.answer_of("GET", f"/snapshots/{in_path(snapshot_id)}/exports")
        return answer

    def create_export(
        self,
        snapshot_id: int,
        body: NewExport,
        *,
        idempotency_key: str | None = None,
    ) -> Export:
        """Export a snapshot."""
        answer: Export = self.transport.answer_of(
            "POST",
            f"/snapshots/{in_path(snapshot_id)}/exports",
            body=body,
            idempotency_key=idempotency_key,
        )
        return answer

    def get_export(
        self,
        export_id: int,
    ) -> Export:
        """Get an export."""
        answer: Export = self.transport.answer_of("GET", f"/exports/{in_path(export_id)}")
        return answer

    def list_jobs(
        self,
        *,
        page: int | None = None,
        per_page: int | None = None,
        after: int | None = None,
        state: Sequence[Literal["queued", "running", "succeeded", "failed", "cancelled"]] | None = None,
        kind: str | None = None,
    ) -> JobPage:
        """List jobs."""
        answer: JobPage = self.transport.answer_of(
            "GET",
            "/jobs",
            query={
                "page": page,
                "per_page": per_page,
                "after": after,
                "state": state,
                "kind": kind,
            },
        )
        return answer

    def get_job(
        self,
        job_id: int,
    ) -> Job:
        """Get a job."""
        answer: Job = self.transport.answer_of("GET", f"/jobs/{in_path(job_id)}")
        return answer

    def retry_job(
        self,
        job_id: int,
        *,
        idempotency_key: str | None = None,
    ) -> Job:
        """Retry a failed job."""
        answer: Job = self.transport.answer_of(
            "POST",
            f"/jobs/{in_path(job_id)}/retry",
            headers={
                "Prefer": "return=representation",
            },
            idempotency_key=idempotency_key,
        )
        return answer

    def cancel_job(
        self,
        job_id: int,
        *,
        idempotency_key: str | None = None,
    ) -> Job:
        """Cancel a job."""
        answer: Job = self.transport.answer_of(
            "POST",
            f"/jobs/{in_path(job_id)}/cancel",
            headers={
                "Prefer": "return=representation",
            },
            idempotency_key=idempotency_key,
        )
        return answer

    def list_users(
        self,
        *,
        page: int | None = None,
        per_page: int | None = None,
        after: int | None = None,
    ) -> UserPage:
        """List users."""
        answer: UserPage = self.transport.answer_of(
            "GET",
            "/users",
            query={
                "page": page,
                "per_page": per_page,
                "after": after,
            },
        )
        return answer

    def create_user(
        self,
        body: NewUser,
        *,
        idempotency_key: str | None = None,
    ) -> User:
        """Create a user."""
        answer: User = self.transport.answer_of(
            "POST",
            "/users",
            body=body,
            idempotency_key=idempotency_key,
        )
        return answer

    def get_user(
        self,
        user_id: int,
    ) -> User:
        """Get a user."""
        answer: User = self.transport.answer_of("GET", f"/users/{in_path(user_id)}")
        return answer

    def update_user(
        self,
        user_id: int,
        body: UserChange,
        *,
        idempotency_key: str | None = None,
    ) -> User:
        """Enable or disable a user."""
        answer: User = self.transport.answer_of(
            "PATCH",
            f"/users/{in_path(user_id)}",
            body=body,
            idempotency_key=idempotency_key,
        )
        return answer

    def grant_role(
        self,
        user_id: int,
        body: RoleGrant,
        *,
        idempotency_key: str | None = None,
    ) -> User:
        """Grant a role."""
        answer: User = self.transport.answer_of(
            "POST",
            f"/users/{in_path(user_id)}/roles",
            body=body,
            idempotency_key=idempotency_key,
        )
        return answer

    def revoke_role(
        self,
        user_id: int,
        role_id: int,
        *,
        idempotency_key: str | None = None,
    ) -> User:
        """Revoke a role."""
        answer: User = self.transport.answer_of(
            "DELETE",
            f"/users/{in_path(user_id)}/roles/{in_path(role_id)}",
            idempotency_key=idempotency_key,
        )
        return answer

    def list_api_keys(
        self,
        user_id: int,
        *,
        page: int | None = None,
        per_page: int | None = None,
        after: int | None = None,
    ) -> ApiKeyPage:
        """List the keys of a user."""
        answer: ApiKeyPage = self.transport.answer_of(
            "GET",
            f"/users/{in_path(user_id)}/api_keys",
            query={
                "page": page,
                "per_page": per_page,
                "after": after,
            },
        )
        return answer

    def create_api_key(
        self,
        user_id: int,
        body: NewApiKey,
        *,
        idempotency_key: str | None = None,
    ) -> CreatedApiKey:
        """Create a key."""
        answer: CreatedApiKey = self.transport.answer_of(
            "POST",
            f"/users/{in_path(user_id)}/api_keys",
            body=body,
            idempotency_key=idempotency_key,
        )
        return answer

    def revoke_api_key(
        self,
        user_id: int,
        key_id: int,
        *,
        idempotency_key: str | None = None,
    ) -> ApiKey:
        """Revoke a key."""
        answer: ApiKey = self.transport.answer_of(
            "DELETE",
            f"/users/{in_path(user_id)}/api_keys/{in_path(key_id)}",
            idempotency_key=idempotency_key,
        )
        return answer

    def rotate_api_key(
        self,
        user_id: int,
        key_id: int,
        body: ApiKeyRotation,
        *,
        idempotency_key: str | None = None,
    ) -> CreatedApiKey:
        """Rotate a key."""
        answer: CreatedApiKey = self.transport.answer_of(
            "POST",
            f"/users/{in_path(user_id)}/api_keys/{in_path(key_id)}/rotate",
            body=body,
            idempotency_key=idempotency_key,
        )
        return answer

    def list_audit(
        self,
        *,
        page: int | None = None,
        per_page: int | None = None,
        after: int | None = None,
        user: str | None = None,
        action: str | None = None,
        subject_type: Literal["user", "api_key", "image_set", "campaign", "image", "job"] | None = None,
        subject_id: int | None = None,
        from_: str | None = None,
        to: str | None = None,
    ) -> AuditPage:
        """List who changed what."""
        answer: AuditPage = self.transport.answer_of(
            "GET",
            "/audit",
            query={
                "page": page,
                "per_page": per_page,
                "after": after,
                "user": user,
                "action": action,
                "subject_type": subject_type,
                "subject_id": subject_id,
                "from": from_,
                "to": to,
            },
        )
        return answer

    def create_session_key(
        self,
        body: NewSessionKey,
        *,
        idempotency_key: str | None = None,
    ) -> CreatedSessionKey:
        """Create a session key."""
        answer: CreatedSessionKey = self.transport.answer_of(
            "POST",
            "/session_keys",
            body=body,
            idempotency_key=idempotency_key,
        )
        return answer

    def end_session_key(
        self,
        *,
        idempotency_key: str | None = None,
    ) -> SessionKey:
        """End the session key."""
        answer: SessionKey = self.transport.answer_of(
            "DELETE",
            "/session_keys/current",
            idempotency_key=idempotency_key,
        )
        return answer

    def get_whoami(self) -> Whoami:
        """Get the account of this key."""
        answer: Whoami = self.transport.answer_of("GET", "/whoami")
        return answer

    def rotate_own_key(
        self,
        body: OwnKeyRotation | None = None,
        *,
        idempotency_key: str | None = None,
    ) -> CreatedApiKey:
        """Rotate the caller's own key."""
        answer: CreatedApiKey = self.transport.answer_of(
            "POST",
            "/whoami/keys/rotate",
            body=body,
            idempotency_key=idempotency_key,
        )
        return answer
