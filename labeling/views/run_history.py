"""The history of all runs: look back, narrow, sort, keep a view, take it along as CSV."""

from __future__ import annotations

from itertools import chain
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST
from django.views.decorators.vary import vary_on_headers

from accounts.models import Membership
from accounts.selectors import everybody_of
from labeling.exceptions import LabelportalError
from labeling.forms.run_history import RunFilterForm
from labeling.models import SavedView, TaskRun
from labeling.permissions import can_see_runs, is_admin
from labeling.responses import csv_attachment
from labeling.selectors.run_history import COUNTED, all_runs, count_runs, run_page, saved_views_for
from labeling.selectors.task_runs import label_file_of
from labeling.selectors.transforms import transforms_for_team
from labeling.services.saved_views import delete_view, save_view
from labeling.spreadsheets.cells import csv_text
from labeling.views.access import posted_text, signed_in, team_access
from labeling.views.contexts import error_text

PAGE_SIZE = 25
_PAIRS = ("matching_before", "matching_after", "non_matching_before", "non_matching_after")
_CSV_HEAD = (
    "run kind state transform started_outside requested_by requested_at ended_at took_seconds glue_seconds replace_all "
    "label_file label_file_sha256 sets rows matching_pairs non_matching_pairs labels_before labels_after "
    f"{' '.join(_PAIRS)} precision recall f1 best_f1 area_under_pr_curve glue_run_id problem error"
).split()


@require_GET
@vary_on_headers("HX-Request")
def run_list(request: HttpRequest) -> HttpResponse:
    """Every run of the team's transforms. What is shown stands in the address; htmx swaps what the filters change."""
    membership = team_access(request, can_see_runs)
    form = _form(request, membership)
    page = run_page(
        team=membership.team,
        chosen=form.chosen,
        sort=form.sorted_by,
        after=request.GET.get("after", ""),
        before=request.GET.get("before", ""),
        size=PAGE_SIZE,
    )
    context = {
        "area": "runs",
        "membership": membership,
        "form": form,
        "page": page,
        "count": count_runs(team=membership.team, chosen=form.chosen),
        "counted": COUNTED,
        "views": saved_views_for(team=membership.team, user=signed_in(request)),
    }
    if not request.htmx:  # type: ignore[attr-defined]
        return render(request, "labeling/runs/list.html", context)
    response = render(request, "labeling/runs/_history.html", context)
    response["HX-Push-Url"] = _address(form.query)
    return response


@require_GET
def run_download(request: HttpRequest) -> StreamingHttpResponse:
    """The same runs as CSV, all of them, sent while they are read."""
    membership = team_access(request, can_see_runs)
    form = _form(request, membership)
    runs = all_runs(team=membership.team, chosen=form.chosen, sort=form.sorted_by)
    return csv_attachment("runs", chain([_CSV_HEAD], map(_csv_row, runs)))


@require_POST
def view_save(request: HttpRequest) -> HttpResponseRedirect:
    """Keep what is shown under a name."""
    membership = team_access(request, can_see_runs)
    query = _form(request, membership).query
    try:
        view = save_view(
            team=membership.team,
            user=signed_in(request),
            name=posted_text(request, "name"),
            query=query,
            shared=bool(request.POST.get("shared")),
        )
    except LabelportalError as error:
        messages.error(request, error_text(error))
    else:
        messages.success(request, _("“%(name)s” has been saved.") % {"name": view.name})
    return HttpResponseRedirect(_address(query))


@require_POST
def view_delete(request: HttpRequest, view_id: UUID) -> HttpResponseRedirect:
    """Forget a view of one's own; admins also those that others share."""
    membership = team_access(request, can_see_runs)
    views = SavedView.objects.filter(team=membership.team)
    views = views.filter(shared=True) | views.filter(owner=signed_in(request))
    view = get_object_or_404(views, pk=view_id)
    if view.owner_id == signed_in(request).pk or is_admin(membership):
        delete_view(view=view)
        messages.success(request, _("“%(name)s” has been deleted.") % {"name": view.name})
    else:
        messages.error(request, _("Only %(owner)s and administrators can delete it.") % {"owner": view.owner})
    return HttpResponseRedirect(reverse("labeling:run-list"))


def _form(request: HttpRequest, membership: Membership) -> RunFilterForm:
    return RunFilterForm(
        request.POST if request.method == "POST" else request.GET,
        transforms=transforms_for_team(team=membership.team),
        members=everybody_of(team=membership.team),
        auto_id="filter-%s",
    )


def _address(query: str) -> str:
    return reverse("labeling:run-list") + (f"?{query}" if query else "")


def _csv_row(run: TaskRun) -> list[object]:
    file, measured = label_file_of(run), run.measured
    return [
        run.pk,
        run.kind,
        run.status,
        csv_text(run.transform.name),
        run.foreign,
        csv_text(run.requested_by.display_name) if run.requested_by else "",
        run.created_at.isoformat(timespec="seconds"),
        run.completed_at.isoformat(timespec="seconds") if run.completed_at else "",
        run.took_seconds if run.is_terminal else "",
        run.execution_seconds,
        run.replace_all_labels,
        *((csv_text(str(file)), file.sha256, file.sets, file.rows) if file else [""] * 4),
        *((file.matching_pairs, file.non_matching_pairs) if file else [""] * 2),
        run.labels_before,
        run.labels_after,
        *(getattr(run, name) for name in _PAIRS),
        *((measured.precision, measured.recall, measured.f1_at_trade_off) if measured else [""] * 3),
        *((measured.f1, measured.area_under_pr_curve) if measured else [""] * 2),
        run.glue_run_id,
        run.problem,
        csv_text(run.error),
    ]
