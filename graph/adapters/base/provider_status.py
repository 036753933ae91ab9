"""Faults of providers that only an operator can fix: logged, counted and shown at /ready."""

from collections.abc import Callable, Mapping

import structlog

log = structlog.get_logger(__name__)

UNREACHABLE = "unreachable"

FAULTS = {
    "key": "the key is refused",
    "payment": "the account has no credit",
    "quota": "the account's quota is used up",
    "model": "the model is not known at this address",
    "tools": "the model takes no tools",
    "configuration": "the configuration is refused",
    UNREACHABLE: "it cannot be reached",
}
"""Our words for each fault; the provider's own text may quote a conversation."""


class ProviderStatus:
    """The current fault of each provider; it is logged when it appears and when it is gone."""

    def __init__(self, count: Callable[[str, str], None] = lambda provider, fault: None) -> None:
        """`count` is called with the provider and the fault each time a call meets it."""
        self._count = count
        self._faults: dict[str, str] = {}

    def report(self, provider: str, fault: str | None) -> None:
        """Record the fault of a call, or None if the provider answered."""
        before = self._faults.get(provider)
        if fault is None:
            if before:
                del self._faults[provider]
                log.info("provider_recovered", provider=provider)
            return
        self._count(provider, fault)
        self._faults[provider] = fault
        if fault != before:
            write = log.warning if fault == UNREACHABLE else log.error
            write("provider_unavailable", provider=provider, fault=fault, meaning=FAULTS[fault])

    def details(self) -> Mapping[str, str]:
        """The fault of each provider that has one, in words."""
        return {provider: FAULTS[fault] for provider, fault in self._faults.items()}
