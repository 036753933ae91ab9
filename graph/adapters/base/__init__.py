"""Parts that several families of adapters share: circuit breaker, rate limiter, provider faults, owned files."""
