"""Label files: what there is, its bytes, and labels that were made elsewhere."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, StreamingHttpResponse
from ninja import File, Router, Status, UploadedFile

from labeling.api.access import label_file_for, person, transform_for
from labeling.api.errors import REFUSALS, places
from labeling.api.paging import After, Limit, Page, page_of
from labeling.api.run_schemas import KeptLabelsOut, LabelFileOut, files
from labeling.choices import LabelFileKind
from labeling.permissions import can_import, can_see_runs
from labeling.responses import attachment
from labeling.selectors.label_files import label_files_of
from labeling.services.brought_labels import take_labels
from labeling.services.downloads import label_file_download

router = Router(tags=["Label files"])


@router.get("/transforms/{uuid:transform_id}/label-files", response={200: Page[LabelFileOut], **REFUSALS})
def label_file_list(
    request: HttpRequest,
    transform_id: UUID,
    kind: LabelFileKind | None = None,
    after: After = 0,
    limit: Limit = 100,
) -> Page[LabelFileOut]:
    """The label files of a transform, newest first."""
    kept = label_files_of(transform=transform_for(request, transform_id, can_see_runs))
    found, following = page_of(kept.filter(kind=kind) if kind else kept, after, limit)
    return Page[LabelFileOut](items=[LabelFileOut.of(file) for file in found], next=following)


@router.get("/label-files/{uuid:label_file_id}", response={200: LabelFileOut, **REFUSALS})
def label_file_detail(request: HttpRequest, label_file_id: UUID) -> LabelFileOut:
    """One label file."""
    return LabelFileOut.of(label_file_for(request, label_file_id, can_see_runs))


@router.get(
    "/label-files/{uuid:label_file_id}/content", response={200: None, **REFUSALS}, openapi_extra=files("text/csv")
)
def label_file_content(request: HttpRequest, label_file_id: UUID) -> StreamingHttpResponse:
    """Its exact bytes, in Glue's label-file format."""
    return attachment(label_file_download(label_file=label_file_for(request, label_file_id, can_see_runs)))


@router.post(
    "/transforms/{uuid:transform_id}/label-files",
    response={201: KeptLabelsOut, **REFUSALS},
)
def label_file_upload(request: HttpRequest, transform_id: UUID, file: File[UploadedFile]) -> Status[KeptLabelsOut]:
    """Labels from elsewhere, as CSV: a label file of Glue's, or pairs of keys with whether they match. Columns are guessed by their names.

    Nothing is imported yet: start a run of kind IMPORT_LABELS with the ``label_file`` that comes back. 422 with what is wrong, line by line,
    if nothing can be learned from the file; then nothing of it is kept.
    """
    transform = transform_for(request, transform_id, can_import, writes=True)
    label_file, brought = take_labels(transform=transform, user=person(request), file=file)
    kept = KeptLabelsOut(
        label_file=LabelFileOut.of(label_file), left_out=brought.left_out, findings=places(brought.findings)
    )
    return Status(201, kept)
