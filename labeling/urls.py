"""Addresses of the labeling pages: a nested list per object."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, include, path
from django.views.decorators.cache import cache_control
from django.views.i18n import JavaScriptCatalog

from labeling.views import (
    adjudication,
    adoption,
    agreement,
    answers,
    audit,
    automation,
    brought_labels,
    comments,
    disagreement,
    explanations,
    guidelines,
    home,
    label_files,
    matches,
    members,
    notifications,
    people,
    preferences,
    quality,
    question_sets,
    replacements,
    reports,
    run_history,
    second_look,
    spreadsheets,
    steward,
    table_versions,
    task_runs,
    transforms,
    webhooks,
    withdrawals,
    work,
)

app_name = "labeling"

transform_urls = [
    path("", transforms.transform_detail, name="transform-detail"),
    path("edit/", transforms.transform_edit, name="transform-edit"),
    path("question-sets/", question_sets.question_set_list, name="question-set-list"),
    path("labeling-settings/", question_sets.labeling_settings, name="labeling-settings"),
    path("disputed/", adjudication.adjudication_list, name="adjudication-list"),
    path("disputed/next/", adjudication.adjudication_next, name="adjudication-next"),
    path("answers/", answers.answer_list, name="answer-list"),
    path("answers/withdraw/", withdrawals.answers_withdraw, name="answers-withdraw"),
    path("guidelines/", guidelines.guidelines, name="guidelines"),
    path("guidelines/examples/<uuid:example_id>/remove/", guidelines.example_remove, name="example-remove"),
    path("agreement/", agreement.agreement, name="agreement"),
    path("quality/", quality.quality, name="quality"),
    path("quality/disagreement/", disagreement.disagreement, name="disagreement"),
    path("quality/<slug:table>.csv", quality.quality_download, name="quality-download"),
    path("contradictions/", agreement.contradictions, name="contradictions"),
    path("second-look/", second_look.second_look, name="second-look"),
    path("questions/next/", steward.question_next, name="question-next"),
    path("questions/generate/", task_runs.question_generate, name="question-generate"),
    path("rows/", table_versions.table_upload, name="table-upload"),
    path("rows/<uuid:source_id>/", table_versions.table_replace, name="table-replace"),
    path("archive/", transforms.transform_archive, name="transform-archive"),
    path("bring-back/", transforms.transform_bring_back, name="transform-bring-back"),
    path("columns/", preferences.columns_save, name="columns-save"),
    path("spreadsheets/", spreadsheets.sheet_list, name="sheet-list"),
    path("spreadsheets/questions.<slug:kind>", spreadsheets.sheet_download, name="sheet-download"),
    path("import/", task_runs.import_create, name="import-create"),
    path("label-files/", label_files.label_file_list, name="label-file-list"),
    path("replace/", replacements.answers_replace, name="answers-replace"),
    path("import/labels/", brought_labels.label_upload_list, name="label-upload-list"),
    path("automation/", automation.automation, name="automation"),
    path("chains/<uuid:chain_id>/stop/", automation.chain_stop, name="chain-stop"),
    path("evaluate/", task_runs.evaluation_create, name="evaluation-create"),
    path("export/", task_runs.export_create, name="export-create"),
    path("apply/", task_runs.apply_create, name="apply-create"),
    path("matches/", matches.matches, name="matches"),
    path("matches/ask/", matches.matches_ask, name="matches-ask"),
    path("matches/<int:result_id>/groups/<uuid:group_id>/why/", explanations.group_why, name="group-why"),
    path("matches/<int:result_id>/found/<path:match_id>/why/", explanations.found_why, name="found-why"),
]

new_transform_urls = [
    path("", transforms.transform_create, name="transform-create"),
    path("catalog/", transforms.catalog_table_list, name="catalog-table-list"),
    path("file/<uuid:source_id>/", transforms.transform_create_from_file, name="transform-create-from-file"),
    path("table/", transforms.transform_create_from_table, name="transform-create-from-table"),
    path("at-glue/", adoption.glue_transform_list, name="glue-transform-list"),
    path("at-glue/<str:glue_transform_id>/", adoption.transform_adopt, name="transform-adopt"),
]

question_set_urls = [
    path("", question_sets.question_set_detail, name="question-set-detail"),
    path("edit/", question_sets.question_set_edit, name="question-set-edit"),
    path("assign/", question_sets.question_set_assign, name="question-set-assign"),
    path("clear/", question_sets.question_set_clear, name="question-set-clear"),
]

question_urls = [
    path("", steward.question_detail, name="question-detail"),
    path("draft/", steward.question_draft, name="question-draft"),
    path("submit/", steward.question_submit, name="question-submit"),
    path("skip/", steward.question_skip, name="question-skip"),
    path("release/", steward.question_release, name="question-release"),
    path("reopen/", steward.question_reopen, name="question-reopen"),
    path("panel/", comments.panel, name="question-panel"),
    path("panel/comment/", comments.panel_comment, name="panel-comment"),
    path("panel/comments/<uuid:comment_id>/resolve/", comments.panel_resolve, name="panel-resolve"),
    path("history/", answers.question_history, name="question-history"),
    path("why/<int:first>/<int:second>/", explanations.question_why, name="question-why"),
    path("ask-again/", disagreement.question_ask_again, name="question-ask-again"),
    path("adjudicate/", adjudication.question_adjudicate, name="question-adjudicate"),
    path("adjudicate/draft/", adjudication.adjudication_draft, name="adjudication-draft"),
    path("adjudicate/submit/", adjudication.adjudication_submit, name="adjudication-submit"),
    path("adjudicate/skip/", adjudication.adjudication_skip, name="adjudication-skip"),
    path("adjudicate/reopen/", adjudication.adjudication_reopen, name="adjudication-reopen"),
    path("comments/", comments.comment_add, name="comment-add"),
    path("comments/<uuid:comment_id>/resolve/", comments.comment_resolve, name="comment-resolve"),
    path("example/", guidelines.example_add, name="example-add"),
    path("control/mark/", agreement.control_mark, name="control-mark"),
    path("control/unmark/", agreement.control_unmark, name="control-unmark"),
]

answer_urls = [
    path("reopen/", answers.answer_reopen, name="answer-reopen"),
    path("withdraw/", answers.answer_withdraw, name="answer-withdraw"),
]

sheet_urls = [
    path("", spreadsheets.sheet_detail, name="sheet-detail"),
    path("confirm/", spreadsheets.sheet_confirm, name="sheet-confirm"),
    path("file/", spreadsheets.sheet_original, name="sheet-original"),
]

label_upload_urls = [
    path("", brought_labels.label_upload_detail, name="label-upload-detail"),
    path("keep/", brought_labels.label_upload_keep, name="label-upload-keep"),
    path("file/", brought_labels.label_upload_original, name="label-upload-original"),
]

label_file_urls = [
    path("", label_files.label_file_detail, name="label-file-detail"),
    path("file/", label_files.label_file_download, name="label-file-original"),
    path("import/", brought_labels.label_file_import, name="label-file-import"),
    path("replace/", replacements.label_file_replace, name="label-file-replace"),
]

replacement_urls = [
    path("", replacements.replacement_detail, name="replacement-detail"),
    path("confirm/", replacements.replacement_confirm, name="replacement-confirm"),
    path("again/", replacements.replacement_again, name="replacement-again"),
]

person_urls = [
    path("", people.person, name="person"),
    path("role/", people.person_role, name="person-role"),
    path("details/", people.person_details, name="person-details"),
    path("link/", people.person_link, name="person-link"),
    path("deactivate/", people.person_deactivate, name="person-deactivate"),
    path("reactivate/", people.person_reactivate, name="person-reactivate"),
    path("tokens/<uuid:token_id>/revoke/", people.person_token_revoke, name="person-token-revoke"),
]

run_urls = [
    path("", task_runs.run_detail, name="run-detail"),
    path("cancel/", task_runs.run_cancel, name="run-cancel"),
    path("retry/", task_runs.run_retry, name="run-retry"),
    path("ask/", task_runs.run_ask, name="run-ask"),
    path("restore/", replacements.run_restore, name="run-restore"),
    path("label-file/", label_files.run_label_file, name="label-file-download"),
    path("result/", label_files.run_result, name="result-download"),
    path("persistent-result/", label_files.persistent_result, name="persistent-result-download"),
]

notification_urls = [
    path("", notifications.notification_list, name="notification-list"),
    path("read/", notifications.notification_read_all, name="notification-read-all"),
    path("settings/", notifications.notification_settings, name="notification-settings"),
    path("settings/mine/", notifications.notification_choices, name="notification-choices"),
    path("settings/team/", notifications.team_choices, name="team-choices"),
    path("webhooks/new/", webhooks.webhook_create, name="webhook-create"),
    path("webhooks/<uuid:webhook_id>/", webhooks.webhook_detail, name="webhook-detail"),
    path("webhooks/<uuid:webhook_id>/edit/", webhooks.webhook_edit, name="webhook-edit"),
    path("webhooks/<uuid:webhook_id>/test/", webhooks.webhook_test, name="webhook-test"),
    path("webhooks/<uuid:webhook_id>/secret/", webhooks.webhook_secret, name="webhook-secret"),
    path("webhooks/<uuid:webhook_id>/delete/", webhooks.webhook_delete, name="webhook-delete"),
    path("webhooks/<uuid:webhook_id>/again/<uuid:delivery_id>/", webhooks.delivery_again, name="delivery-again"),
    path("<uuid:notification_id>/", notifications.notification_open, name="notification-open"),
]

urlpatterns: list[URLPattern | URLResolver] = [
    path("", home.home, name="home"),
    path("texts.js", cache_control(private=True, max_age=3600)(JavaScriptCatalog.as_view()), name="javascript-catalog"),
    path("transforms/", transforms.transform_list, name="transform-list"),
    path("transforms/new/", include(new_transform_urls)),
    path("transforms/<uuid:transform_id>/", include(transform_urls)),
    path("questions/<uuid:question_id>/", include(question_urls)),
    path("question-sets/<uuid:set_id>/", include(question_set_urls)),
    path("answers/<uuid:answer_id>/", include(answer_urls)),
    path("keys/", preferences.keys_save, name="keys-save"),
    path("work/", work.work, name="work"),
    path("work/work.csv", work.work_download, name="work-download"),
    path("people/", members.people, name="people"),
    path("people/invite/", people.person_invite, name="person-invite"),
    path("people/<int:member_id>/", include(person_urls)),
    path("audit/", audit.audit_trail, name="audit-trail"),
    path("audit/audit.csv", audit.audit_download, name="audit-download"),
    path("spreadsheets/<uuid:upload_id>/", include(sheet_urls)),
    path("brought-labels/<uuid:upload_id>/", include(label_upload_urls)),
    path("label-files/<uuid:label_file_id>/", include(label_file_urls)),
    path("replacements/<uuid:replacement_id>/", include(replacement_urls)),
    path("explanations/<uuid:explanation_id>/", explanations.explanation_detail, name="explanation-detail"),
    path("report/", reports.weekly_report, name="report"),
    path("report/<slug:week>.pdf", reports.report_pdf, name="report-pdf"),
    path("report/<slug:week>.csv", reports.report_csv, name="report-csv"),
    path("notifications/", include(notification_urls)),
    path("runs/", run_history.run_list, name="run-list"),
    path("runs/runs.csv", run_history.run_download, name="run-download"),
    path("runs/views/", run_history.view_save, name="run-view-save"),
    path("runs/views/<uuid:view_id>/delete/", run_history.view_delete, name="run-view-delete"),
    path("runs/<uuid:run_id>/", include(run_urls)),
]
