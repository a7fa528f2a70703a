"""Labels of one's own: a file in any shape, looked at, kept as a label file, imported."""

from __future__ import annotations

from functools import partial
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, QueryDict
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from labelfiles import PairTable
from labeling.choices import LabelFileKind
from labeling.encodings import is_assumed
from labeling.exceptions import GlueError, InvalidLabelsError, LabelportalError
from labeling.forms.uploads import EncodingForm, MappingForm, UploadForm
from labeling.models import LabelUpload
from labeling.permissions import can_import, can_replace_all
from labeling.responses import attachment
from labeling.selectors.imports import label_uploads
from labeling.selectors.known_labels import add_effect, sets_of
from labeling.services.brought_labels import (
    MAX_UPLOAD_BYTES,
    Brought,
    brought_content,
    keep_labels,
    label_upload_file,
    look_at_labels,
    stage_labels,
)
from labeling.services.brought_tables import BroughtFormat, ColumnMapping, guess_columns, read_brought_table
from labeling.services.chains import start_import
from labeling.views.access import label_file_access, label_upload_access, signed_in, transform_access
from labeling.views.contexts import about_transform, error_text
from labeling.views.refusals import redirect_saying_why
from labeling.views.task_runs import wanted_afterwards
from labeling.views.uploads import bound_form, render_upload

_REPAIRS = {"tidy": "tidy", "split_sets": "split"}
"""What a finding can be put right with by one click, and the choice of the form that does it."""

PAGE_SIZE = 10
SHOWN = 200


@require_http_methods(["GET", "POST"])
def label_upload_list(request: HttpRequest, transform_id: UUID) -> HttpResponse:
    """Files that were brought. POST keeps one more and goes on to what would come of it."""
    transform, membership = transform_access(request, transform_id, can_import)
    make = partial(UploadForm, accept=".csv,.tsv,.txt,text/csv", max_bytes=MAX_UPLOAD_BYTES)
    form, problem = bound_form(make, request, max_bytes=MAX_UPLOAD_BYTES)
    if form.is_valid():
        try:
            upload = stage_labels(transform=transform, user=signed_in(request), file=form.cleaned_data["file"])
        except LabelportalError as error:
            form.add_error("file", error_text(error))
        else:
            return redirect("labeling:label-upload-detail", upload.pk)
    uploads = Paginator(label_uploads(transform=transform), PAGE_SIZE)
    context = about_transform(transform, membership) | {
        "form": form,
        "problem": problem,
        "page": uploads.get_page(request.GET.get("page")),
    }
    status = 422 if problem or form.errors else 200
    endings, limit = ("csv", "tsv", "txt"), MAX_UPLOAD_BYTES
    return render_upload(
        request, "labeling/brought/list.html", context, endings=endings, max_bytes=limit, status=status
    )


@require_GET
def label_upload_detail(request: HttpRequest, upload_id: UUID) -> HttpResponse:
    """What would come of a file, read as the query says or as guessed. Once kept, the file is there to import."""
    upload, membership = label_upload_access(request, upload_id, can_import)
    if upload.label_file_id:
        return redirect("labeling:label-file-import", upload.label_file_id)
    context = about_transform(upload.transform, membership) | {
        "upload": upload,
    }
    try:
        content, table, mapping = _read(upload, request.GET)
        context |= _choices(upload, table, mapping)
        context |= _findings(look_at_labels(transform=upload.transform, table=table, mapping=mapping, content=content))
    except LabelportalError as error:
        if "table" not in context and "encoding" in request.GET:  # not this one: look at the file as it was read before
            return redirect_saying_why(request, error, "labeling:label-upload-detail", upload.pk)
        context["error"] = error_text(error)
    return render(request, "labeling/brought/detail.html", context)


@require_POST
def label_upload_keep(request: HttpRequest, upload_id: UUID) -> HttpResponse:
    """Write the label file, read as it was on the page."""
    upload, _membership = label_upload_access(request, upload_id, can_import)
    try:
        content, table, mapping = _read(upload, request.POST)
        brought = look_at_labels(transform=upload.transform, table=table, mapping=mapping, content=content)
        label_file = keep_labels(upload=upload, brought=brought, user=signed_in(request))
    except LabelportalError as error:
        return redirect_saying_why(request, error, "labeling:label-upload-detail", upload.pk)
    return redirect("labeling:label-file-import", label_file.pk)


