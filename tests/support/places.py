"""Which tests a place alone tells about: ``conftest`` marks them by it, and ``suites`` reads no files of which a run would take nothing."""

from __future__ import annotations

# What pages, API and commands make of what services and selectors give.
PAGES = (
    "labeling/views/",
    "labeling/api/",
    "accounts/test_person_command.py",
    "accounts/test_single_sign_on.py",
    "accounts/test_views.py",
    "localglue/test_fuzz.py",
)
# What rests on how a database locks, commits and alters tables is tested on both.
LOCKS = (
    "faults/test_fault_table.py",
    "labeling/services/test_chains.py",
    "labeling/test_migrations.py",
    "localglue/",
)
# What needs real servers, and a browser before them.
SERVED = ("contract/", "e2e/")
# Whose tests share nothing that is slow to make: each goes to the process that is free, so that none is left with a long module when the other is done.
SINGLY = ("e2e/", "faults/test_fault_table.py")
