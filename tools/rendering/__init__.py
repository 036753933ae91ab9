"""Charts, documents and PDF files that tools make."""
