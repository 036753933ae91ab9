"""The bodies of requests and responses."""

from http import HTTPStatus
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AfterValidator, AliasChoices, BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from pydantic.alias_generators import to_camel

from graph.errors import MessageEmpty, MessageTooLong
from graph.ports.runs import OnConflict
from graph.values.currencies import is_currency
from graph.values.profile import MAX_LOCALE_CHARS, MAX_TIME_ZONE_CHARS, canonical_locale, zone_of
from graph.values.text import storable_json
from graph.web.sanitize import sanitize

MAX_FIELDS = 100
"""Fields of one body. Each unknown field is a fault of its own, and a megabyte can hold a hundred thousand of them."""


def sanitize_value(value: object) -> object:
    """The value, sanitized if it is a text."""
    return sanitize(value) if isinstance(value, str) else value


SanitizedText = Annotated[str, BeforeValidator(sanitize_value)]


def parse_name(name: str) -> str:
    """The name on one line.

    Raises:
        ValueError: it has no letter.
    """
    one_line = " ".join(name.split())
    if not any(map(str.isalpha, one_line)):
        raise ValueError("has no letter")
    return one_line


def parse_time_zone(name: str) -> str:
    """Raises: ValueError: there is no such time zone."""
    zone_of(name)
    return name


def parse_currency(code: str) -> str:
    """Raises: ValueError: ISO 4217 lists no such currency."""
    if not is_currency(code.upper()):
        raise ValueError("is not a currency code of ISO 4217, such as EUR")
    return code.upper()


DisplayName = Annotated[SanitizedText, Field(max_length=80), AfterValidator(parse_name)]
Locale = Annotated[
    SanitizedText,
    Field(max_length=MAX_LOCALE_CHARS, description="A BCP 47 tag, such as en-GB."),
    AfterValidator(canonical_locale),
]
TimeZone = Annotated[
    SanitizedText,
    Field(max_length=MAX_TIME_ZONE_CHARS, description="An IANA name, such as Europe/Berlin."),
    AfterValidator(parse_time_zone),
]
Currency = Annotated[
    SanitizedText,
    Field(min_length=3, max_length=3, description="A code of ISO 4217, such as EUR."),
    AfterValidator(parse_currency),
]
Slug = Annotated[SanitizedText, Field(min_length=1, max_length=64)]


def with_camel_alias(name: str) -> AliasChoices:
    """The aliases of a field: its name, and the name in camelCase, which some clients send."""
    return AliasChoices(name, to_camel(name))


class RequestBody(BaseModel):
    """A request body. A field that it does not define is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @model_validator(mode="before")
    @classmethod
    def limit_fields(cls, body: object) -> object:
        """Refuse a body with more than `MAX_FIELDS` fields before each one is validated."""
        if isinstance(body, dict) and len(body) > MAX_FIELDS:
            raise ValueError(f"there are more than {MAX_FIELDS} fields")
        return body


def require_message(message: str, max_chars: int) -> None:
    """Refuse a message that no employee can answer.

    Raises:
        MessageEmpty: the message has only white space.
        MessageTooLong: it has more than `max_chars` characters.
    """
    if not message.strip():
        raise MessageEmpty
    if len(message) > max_chars:
        raise MessageTooLong(f"The message is longer than {max_chars} characters; shorten it or send it in parts.")


class AnswerOptions(RequestBody):
    """How a question is to be answered."""

    employee_slug: Slug | None = Field(
        None,
        validation_alias=with_camel_alias("employee_slug"),
        description="The employee who answers; the session's employee by default.",
    )
    stream: bool = Field(True, strict=True, description="False for one JSON answer instead of events.")
    client_message_id: Annotated[SanitizedText, Field(min_length=1, max_length=200)] | None = Field(
        None,
        validation_alias=with_camel_alias("client_message_id"),
        description="Idempotency key; the `Idempotency-Key` header takes precedence.",
    )
    on_conflict: OnConflict = Field(
        "reject",
        validation_alias=with_camel_alias("on_conflict"),
        description="If the session is still answering: refuse this message (409), answer it later, or stop that answer.",
    )


class ChatRequest(AnswerOptions):
    """A message to an employee."""

    message: SanitizedText = Field(description="The message, up to 8,000 characters (a setting).")
    session_id: UUID | None = Field(
        None,
        validation_alias=with_camel_alias("session_id"),
        description="The conversation to continue; without it a new one begins.",
    )
    edit_message_id: UUID | None = Field(
        None,
        validation_alias=with_camel_alias("edit_message_id"),
        description="An earlier message of yours in this conversation. The new message replaces it and everything after it. "
        "404 if it is not in the current branch, unless the answer to its latest version is still running.",
    )

    time_zone: TimeZone | None = Field(
        None,
        validation_alias=with_camel_alias("time_zone"),
        description="Your IANA time zone. It becomes your profile's, unless the profile has one.",
    )


class RegenerateRequest(AnswerOptions):
    """A request to answer the last message again."""


class DecisionBody(RequestBody):
    """The user's decision on a call."""

    decision: Literal["approve", "reject"]
    arguments: Annotated[dict[str, Any] | None, BeforeValidator(storable_json)] = Field(
        None, description="Approve the call with these arguments in place of the proposed ones."
    )
    comment: Annotated[SanitizedText, Field(max_length=1000)] = Field(
        "", description="A comment that the employee reads."
    )
    trust: bool = Field(False, strict=True, description="Do not ask for this tool again in this conversation.")


class RankingQuestion(RequestBody):
    """A question for which the employees are ranked."""

    message: SanitizedText = Field(description="The question, up to 8,000 characters (a setting). It is not stored.")


class RenameSession(RequestBody):
    """The new title of a session."""

    title: Annotated[SanitizedText, Field(min_length=1, max_length=200)]


class NewFeedback(RequestBody):
    """Feedback on an answer."""

    type: Literal["like", "dislike", "helpful", "not_helpful"]
    comment: Annotated[SanitizedText, Field(max_length=2000)] = ""


class ProfileUpdate(RequestBody):
    """The fields of your profile to set; null forgets a value, and a field that is left out stays."""

    name: Annotated[DisplayName, Field(description="The name to call you by.")] | None = None
    locale: Locale | None = None
    time_zone: TimeZone | None = Field(None, validation_alias=with_camel_alias("time_zone"))
    currency: Currency | None = None


class ProfileView(BaseModel):
    """What you have said about yourself; null where you have said nothing."""

    name: str | None
    locale: str | None
    time_zone: str | None
    currency: str | None


class NewFact(RequestBody):
    """A fact for all employees to remember (`global`), or for the one whose slug is the scope."""

    fact: Annotated[SanitizedText, Field(min_length=1, max_length=500)]
    scope: Slug = "global"
    is_pinned: bool = Field(True, validation_alias=with_camel_alias("is_pinned"))


class ErrorDetail(BaseModel):
    """An error: a stable code and a message. It may also have ids, such as `run_id`."""

    code: str
    message: str


class ErrorBody(BaseModel):
    """The body of every error response."""

    error: ErrorDetail


COMMON_ERRORS = (400, 401, 404, 413, 422, 500, 503)
"""Statuses of errors that any route can answer with."""


def error_responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The `responses` of a route for these statuses; all have the body `ErrorBody`."""
    return {status: {"model": ErrorBody, "description": HTTPStatus(status).phrase} for status in statuses}


class Page(BaseModel):
    """A page of a list; `next_cursor` leads to the next page and is null on the last one."""

    items: list[dict[str, Any]]
    next_cursor: str | None = None
