"""The bodies of requests and answers."""

import unicodedata
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AliasChoices, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic.alias_generators import to_camel

from graph.ports import OnConflict
from graph.text import sound


def clean(value: object) -> object:
    """Text without NUL and lone surrogates, which neither Postgres nor a model takes; the rest in NFC."""
    if not isinstance(value, str):
        return value
    return unicodedata.normalize("NFC", sound(value))


CleanText = Annotated[str, BeforeValidator(clean)]
Slug = Annotated[CleanText, Field(min_length=1, max_length=64)]


def either(name: str) -> AliasChoices:
    """A field under its own name or its camelCase spelling; the original's clients used both."""
    return AliasChoices(name, to_camel(name))


class Strict(BaseModel):
    """A body in which an unknown field is an error, not a silent nothing."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Asking(Strict):
    """How an answer is asked for."""

    employee_slug: Slug | None = Field(
        None, validation_alias=either("employee_slug"), description="Whom to ask; the session's employee by default."
    )
    stream: bool = Field(True, strict=True, description="False for one JSON answer instead of events.")
    client_message_id: Annotated[CleanText, Field(min_length=1, max_length=200)] | None = Field(
        None, validation_alias=either("client_message_id"), description="Idempotency key; the header wins."
    )
    on_conflict: OnConflict = Field(
        "reject",
        validation_alias=either("on_conflict"),
        description="If the session is still answering: refuse this message (409), answer it later, or stop that answer.",
    )


class ChatRequest(Asking):
    """A message to an employee."""

    message: CleanText = Field(description="What you want to say, up to 8,000 characters (a setting).")
    session_id: UUID | None = Field(
        None,
        validation_alias=either("session_id"),
        description="The conversation to go on with; none begins a new one.",
    )
    edit_message_id: UUID | None = Field(
        None,
        validation_alias=either("edit_message_id"),
        description="An earlier message of yours in this conversation: this one comes in its place, and what followed it is "
        "left behind. 404 if it is not in the current branch, unless the answer to its latest version is still under way.",
    )


class Regenerate(Asking):
    """The last message once more."""


class Rename(Strict):
    title: Annotated[CleanText, Field(min_length=1, max_length=200)]


class Feedback(Strict):
    type: Literal["like", "dislike", "helpful", "not_helpful"]
    comment: Annotated[CleanText, Field(max_length=2000)] = ""


class Fact(Strict):
    fact: Annotated[CleanText, Field(min_length=1, max_length=500)]
    scope: Slug = "global"
    is_pinned: bool = Field(True, validation_alias=either("is_pinned"))


class ErrorDetail(BaseModel):
    code: str
    message: str


class ErrorBody(BaseModel):
    error: ErrorDetail


class Page(BaseModel):
    """A part of a list, and where the next part begins."""

    items: list[dict[str, Any]]
    next_cursor: str | None = None
