"""What keeps a provider from serving this process until somebody who runs the service mends it."""

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
"""What is told of each fault. None of it is the provider's text, which may quote a conversation."""


class ProviderStatus:
    """The faults of providers that are there now; each is logged when it appears and when it is gone."""

    def __init__(self, count: Callable[[str, str], None] = lambda provider, fault: None) -> None:
        """`count` is called with the provider and the fault, each time that one is met."""
        self._count = count
        self._faults: dict[str, str] = {}

    def report(self, provider: str, fault: str | None) -> None:
        """Note what was met when a provider was asked; None if it served."""
        before = self._faults.get(provider)
        if fault is None:
            if before:
                del self._faults[provider]
                log.info("provider_serves_again", provider=provider)
            return
        self._count(provider, fault)
        self._faults[provider] = fault
        if fault != before:
            write = log.warning if fault == UNREACHABLE else log.error
            write("provider_does_not_serve", provider=provider, fault=fault, meaning=FAULTS[fault])

    def details(self) -> Mapping[str, str]:
        """Each provider that does not serve, with what is wrong."""
        return {provider: FAULTS[fault] for provider, fault in self._faults.items()}
