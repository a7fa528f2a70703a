"""Transforms: list, create, look at, change."""

from __future__ import annotations

import re
from functools import partial
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from labeling.exceptions import LabelportalError
from labeling.forms.transforms import TransformEditForm, TransformForm
from labeling.forms.uploads import TABLE_KINDS, EncodingForm, UploadForm
from labeling.models import SourceFile
from labeling.permissions import can_manage_transforms
from labeling.selectors.transforms import archived_transforms, transform_overviews
from labeling.services.archive import archive_transform, bring_back_transform
from labeling.services.catalog import CatalogTable, catalog_table, catalog_tables
from labeling.services.sources import SourcePreview, preview_table, stage_source, staged_preview
from labeling.services.transforms import create_transform, update_transform
from labeling.views.access import posted, signed_in, team_access, transform_access
from labeling.views.contexts import about_transform, error_text, transform_context
from labeling.views.picking import render_pick
from labeling.views.refusals import redirect_saying_why
from labeling.views.uploads import bound_form, read_again, render_upload


@require_GET
def transform_list(request: HttpRequest) -> HttpResponse:
    """All transforms of the team and how far each is."""
    membership = team_access(request)
    context = {
        "area": "transforms",
        "membership": membership,
        "overviews": transform_overviews(team=membership.team),
        "archived": archived_transforms(team=membership.team),
    }
    return render(request, "labeling/transforms/list.html", context)


@require_http_methods(["GET", "POST"])
def transform_create(request: HttpRequest) -> HttpResponse:
    """First step: where do the rows come from? A file is checked, stored, and not uploaded twice."""
    membership = team_access(request, can_manage_transforms)
    limit = settings.MAX_SOURCE_BYTES
    advice = _("Put it into the catalog and pick the table.")
    make = partial(UploadForm, accept=TABLE_KINDS, max_bytes=limit, advice=advice)
    form, problem = bound_form(make, request, max_bytes=limit)
    if form.is_valid():
        try:
            source = stage_source(team=membership.team, user=signed_in(request), file=form.cleaned_data["file"])
        except LabelportalError as error:
            form.add_error("file", error_text(error))
        else:
            return redirect("labeling:transform-create-from-file", source.pk)
    context = {"area": "transforms", "membership": membership, "form": form, "problem": problem}
    status = 422 if problem or form.errors else 200
    template = "labeling/transforms/new.html"
    return render_upload(request, template, context, endings=("csv", "parquet"), max_bytes=limit, status=status)


@require_GET
def catalog_table_list(request: HttpRequest) -> HttpResponse:
    """The tables that Glue's catalog knows."""
    membership = team_access(request, can_manage_transforms)
    return render_pick(
        request,
        membership,
        "labeling/transforms/catalog.html",
        ask=lambda team: catalog_tables(team=team),
        words=lambda table: table.full_name,
    )


@require_http_methods(["GET", "POST"])
def transform_create_from_file(request: HttpRequest, source_id: UUID) -> HttpResponse:
    """Second step over an uploaded file."""
    membership = team_access(request, can_manage_transforms)
    source = get_object_or_404(SourceFile, pk=source_id, team=membership.team)
    if "encoding" in request.POST:
        team, user = membership.team, signed_in(request)
        source = read_again(
            request,
            source,
            lambda file, encoding: stage_source(team=team, user=user, file=file, encoding=encoding),
        )
        return redirect("labeling:transform-create-from-file", source.pk)
    return _second_step(request, source, staged_preview(source=source), source.name)


@require_http_methods(["GET", "POST"])
def transform_create_from_table(request: HttpRequest) -> HttpResponse:
    """Second step over a catalog table, with ``?database=…&table=…``: Glue's names may have slashes, or be nothing but dots."""
    membership = team_access(request, can_manage_transforms)
    database, table = request.GET.get("database"), request.GET.get("table")
    if not (database and table):
        return redirect("labeling:catalog-table-list")
    try:
        source = catalog_table(team=membership.team, database=database, table=table)
        preview = preview_table(table=source)
    except LabelportalError as error:
        return redirect_saying_why(request, error, "labeling:catalog-table-list")
    return _second_step(request, source, preview, source.full_name)


