"""The files that tools made for a user."""

from urllib.parse import quote
from uuid import UUID

from fastapi import APIRouter, Response

from graph.web.auth import UserId
from graph.web.paging import Cursor, Limit, encode_cursor, parse_cursor
from graph.web.schemas import Page
from graph.web.service import ServiceDep

router = APIRouter(prefix="/api", tags=["files"])


@router.get("/files")
async def list_files(user_id: UserId, service: ServiceDep, limit: Limit = 20, cursor: Cursor = None) -> Page:
    """Your charts, reports and exports that have not expired, the newest first."""
    rows = await service.files.page(user_id, limit + 1, parse_cursor(cursor))
    more = rows[limit - 1] if len(rows) > limit else None
    place = encode_cursor(f"{more['created_at'].isoformat()} {more['id']}") if more else None
    return Page(items=rows[:limit], next_cursor=place)


@router.get(
    "/files/{file_id}",
    response_class=Response,
    responses={200: {"content": {"*/*": {"schema": {"type": "string", "format": "binary"}}}}},
)
async def read_file(file_id: UUID, user_id: UserId, service: ServiceDep) -> Response:
    """Download a file."""
    file = await service.files.read(user_id, str(file_id))
    return Response(
        file.content,
        media_type=file.media_type,
        headers={
            "Cache-Control": "no-store",
            "Content-Disposition": f"attachment; filename*=UTF-8''{quote(file.name, safe='')}",
            "Content-Security-Policy": "default-src 'none'; sandbox",
            "X-Content-Type-Options": "nosniff",
        },
    )