@require_GET
def label_upload_original(request: HttpRequest, upload_id: UUID) -> HttpResponseBase:
    """The file as it came."""
    upload, _membership = label_upload_access(request, upload_id, can_import)
    try:
        return attachment(label_upload_file(upload=upload))
    except GlueError as error:
        return redirect_saying_why(request, error, "labeling:label-upload-list", upload.transform_id)


@require_http_methods(["GET", "POST"])
def label_file_import(request: HttpRequest, label_file_id: UUID) -> HttpResponse:
    """A brought file, ready to be imported: to add it or to replace all labels by it. Further parts follow the first by themselves."""
    label_file, membership = label_file_access(request, label_file_id, can_import)
    if label_file.kind != LabelFileKind.UPLOADED or label_file.follows_id:
        raise Http404
    transform = label_file.transform
    problem = ""
    afterwards = wanted_afterwards(request)
    if request.method == "POST":
        try:
            run = start_import(
                transform=transform, user=signed_in(request), label_file=label_file, afterwards=afterwards
            )
        except LabelportalError as error:
            problem = error_text(error)
        else:
            return redirect("labeling:run-detail", run.pk)
    context = about_transform(transform, membership) | {
        "label_file": label_file,
        "afterwards": afterwards,
        "upload": LabelUpload.objects.get(label_file=label_file),
        "runs": list(label_file.task_runs.select_related("requested_by").order_by("-created_at")[:5]),
        "problem": problem,
        "effect": add_effect(transform=transform, sets=sets) if (sets := sets_of(label_file)) else None,
        "may_replace": can_replace_all(membership),
    }
    return render(request, "labeling/brought/import.html", context, status=422 if problem else 200)


def _read(upload: LabelUpload, wanted: QueryDict) -> tuple[bytes, PairTable, ColumnMapping]:
    """The bytes, the table and how it is to be read; what is not chosen, or fits no longer since the first line is read otherwise, is guessed."""
    content = brought_content(upload=upload)
    has_header = {"yes": True, "no": False}.get(wanted.get("header", ""))
    encoding = wanted.get("encoding", "")
    table = read_brought_table(content, has_header=has_header, encoding=encoding if is_assumed(encoding) else "")
    if "kind" not in wanted:
        return content, table, guess_columns(table, transform=upload.transform)
    form = MappingForm(wanted, columns=table.columns)
    if form.is_valid():
        return content, table, form.mapping
    kind = wanted["kind"]
    if kind not in list(BroughtFormat):
        raise InvalidLabelsError(_("Choose whether the file holds labeling sets or pairs."))
    return content, table, guess_columns(table, transform=upload.transform, kind=BroughtFormat(kind))


def _choices(upload: LabelUpload, table: PairTable, mapping: ColumnMapping) -> dict[str, Any]:
    guesses = {str(kind): guess_columns(table, transform=upload.transform, kind=kind) for kind in BroughtFormat}
    form = MappingForm.shows(mapping, guesses, table)
    chosen = _as_fields(form)
    taken = {name for name, _value in chosen}
    return {
        "table": table,
        "mapping": mapping,
        "form": form,
        "encoding_form": EncodingForm.shows(table.encoding),
        "chosen": chosen,
        "reading": urlencode(chosen),
        "repairs": {repair: name for repair, name in _REPAIRS.items() if name not in taken},
    }


def _as_fields(form: MappingForm) -> list[tuple[str, str]]:
    """Names and values that, sent back, mean the same mapping."""
    return [(name, "on" if value is True else str(value)) for name, value in form.initial.items() if value]


def _findings(brought: Brought) -> dict[str, Any]:
    errors = sum(problem.severity == "error" for problem in brought.findings)
    return {
        "brought": brought,
        "errors": errors,
        "warnings": len(brought.findings) - errors,
        "findings": brought.findings[:SHOWN],
        "more_findings": max(0, len(brought.findings) - SHOWN),
    }
