"""Authentication by bearer token, as a dependency of each route."""

from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from graph.errors import Unauthenticated
from graph.web.service import ServiceDep

bearer_scheme = HTTPBearer(auto_error=False, description="A Supabase token, or one of `make token`.")


async def authenticate(
    request: Request,
    credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(bearer_scheme)],
    service: ServiceDep,
) -> str:
    """Verify the request's bearer token and return the user's id.

    Raises:
        Unauthenticated: the request has no valid token, or more than one Authorization header.
    """
    if credentials is None or len(request.headers.getlist("authorization")) != 1:
        raise Unauthenticated
    return await service.verifier.verify(credentials.credentials)


UserId = Annotated[str, Depends(authenticate)]
