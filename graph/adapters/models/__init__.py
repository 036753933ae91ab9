"""Chat models behind the port `ChatModel`: providers, retries, fallback, prices."""
