"""How people, and the workbench, hear why something is not taken."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views import defaults

from labeling.exceptions import AlreadyAnsweredError, InvalidAnswerError, NewerGroupingError, QuestionTakenError
from labeling.views.access import SomebodyElseError, is_from_workbench
from labeling.views.contexts import error_text

P = ParamSpec("P")

_CUT_OFF = "X-Workbench-Cut-Off"


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    """The page that says why not. The workbench hears in a header that somebody else is signed in, which may pass; a role that no longer
    suffices is a refusal, or what it keeps for later would hold up all that the person may still do."""
    if isinstance(exception, SomebodyElseError):
        response = defaults.permission_denied(request, exception)
        response.headers[_CUT_OFF] = "somebody-else"
        return response
    if is_from_workbench(request):
        message = _("Your role no longer allows this, so it was not saved. %(who_may)s") % {"who_may": exception}
        return JsonResponse({"code": "role", "message": message}, status=403)
    return defaults.permission_denied(request, exception)


def redirect_saying_why(request: HttpRequest, error: Exception, to: str, *args: object) -> HttpResponseRedirect:
    """To a page, by the name of its address, which says above all else what went wrong and, where known, what to do."""
    messages.error(request, error_text(error))
    return redirect(to, *args)


def says_why_as_json(view: Callable[P, HttpResponse]) -> Callable[P, HttpResponse]:
    """Refusals reach the workbench as a sentence with a code: ``taken`` is for good, ``answered`` can be reopened, ``newer`` can be gone
    back to, ``invalid`` can be mended. (``role``, also for good, is above.)"""

    @wraps(view)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        try:
            return view(*args, **kwargs)
        except AlreadyAnsweredError as error:
            return JsonResponse({"code": "answered", "message": str(error)}, status=409)
        except NewerGroupingError as error:
            return JsonResponse({"code": "newer", "message": str(error)}, status=409)
        except QuestionTakenError as error:
            return JsonResponse({"code": "taken", "message": str(error)}, status=409)
        except InvalidAnswerError as error:
            return JsonResponse({"code": "invalid", "message": str(error)}, status=422)

    return wrapped
