"""What a user has said about themself."""

from dataclasses import asdict
from typing import cast

from fastapi import APIRouter

from graph.ports.storage import ProfileChanges
from graph.values.profile import Profile
from graph.web.auth import UserId
from graph.web.schemas import ProfileUpdate, ProfileView, error_responses
from graph.web.service import Service, ServiceDep

router = APIRouter(prefix="/api", tags=["profile"], responses=error_responses())


@router.get("/me")
async def read_profile(user_id: UserId, service: ServiceDep) -> ProfileView:
    """Your name, locale, time zone and currency."""
    return await profile_view(await service.profiles.read(user_id), user_id, service)


@router.patch("/me")
async def update_profile(body: ProfileUpdate, user_id: UserId, service: ServiceDep) -> ProfileView:
    """Change your profile. Employees use the currency and the time zone where a question names none."""
    changes = cast(ProfileChanges, body.model_dump(exclude_unset=True))
    return await profile_view(await service.profiles.update(user_id, changes), user_id, service)


async def profile_view(profile: Profile, user_id: str, service: Service) -> ProfileView:
    """The profile with the user's own name in the place of its placeholder."""
    return ProfileView(**await service.redactor.unmask(user_id, asdict(profile)))
