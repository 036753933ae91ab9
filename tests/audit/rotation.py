"""The issuer changes its keys again and again while tokens are checked and unknown key ids pour in.

python -m tests.audit.rotation
"""

import asyncio
import random
import time
from collections import Counter
from contextlib import suppress

from graph.adapters.auth.jwt_verifier import REFETCH_SECONDS, JwksCache, JwtVerifier, http_key_source
from graph.errors import Unauthenticated
from tests.audit.line import Line
from tests.support.fakes.jwks import JwksServer
from tests.support.fakes.tokens import USER, TokenForger

ISSUER = "https://issuer.example/auth/v1"
CALLERS = 8
HASTE = 100.0
"""So many times as fast as the world's does the key ring's clock go."""
OVERLAP = 2 * REFETCH_SECONDS
"""How long a key is published before tokens are signed with it, and after they are not."""


def hasty() -> float:
    return time.monotonic() * HASTE


async def rotate(rotations: int, flood: int) -> Counter[str]:
    """Counts the tokens that were accepted and refused, the unknown key ids, the fetches, and how many there might be."""
    counted: Counter[str] = Counter()
    signer = TokenForger(ISSUER, kid="key 0")
    async with JwksServer.serving(signer.jwk) as source:
        verifier = JwtVerifier(JwksCache(http_key_source(source.address), hasty), ISSUER)
        began = hasty()

        async def call() -> None:
            while True:
                found = await named(verifier, signer.token())
                counted["accepted" if found == USER else "refused"] += 1
                await asyncio.sleep(0)

        async def pour() -> None:
            dice = random.Random("kids")
            stranger = TokenForger(ISSUER)
            for _ in range(flood):
                assert await named(verifier, stranger.headed(kid=dice.randbytes(8).hex())) is None
                counted["unknown"] += 1
                await asyncio.sleep(0)

        callers = [asyncio.create_task(call()) for _ in range(CALLERS)]
        pouring = asyncio.create_task(pour())
        for number in range(1, rotations + 1):
            new = TokenForger(ISSUER, kid=f"key {number}")
            source.keys.append(new.jwk)
            await asyncio.sleep(OVERLAP / HASTE)
            signer = new
            await asyncio.sleep(OVERLAP / HASTE)
            del source.keys[0]
        await pouring
        for task in callers:
            task.cancel()
        for outcome in await asyncio.gather(*callers, return_exceptions=True):
            assert isinstance(outcome, asyncio.CancelledError), outcome
        counted["fetches"] = source.asked
        counted["allowed"] = int((hasty() - began) / REFETCH_SECONDS) + 1
    return counted


async def named(verifier: JwtVerifier, token: str) -> str | None:
    with suppress(Unauthenticated):
        return await verifier.verify(token)
    return None


def measure() -> Line:
    counted = asyncio.run(rotate(rotations=20, flood=10_000))
    return Line(
        "Keys rotate without a false 401, and unknown key ids cause at most one fetch in 30 s",
        f"{counted['refused']} of {counted['accepted'] + counted['refused']:,} sound tokens refused in 20 rotations; "
        f"{counted['fetches']} fetches of {counted['allowed']} allowed, under {counted['unknown']:,} unknown key ids",
        not counted["refused"] and counted["fetches"] <= counted["allowed"],
    )


if __name__ == "__main__":
    print(measure())
