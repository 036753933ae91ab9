"""The AI employees, one Markdown file each, and the roster that reads them."""
