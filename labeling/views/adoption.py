"""A transform that exists at Glue already is added: pick it, look at its rows, say what one is."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from labeling.exceptions import LabelportalError, TransformTakenError
from labeling.forms.transforms import AddTransformForm
from labeling.models import Transform
from labeling.permissions import can_manage_transforms
from labeling.services.adoption import adopt_transform, glue_transform, glue_transforms, preview_of
from labeling.views.access import posted, signed_in, team_access
from labeling.views.contexts import trade_off_words
from labeling.views.picking import render_pick
from labeling.views.refusals import redirect_saying_why


@require_GET
def glue_transform_list(request: HttpRequest) -> HttpResponse:
    """The transforms that Glue has and the portal has not."""
    membership = team_access(request, can_manage_transforms)
    return render_pick(
        request,
        membership,
        "labeling/transforms/at_glue.html",
        ask=lambda team: glue_transforms(team=team),
        words=lambda one: f"{one.seen.name} {one.table_name}",
    )


@require_http_methods(["GET", "POST"])
def transform_adopt(request: HttpRequest, glue_transform_id: str) -> HttpResponse:
    """Second step over a transform of Glue's: what the portal does not know is what one row is."""
    membership = team_access(request, can_manage_transforms)
    form = AddTransformForm(posted(request))
    try:
        found = glue_transform(team=membership.team, glue_transform_id=glue_transform_id)
        preview = preview_of(found=found)
        if form.is_valid():
            transform = adopt_transform(
                team=membership.team, user=signed_in(request), found=found, thing=form.cleaned_data["thing"]
            )
            return _added(request, transform)
    except LabelportalError as error:
        ours = Transform.objects.filter(team=membership.team, glue_transform_id=glue_transform_id).first()
        if ours is not None and isinstance(error, TransformTakenError):  # pressed twice
            return redirect("labeling:transform-detail", ours.pk)
        return redirect_saying_why(request, error, "labeling:glue-transform-list")
    context = {
        "area": "transforms",
        "membership": membership,
        "form": form,
        "found": found,
        "preview": preview,
        "trade_offs": trade_off_words(
            {
                "precision_recall": found.seen.parameters.precision_recall,
                "accuracy_cost": found.seen.parameters.accuracy_cost,
            }
        ),
    }
    return render(request, "labeling/transforms/adopt.html", context, status=422 if form.errors else 200)


def _added(request: HttpRequest, transform: Transform) -> HttpResponse:
    text = _("%(name)s has been added. Its earlier runs come into the history within a minute.")
    if transform.label_count:
        text = _(
            "%(name)s has been added. Its labels are being exported, so that the portal knows them, and its earlier runs come into the history within a minute."
        )
    messages.success(request, text % {"name": transform.name})
    return redirect("labeling:transform-detail", transform.pk)
