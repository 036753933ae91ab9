"""What every adapter of the port `Vault` does. A test module subclasses this and has a fixture `vault`."""

import asyncio
from uuid import uuid4

from graph.ports.redaction import PersonalValue, Vault
from graph.redaction.unmasking.unmask import tokens_in

CARD = PersonalValue("CARD", "4111111111111111", "4111 1111 1111 1111")
ANA = PersonalValue("PERSON", "ana díaz", "Ana Díaz")


class VaultContract:
    async def test_a_token_opens_to_the_value_as_it_was_first_written(self, vault: Vault) -> None:
        user_id = str(uuid4())
        token = (await vault.tokenize(user_id, {CARD}))[CARD]
        again = PersonalValue("CARD", CARD.key, "4111-1111-1111-1111")
        assert (await vault.tokenize(user_id, {again}))[again] == token
        assert await vault.detokenize(user_id, {token}) == {token: "4111 1111 1111 1111"}

    async def test_tokens_have_the_form_of_their_kind(self, vault: Vault) -> None:
        issued = await vault.tokenize(str(uuid4()), {CARD, ANA})
        assert all(token.startswith(f"[{secret.kind}_") for secret, token in issued.items())
        assert all(tokens_in(token) == {token} for token in issued.values())

    async def test_no_two_values_share_a_token(self, vault: Vault) -> None:
        secrets = {PersonalValue(kind, f"value {number}", "v") for number in range(50) for kind in ("CARD", "ACCOUNT")}
        issued = await vault.tokenize(str(uuid4()), secrets)
        assert set(issued) == secrets
        assert len(set(issued.values())) == 100

    async def test_a_token_of_another_owner_opens_to_nothing(self, vault: Vault) -> None:
        user_id, other = str(uuid4()), str(uuid4())
        token = (await vault.tokenize(user_id, {CARD}))[CARD]
        await vault.tokenize(other, {ANA})
        assert await vault.detokenize(other, {token, "[CARD_000000]"}) == {}
        assert (await vault.tokenize(other, {CARD}))[CARD] != token

    async def test_callers_at_once_get_one_token_for_one_value(self, vault: Vault) -> None:
        user_id = str(uuid4())
        issued = await asyncio.gather(*(vault.tokenize(user_id, {CARD, ANA}) for _ in range(8)))
        assert len({answer[CARD] for answer in issued}) == 1
        assert len({answer[ANA] for answer in issued}) == 1

    async def test_what_was_issued_is_read_again_by_its_owner_only(self, vault: Vault) -> None:
        user_id, other = str(uuid4()), str(uuid4())
        await vault.tokenize(user_id, {CARD, ANA})
        issued = await vault.values_since(user_id, None)
        assert set(issued.secrets) == {CARD, ANA}
        assert {secret.text for secret in issued.secrets} == {CARD.text, ANA.text}
        assert set((await vault.values_since(user_id, issued.until)).secrets) == {CARD, ANA}
        assert (await vault.values_since(other, None)).secrets == []

    async def test_nothing_is_issued_for_nothing(self, vault: Vault) -> None:
        assert await vault.tokenize(str(uuid4()), set()) == {}
        assert await vault.detokenize(str(uuid4()), set()) == {}