def _second_step(
    request: HttpRequest, source: SourceFile | CatalogTable, preview: SourcePreview, source_name: str
) -> HttpResponse:
    membership = team_access(request, can_manage_transforms)
    initial = {
        "name": name_guess(source_name),
        "primary_key": preview.suggested_key,
        "precision_recall": 0.5,
        "accuracy_cost": 0.5,
    }
    form = TransformForm(posted(request), initial=initial, key_candidates=preview.key_candidates)
    if form.is_valid():
        try:
            transform = create_transform(
                team=membership.team, user=signed_in(request), source=source, preview=preview, **form.cleaned_data
            )
        except LabelportalError as error:
            form.add_error(None, error_text(error))
        else:
            messages.success(
                request, _("%(name)s has been created. Generate its first questions.") % {"name": transform}
            )
            return redirect("labeling:transform-detail", transform.pk)
    context = {
        "area": "transforms",
        "membership": membership,
        "form": form,
        "preview": preview,
        "encoding_form": EncodingForm.shows(preview.assumed_encoding),
        "source_name": source_name,
    }
    return render(request, "labeling/transforms/new_details.html", context, status=422 if form.errors else 200)


def name_guess(source_name: str) -> str:
    """``crm_people-2024.csv`` or ``sales.crm_people`` → ``Crm people 2024``: a first name for the transform, to be typed over."""
    stem = re.sub(r"\.(csv|parquet|pq)$", "", source_name, flags=re.IGNORECASE)
    return re.sub(r"[\W_]+", " ", stem.rsplit(".", 1)[-1]).strip().capitalize()


@require_GET
def transform_detail(request: HttpRequest, transform_id: UUID) -> HttpResponse:
    """Where the transform stands and what to do next."""
    transform, membership = transform_access(request, transform_id)
    return render(request, "labeling/transforms/detail.html", transform_context(transform, membership))


@require_http_methods(["GET", "POST"])
def transform_edit(request: HttpRequest, transform_id: UUID) -> HttpResponse:
    """Change the names and the trade-offs."""
    transform, membership = transform_access(request, transform_id, can_manage_transforms)
    initial = {name: getattr(transform, name) for name in TransformEditForm.base_fields}
    form = TransformEditForm(posted(request), initial=initial)
    if form.is_valid():
        try:
            update_transform(transform=transform, user=signed_in(request), **form.cleaned_data)
        except LabelportalError as error:
            form.add_error(None, error_text(error))
        else:
            messages.success(request, _("The transform has been saved."))
            return redirect("labeling:transform-detail", transform.pk)
    context = about_transform(transform, membership) | {"form": form}
    return render(request, "labeling/transforms/edit.html", context, status=422 if form.errors else 200)


@require_POST
def transform_archive(request: HttpRequest, transform_id: UUID) -> HttpResponse:
    """Put the transform aside."""
    transform, _membership = transform_access(request, transform_id, can_manage_transforms)
    try:
        archive_transform(transform=transform, user=signed_in(request))
    except LabelportalError as error:
        return redirect_saying_why(request, error, "labeling:transform-edit", transform.pk)
    messages.success(request, _("“%(name)s” has been archived.") % {"name": transform.name})
    return redirect("labeling:transform-list")


@require_POST
def transform_bring_back(request: HttpRequest, transform_id: UUID) -> HttpResponse:
    """Work with an archived transform again."""
    transform, _membership = transform_access(request, transform_id, can_manage_transforms)
    bring_back_transform(transform=transform, user=signed_in(request))
    messages.success(request, _("“%(name)s” has been brought back.") % {"name": transform.name})
    return redirect("labeling:transform-detail", transform.pk)
