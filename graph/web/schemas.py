"""The bodies of requests and answers."""

from http import HTTPStatus
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AliasChoices, BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from pydantic.alias_generators import to_camel

from graph.ports.runs import OnConflict
from graph.values.text import storable_json
from graph.web.sanitize import sanitize

MAX_FIELDS = 100
"""Of a body. Each unknown one would be told by itself, and a megabyte holds a hundred thousand."""


def sanitize_value(value: object) -> object:
    return sanitize(value) if isinstance(value, str) else value


SanitizedText = Annotated[str, BeforeValidator(sanitize_value)]
Slug = Annotated[SanitizedText, Field(min_length=1, max_length=64)]


def with_camel_alias(name: str) -> AliasChoices:
    """A field under its own name or its camelCase spelling; the original's clients used both."""
    return AliasChoices(name, to_camel(name))


class RequestBody(BaseModel):
    """A body in which an unknown field is an error, not a silent nothing."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @model_validator(mode="before")
    @classmethod
    def count_fields(cls, body: object) -> object:
        if isinstance(body, dict) and len(body) > MAX_FIELDS:
            raise ValueError(f"there are more than {MAX_FIELDS} fields")
        return body


class AnswerOptions(RequestBody):
    """How an answer is asked for."""

    employee_slug: Slug | None = Field(
        None,
        validation_alias=with_camel_alias("employee_slug"),
        description="Whom to ask; the session's employee by default.",
    )
    stream: bool = Field(True, strict=True, description="False for one JSON answer instead of events.")
    client_message_id: Annotated[SanitizedText, Field(min_length=1, max_length=200)] | None = Field(
        None, validation_alias=with_camel_alias("client_message_id"), description="Idempotency key; the header wins."
    )
    on_conflict: OnConflict = Field(
        "reject",
        validation_alias=with_camel_alias("on_conflict"),
        description="If the session is still answering: refuse this message (409), answer it later, or stop that answer.",
    )


class ChatRequest(AnswerOptions):
    """A message to an employee."""

    message: SanitizedText = Field(description="What you want to say, up to 8,000 characters (a setting).")
    session_id: UUID | None = Field(
        None,
        validation_alias=with_camel_alias("session_id"),
        description="The conversation to go on with; none begins a new one.",
    )
    edit_message_id: UUID | None = Field(
        None,
        validation_alias=with_camel_alias("edit_message_id"),
        description="An earlier message of yours in this conversation: this one comes in its place, and what followed it is "
        "left behind. 404 if it is not in the current branch, unless the answer to its latest version is still under way.",
    )


class RegenerateRequest(AnswerOptions):
    """The last message once more."""


class DecisionBody(RequestBody):
    """What the user says to a call."""

    decision: Literal["approve", "reject"]
    arguments: Annotated[dict[str, Any] | None, BeforeValidator(storable_json)] = Field(
        None, description="Approve the call with these arguments instead."
    )
    comment: Annotated[SanitizedText, Field(max_length=1000)] = Field("", description="A word to the employee.")
    trust: bool = Field(False, strict=True, description="Do not ask for this tool again in this conversation.")


class RankingQuestion(RequestBody):
    """Something one wants to ask, before it is known whom."""

    message: SanitizedText = Field(
        description="What you want to ask, up to 8,000 characters (a setting). It is not stored."
    )


class RenameSession(RequestBody):
    title: Annotated[SanitizedText, Field(min_length=1, max_length=200)]


class NewFeedback(RequestBody):
    type: Literal["like", "dislike", "helpful", "not_helpful"]
    comment: Annotated[SanitizedText, Field(max_length=2000)] = ""


class NewFact(RequestBody):
    fact: Annotated[SanitizedText, Field(min_length=1, max_length=500)]
    scope: Slug = "global"
    is_pinned: bool = Field(True, validation_alias=with_camel_alias("is_pinned"))


class ErrorDetail(BaseModel):
    """What went wrong; ids that help the caller on may stand beside it."""

    code: str
    message: str


class ErrorBody(BaseModel):
    error: ErrorDetail


COMMON_ERRORS = (400, 401, 404, 413, 422, 500, 503)
"""Errors that any route can answer with."""


def error_responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """What the documentation says of a route's errors; all have one body."""
    return {status: {"model": ErrorBody, "description": HTTPStatus(status).phrase} for status in statuses}


class Page(BaseModel):
    """A part of a list, and where the next part begins."""

    items: list[dict[str, Any]]
    next_cursor: str | None = None
