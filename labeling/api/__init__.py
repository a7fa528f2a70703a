"""The REST API below ``/api/v1/``, for programs with an API token. ``docs/api.md`` says how it is used, ``openapi.json`` what there is."""
