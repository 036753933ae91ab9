"""API keys, tokens and passwords, recognised by their documented prefixes or the words before them."""

import re
from collections.abc import Iterator

from graph.redaction.rules.spans import Span

_PREFIXED = re.compile(
    r"(?<![\w/+-])(?:"
    r"(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}"  # Amazon Web Services
    r"|gh[pousr]_[A-Za-z0-9]{36,251}|github_pat_[A-Za-z0-9_]{22,255}|glpat-[\w-]{20,50}"
    r"|xox[abeoprs]-[\w-]{10,250}|xapp-\d-[\w-]{10,250}"  # Slack
    r"|(?:sk|rk|pk)_(?:live|test)_[A-Za-z0-9]{10,250}|whsec_[A-Za-z0-9+/=]{20,100}"  # Stripe
    r"|sk-(?:proj-|ant-|svcacct-|or-v1-)?[\w-]{20,250}"  # OpenAI, Anthropic, OpenRouter
    r"|AIza[\w-]{35}|ya29\.[\w-]{20,250}|GOCSPX-[\w-]{20,40}"  # Google
    r"|SG\.[\w-]{16,32}\.[\w-]{16,64}|(?:AC|SK)[0-9a-f]{32}|key-[0-9a-f]{32}"  # SendGrid, Twilio, Mailgun
    r"|npm_[A-Za-z0-9]{36}|pypi-[\w-]{50,250}|hf_[A-Za-z0-9]{30,50}|dop_v1_[0-9a-f]{64}"
    r"|shp(?:at|ca|pa|ss)_[0-9a-fA-F]{32}|sq0(?:atp|csp)-[\w-]{22,50}|EAAA[\w-]{60}"  # Shopify, Square
    r"|access-(?:sandbox|development|production)-[0-9a-f-]{36}"  # Plaid
    r"|\d{8,10}:AA[\w-]{33}|sbp_[0-9a-f]{40}|eyJ[\w-]{8,2000}\.eyJ[\w-]{8,4000}\.[\w-]{0,1000}"  # Telegram, Supabase, JWT
    r")(?![\w-])"
)
_BLOCK = re.compile(
    r"-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----[\s\S]{1,8000}?(?:-----END [A-Z ]{0,30}PRIVATE KEY-----|\Z)"
)
_IN_ADDRESS = re.compile(r"\b[a-z][a-z0-9+.-]{1,20}://[^\s/@:]{1,80}:([^\s/@]{1,120})@", re.IGNORECASE)
_HEADER = re.compile(
    r"\b(?:authorization|bearer|basic)\b[\"']?\s{0,2}[:=]?\s{0,2}(?:bearer|basic|token)?\s{0,2}"
    r"((?=[\w.~+/=-]{0,80}\d)[\w.~+/=-]{16,4000})",
    re.IGNORECASE,
)
_NAMED = re.compile(
    r"(?:api|access|secret|private|auth|client|session|refresh|encryption|signing|service)[ _-]?(?:key|token|secret)s?"
    r"(?:[ _-]?id)?[\"']?\s{0,2}(?:is|was|:|=|=>)\s{0,2}[\"']?((?=[^\s\"',;]{0,200}\d)[^\s\"',;<>]{8,250})",
    re.IGNORECASE,
)
_PHRASE = re.compile(
    r"\b(?:seed|recovery|mnemonic|backup|secret)(?: (?:phrase|words))?\s{0,2}(?:is|are|:|=)\s{0,2}"
    r"((?:[a-z]{3,8}[ ,]{1,2}){11,23}[a-z]{3,8})(?![a-z])",
    re.IGNORECASE,
)


def secrets(text: str) -> Iterator[Span]:
    for bare in (_PREFIXED, _BLOCK):
        yield from (match.span() for match in bare.finditer(text))
    for named in (_IN_ADDRESS, _HEADER, _NAMED, _PHRASE):
        yield from (match.span(1) for match in named.finditer(text))
