"""Work that happens after the answer, on durable jobs."""
