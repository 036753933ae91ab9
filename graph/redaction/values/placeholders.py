"""The form of a placeholder, or token: `[CARD_7K3Q9D]`, an entity type and six random characters.

The characters are Crockford's base 32 (https://www.crockford.com/base32.html): digits and capitals without I, L, O
and U, so that none is mistaken for another. Six of them are 30 bits; the vault draws again when one user already has
the token. A token carries nothing of its value and means something only to the user to whom it was issued.
"""

import secrets

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
CODE_LENGTH = 6
ENTITY_TYPE = "[A-Z]{2,12}"
"""Pattern of an entity type."""
CODE = f"[{ALPHABET}]{{{CODE_LENGTH}}}"
"""Pattern of the random part."""
TOKEN = rf"\[{ENTITY_TYPE}_{CODE}\]"
"""Pattern of a token as it is issued."""
MAX_TOKEN_CHARS = len("[") + 12 + len("_") + CODE_LENGTH + len("]")
"""Characters of the longest token."""


def new_token(entity_type: str) -> str:
    """A new token that cannot be guessed."""
    return f"[{entity_type}_{''.join(secrets.choice(ALPHABET) for _ in range(CODE_LENGTH))}]"
