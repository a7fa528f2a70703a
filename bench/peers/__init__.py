"""Other tools at the same work. These scripts run in an environment of their own (``make install-peers``)."""
