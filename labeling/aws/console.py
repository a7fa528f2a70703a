"""Where the AWS console shows what Glue did; nothing of it exists where something else than AWS answers."""

from __future__ import annotations

import os
from urllib.parse import quote, urlsplit

from labeling.aws import glue
from labeling.exceptions import GlueError

# https://docs.aws.amazon.com/general/latest/gr/rande.html: the names that AWS's own and private endpoints end in.
_AWS_NAMES = (".amazonaws.com", ".amazonaws.com.cn", ".api.aws")


def is_aws() -> bool:
    """Whether it is AWS itself that Glue calls go to: only there do runs cost money and write to CloudWatch."""
    address = os.environ.get("AWS_ENDPOINT_URL_GLUE") or os.environ.get("AWS_ENDPOINT_URL") or ""
    return not address or (urlsplit(address).hostname or "").endswith(_AWS_NAMES)


def log_url(*, log_group: str, run_id: str) -> str:
    """CloudWatch's page of the run's log group, with the streams of the run looked for; empty if it is not AWS, or nobody knows which region."""
    if not is_aws():
        return ""
    try:
        region = glue.region()
    except GlueError:
        return ""
    place = f"logsV2:log-groups/log-group/{_twice(log_group)}$3FlogStreamNameFilter$3D{_twice(run_id)}"
    return f"https://{region}.console.aws.amazon.com/cloudwatch/home?region={region}#{place}"


def _twice(text: str) -> str:
    """As the console writes names into its addresses: quoted twice, with ``$`` for the outer percent sign."""
    return quote(quote(text, safe=""), safe="").replace("%", "$")
