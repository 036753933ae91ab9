"""The metrics of the process for a Prometheus scraper."""

from hmac import compare_digest
from typing import Annotated

from fastapi import APIRouter, Depends, Header
from fastapi.responses import Response
from fastapi.security import HTTPAuthorizationCredentials

from graph.errors import Unauthenticated
from graph.web.auth import bearer_scheme
from graph.web.service import ServiceDep

router = APIRouter()


@router.get("/metrics", include_in_schema=False)
async def metrics(
    credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(bearer_scheme)],
    service: ServiceDep,
    accept: Annotated[str, Header()] = "",
) -> Response:
    """The metrics of this process in the text format of Prometheus or of OpenMetrics.

    Raises:
        Unauthenticated: METRICS_TOKEN is set, and the request does not have it.
    """
    token = service.metrics_token
    sent = credentials.credentials if credentials else ""
    if token and not compare_digest(sent.encode(), token.get_secret_value().encode()):
        raise Unauthenticated
    text, media_type = service.metrics.exposition(accept)
    return Response(text, media_type=media_type)
