"""Every error that the service raises on purpose, with its HTTP status or its use.

    ChatError
    ├── ConfigurationError            the process must not start
    ├── InvalidRequest                400
    │   └── UnprocessableRequest      422
    │       ├── MessageEmpty
    │       ├── MessageTooLong
    │       └── IdempotencyMismatch
    ├── Unauthenticated               401
    ├── NotFound                      404
    │   └── UnknownEmployee
    ├── MethodNotAllowed              405
    ├── RunActive                     409
    ├── ApprovalDecided               409
    ├── ApprovalExpired               410
    ├── BodyTooLarge                  413
    ├── FileTooLarge                  413
    ├── LimitExceeded                 429
    │   ├── TooManyTurns
    │   └── TokenBudgetSpent
    ├── ModelError                    502; also ends a run with an `error` event
    │   ├── ModelUnavailable
    │   ├── ModelTimeout
    │   ├── ModelRefused
    │   ├── ModelOutOfTokens
    │   └── ModelCallUnreadable
    ├── RedactionFailed               503; also ends a run with an `error` event
    ├── RunLogExpired                 410
    ├── RunTimeout                    ends a run with an `error` event
    ├── RunAbandoned                  ends a run with an `error` event
    ├── LeaseLost                     internal: another process works on the run
    └── ServiceUnavailable            503
        ├── Overloaded
        └── DatabaseUnavailable

The first line of an error's docstring is the message that the client reads, unless the code that raises it passes a more exact
one. `code` is stable: clients may branch on it. No message contains a value that a user typed.
"""

from typing import ClassVar


class ChatError(RuntimeError):
    """Something went wrong on our side; please try again."""

    code: ClassVar[str] = "internal_error"
    status: ClassVar[int] = 500

    def __init__(self, message: str | None = None, *, retry_after: float | None = None, **details: str) -> None:
        self.message = message or (type(self).__doc__ or "").splitlines()[0]
        self.details = {name: value for name, value in details.items() if value}
        """Ids that help the client to continue, such as `run_id`; the response has them beside code and message."""
        self.retry_after = retry_after
        """Seconds after which a retry can succeed; None if that is unknown."""
        super().__init__(self.message)


class ConfigurationError(ChatError):
    """The configuration is wrong; the service does not start."""

    code = "configuration_error"


class InvalidRequest(ChatError):
    """The request could not be read; send JSON in UTF-8."""

    code = "bad_request"
    status = 400


class UnprocessableRequest(InvalidRequest):
    """The request has a field that is missing, unknown or of the wrong type."""

    code = "invalid_request"
    status = 422


class MessageEmpty(UnprocessableRequest):
    """The message is empty; write something to the employee."""

    code = "message_empty"


class MessageTooLong(UnprocessableRequest):
    """The message is too long; shorten it or send it in parts."""

    code = "message_too_long"


class IdempotencyMismatch(UnprocessableRequest):
    """This idempotency key was used with another request; use a new key for a new message."""

    code = "idempotency_mismatch"


class Unauthenticated(ChatError):
    """A valid bearer token is needed; sign in again."""

    code = "unauthenticated"
    status = 401


class NotFound(ChatError):
    """There is nothing here under this name or id."""

    code = "not_found"
    status = 404


class UnknownEmployee(NotFound):
    """There is no employee of this name; GET /api/employees lists them."""

    code = "unknown_employee"


class MethodNotAllowed(ChatError):
    """This address does not take this method; see /docs."""

    code = "method_not_allowed"
    status = 405


class RunActive(ChatError):
    """This session is still answering; wait for its run to end, stop it, or send `on_conflict`: enqueue or interrupt."""

    code = "run_active"
    status = 409


class ApprovalDecided(ChatError):
    """This call was decided on before; a decision counts once."""

    code = "approval_decided"
    status = 409


class ApprovalExpired(ChatError):
    """This call can no longer be decided on: the time is over, or the conversation has gone on. Ask for it again."""

    code = "approval_expired"
    status = 410


class BodyTooLarge(ChatError):
    """The request body is too large."""

    code = "body_too_large"
    status = 413


class FileTooLarge(ChatError):
    """The file is too large to be stored; make a smaller one."""

    code = "file_too_large"
    status = 413


class LimitExceeded(ChatError):
    """A limit was reached; try again later."""

    code = "limit_exceeded"
    status = 429


class TooManyTurns(LimitExceeded):
    """Too many messages in a minute; wait a moment and try again."""

    code = "too_many_turns"


class TokenBudgetSpent(LimitExceeded):
    """Today's token budget is spent; it is renewed at midnight UTC."""

    code = "token_budget_spent"


class ModelError(ChatError):
    """The language model could not answer; your message is kept, send it again."""

    code = "model_error"
    status = 502


class ModelUnavailable(ModelError):
    """The language model cannot be reached; your message is kept, send it again in a moment."""

    code = "model_unavailable"


class ModelTimeout(ModelError):
    """The language model did not answer in time; your message is kept, send it again."""

    code = "model_timeout"


class ModelRefused(ModelError):
    """The language model refused the request; your message is kept, try another wording."""

    code = "model_refused"


class ModelOutOfTokens(ModelError):
    """The language model reached its token limit before it answered; your message is kept, ask for less at once."""

    code = "model_out_of_tokens"


class ModelCallUnreadable(ModelError):
    """The language model's tool call cannot be run; your message is kept. If it recurs, tell those who run the service."""

    code = "model_call_unreadable"


class RedactionFailed(ChatError):
    """Your message could not be checked for personal data, so it was not passed on; shorten it and send it again."""

    code = "redaction_failed"
    status = 503


class RunLogExpired(ChatError):
    """The events of this run are no longer kept; its messages are in the history of the session."""

    code = "log_dropped"
    status = 410


class RunTimeout(ChatError):
    """The answer took too long and was ended; what there is of it is kept, send your message again."""

    code = "run_timeout"


class RunAbandoned(ChatError):
    """The answer could not be finished; send your message again."""

    code = "run_lost"


class LeaseLost(ChatError):
    """Another process works on this run now, or has ended it.

    It tells a process that it must write nothing more for the run. No user reads it.
    """

    code = "lease_lost"


class ServiceUnavailable(ChatError):
    """The service is not ready; try again in a moment."""

    code = "unavailable"
    status = 503


class Overloaded(ServiceUnavailable):
    """Too many answers are under way; try again in a moment."""

    code = "overloaded"


class DatabaseUnavailable(ServiceUnavailable):
    """The database cannot be reached; try again in a moment."""

    code = "database_unavailable"


def error_from_code(code: str, message: str | None = None) -> ChatError:
    """The error of this code, with this message or its own; a `ChatError` for an unknown code."""
    kinds = {kind.code: kind for kind in _all_kinds(ChatError)}
    return kinds.get(code, ChatError)(message)


def _all_kinds(kind: type[ChatError]) -> list[type[ChatError]]:
    return [kind, *(below for child in kind.__subclasses__() for below in _all_kinds(child))]


def safe_summary(error: BaseException) -> str:
    """An error's type, file and line, for logs and spans. Its message is left out, since it may quote what a user typed."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    trace = error.__traceback__
    while trace and trace.tb_next:
        trace = trace.tb_next
    location = f"{trace.tb_frame.f_code.co_filename.rsplit('/', 1)[-1]}:{trace.tb_lineno}" if trace else "nowhere"
    return f"{type(error).__name__} at {location}"
