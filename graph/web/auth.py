"""Who calls: the bearer token of a request, as a dependency."""

from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from graph.errors import Unauthenticated
from graph.web.service import Deps

bearer = HTTPBearer(auto_error=False, description="A Supabase token, or one of `make token`.")


async def read_caller(
    request: Request, credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)], service: Deps
) -> str:
    """The caller's id.

    Raises:
        Unauthenticated: there is no valid token, or more than one Authorization header.
    """
    if credentials is None or len(request.headers.getlist("authorization")) != 1:
        raise Unauthenticated
    return await service.verifier.user_of(credentials.credentials)


Caller = Annotated[str, Depends(read_caller)]
