"""A newer file for the table of a transform: upload, look at what would change, put it in place."""

from __future__ import annotations

from functools import partial
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from labeling.exceptions import LabelportalError
from labeling.forms.uploads import TABLE_KINDS, EncodingForm, UploadForm
from labeling.models import SourceFile
from labeling.permissions import can_manage_transforms
from labeling.services.sources import staged_preview
from labeling.services.table_versions import compare_rows, replace_rows, stage_rows, transforms_over
from labeling.views.access import signed_in, transform_access
from labeling.views.contexts import about_transform, error_text
from labeling.views.uploads import bound_form, read_again, render_upload


@require_http_methods(["GET", "POST"])
def table_upload(request: HttpRequest, transform_id: UUID) -> HttpResponse:
    """First step: the file. It is checked and kept; the table stays as it is."""
    transform, membership = transform_access(request, transform_id, can_manage_transforms)
    limit = settings.MAX_SOURCE_BYTES
    form, problem = bound_form(partial(UploadForm, accept=TABLE_KINDS, max_bytes=limit), request, max_bytes=limit)
    if form.is_valid():
        try:
            source = stage_rows(transform=transform, user=signed_in(request), file=form.cleaned_data["file"])
        except LabelportalError as error:
            form.add_error("file", error_text(error))
        else:
            return redirect("labeling:table-replace", transform.pk, source.pk)
    context = about_transform(transform, membership) | {
        "form": form,
        "problem": problem,
    }
    status = 422 if problem or form.errors else 200
    template = "labeling/transforms/rows_upload.html"
    return render_upload(request, template, context, endings=("csv", "parquet"), max_bytes=limit, status=status)


@require_http_methods(["GET", "POST"])
def table_replace(request: HttpRequest, transform_id: UUID, source_id: UUID) -> HttpResponse:
    """Second step: what would change, and the change."""
    transform, membership = transform_access(request, transform_id, can_manage_transforms)
    source = get_object_or_404(SourceFile, pk=source_id, team=transform.team)
    if source == transform.source_file:  # sent twice, or come back to
        return redirect("labeling:transform-detail", transform.pk)
    if "encoding" in request.POST:
        user = signed_in(request)
        source = read_again(
            request,
            source,
            lambda file, encoding: stage_rows(transform=transform, user=user, file=file, encoding=encoding),
        )
        return redirect("labeling:table-replace", transform.pk, source.pk)
    context = about_transform(transform, membership) | {"source": source}
    try:
        if request.method == "POST":
            replace_rows(transform=transform, user=signed_in(request), source=source)
            messages.success(request, _("The table has its new rows. Apply the transform to have them matched."))
            return redirect("labeling:transform-detail", transform.pk)
        context["change"] = compare_rows(transform=transform, source=source)
    except LabelportalError as error:
        context["problem"] = error_text(error)
    context["preview"] = staged_preview(source=source)
    context["encoding_form"] = EncodingForm.shows(source.assumed_encoding)
    context["others"] = transforms_over(transform=transform).exclude(pk=transform.pk)
    template = "labeling/transforms/rows_replace.html"
    return render(request, template, context, status=422 if "problem" in context else 200)
