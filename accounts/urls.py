"""Sign-in, sign-out, passwords, and what a person sets for themselves."""

from __future__ import annotations

from django.contrib.auth import views as auth_views
from django.urls import path

from accounts import token_views, views

app_name = "accounts"

urlpatterns = [
    path("", views.account, name="account"),
    path("login/", views.SignIn.as_view(), name="login"),
    path("oidc/", views.oidc_start, name="oidc-start"),
    path("oidc/callback/", views.oidc_callback, name="oidc-callback"),
    path("logout/", auth_views.LogoutView.as_view(), name="logout"),
    path("password/", views.PasswordChange.as_view(), name="password-change"),
    path("password/forgotten/", views.PasswordForgotten.as_view(), name="password-forgotten"),
    path("password/<uidb64>/<token>/", views.PasswordSet.as_view(), name="password-set"),
    path("tokens/", token_views.token_list, name="token-list"),
    path("tokens/<uuid:token_id>/revoke/", token_views.token_revoke, name="token-revoke"),
    path("theme/", views.set_theme, name="theme"),
    path("teams/<uuid:team_id>/switch/", views.switch_team, name="team-switch"),
]
