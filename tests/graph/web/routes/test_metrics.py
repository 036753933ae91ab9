"""The metrics need a token if one is configured."""

import pytest
from pydantic import SecretStr

from tests.support.web_client import web_client


class OneCounter:
    """Metrics of one counter (port `MetricsPage`)."""

    def exposition(self, accepted: str) -> tuple[bytes, str]:
        return b"turns 1\n", "text/plain"


@pytest.mark.parametrize(
    ("configured", "sent", "status"),
    [(None, "", 200), ("s3cret", "s3cret", 200), ("s3cret", "other", 401), ("s3cret", "", 401)],
)
async def test_the_metrics_need_the_configured_token(configured: str | None, sent: str, status: int) -> None:
    token = SecretStr(configured) if configured else None
    async with web_client(sent, metrics=OneCounter(), metrics_token=token) as client:
        response = await client.get("/metrics")
    assert response.status_code == status
    assert (response.content == b"turns 1\n") == (status == 200)
