"""Datasets in Azure ML: what was published is registered there, images and labels each once."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.azure.ml.registry import DataPath, NewVersion, RegistrationFailed, Registry
from app.jobs.image_paths import find_image_paths
from app.jobs.progress import Checkpoint, Failed
from app.models import Dataset
from app.models.datasets import IMAGES


def register_datasets(session: Session, registry: Registry, container: str, job_id: int) -> Iterator[Checkpoint]:
    """Register what a job has published and not registered yet, and note each result as it comes.

    Whoever does this again goes on with what is left, and knows a version that was registered without being noted by its
    tags. Raises Failed with a message when Azure ML refuses, AzureMlUnavailable.
    """
    columns = (Dataset.id, Dataset.campaign_id, Dataset.job_id, Dataset.kind, Dataset.name, Dataset.path)
    unfinished = (
        select(*columns, Dataset.sha256, Dataset.image_count)
        .where(Dataset.job_id == job_id, Dataset.registration.in_(("pending", "failed")))
        .order_by(Dataset.id)
    )
    rows = session.execute(unfinished).all()
    for row in rows:
        dataset = _describe(session, container, row)
        # Azure ML may take minutes, in which no transaction stays open.
        yield Checkpoint(row.image_count)
        try:
            version = registry.register(dataset)
        except RegistrationFailed as failure:
            _note(session, row.id, registration="failed", error=str(failure))
            yield Checkpoint(row.image_count)
            raise Failed(str(failure), final=True) from failure
        _note(session, row.id, registration="registered", registered_version=version, error=None)
        yield Checkpoint(row.image_count)


def _describe(session: Session, container: str, row: Any) -> NewVersion:
    is_images = row.kind == IMAGES
    folder = row.path.rpartition("/")[0]
    title = row.name.removesuffix(f"_{row.kind}")
    return NewVersion(
        name=row.name,
        description=f"{'Images' if is_images else 'Labels'} of the campaign {title}, published by LabelAPI.",
        # The hash covers the campaign's id and the time it was finished; the job distinguishes one publication from another.
        tags={"labelapi_job": str(row.job_id), "labelapi_sha256": bytes(row.sha256).hex()},
        paths=find_image_paths(session, row.campaign_id, container, row.path) if is_images else [DataPath(row.path)],
        table_folder=f"{folder}/{title}_images" if is_images else f"{folder}/{title}",
        is_table=not is_images,
    )


def _note(session: Session, dataset_id: int, **values: Any) -> None:
    session.execute(update(Dataset).where(Dataset.id == dataset_id).values(**values))
