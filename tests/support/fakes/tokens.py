"""Tokens as a caller could write them: sound ones, and all those that must name nobody."""

import base64
import hmac
import json
import math
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

USER = "0b4e2f8e-0000-4000-8000-000000000001"

Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey

SECRET = "super-secret-jwt-token-with-at-least-32-characters-long"
STRANGERS_KEY = ec.generate_private_key(ec.SECP256R1())
STRANGERS_RSA_KEY = rsa.generate_private_key(65537, 2048)


@dataclass(frozen=True)
class TokenForger:
    """Writes tokens for an issuer; it has the issuer's key, and may use another one."""

    issuer: str
    key: Key = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    kid: str = "known"

    @property
    def algorithm(self) -> str:
        return "RS256" if isinstance(self.key, rsa.RSAPrivateKey) else "ES256"

    @property
    def jwk(self) -> dict[str, Any]:
        """The public key, as the issuer publishes it."""
        return {**public(self.key), "kid": self.kid, "alg": self.algorithm}

    def claims(self, **changes: Any) -> dict[str, Any]:
        """Claims of a signed-in user; a change of None leaves one out."""
        now = int(time.time())
        sound = {
            "iss": self.issuer,
            "aud": "authenticated",
            "role": "authenticated",
            "sub": USER,
            "iat": now,
            "exp": now + 600,
        }
        return {name: value for name, value in {**sound, **changes}.items() if value is not None}

    def token(self, **changes: Any) -> str:
        """A signed token; sound, but for these changes of its claims."""
        return self.raw(self.header(), self.claims(**changes))

    def header(self, **changes: Any) -> dict[str, Any]:
        sound = {"alg": self.algorithm, "typ": "JWT", "kid": self.kid}
        return {name: value for name, value in {**sound, **changes}.items() if value is not None}

    def headed(self, **changes: Any) -> str:
        """A token with sound claims and these changes of its header, signed."""
        return self.raw(self.header(**changes), self.claims())

    def raw(self, header: Any, payload: Any, key: Key | None = None) -> str:
        """A token whose header and payload are written as they are given, signed over exactly that."""
        head = b".".join(encode(part) for part in (header, payload))
        return (head + b"." + encode(sign(head, key or self.key))).decode()

    def spelled(self, claims: str) -> str:
        """A signed token whose sound claims are followed by these, as JSON is written."""
        return self.raw(self.header(), (json.dumps(self.claims())[:-1] + f", {claims}}}").encode())

    def unsigned(self, **changes: Any) -> str:
        return b".".join([encode(self.header(**changes)), encode(self.claims()), b""]).decode()

    def with_secret(self, secret: bytes, claims: Mapping[str, Any] | None = None, **changes: Any) -> str:
        """HS256: a token of a project that signs so, or one as somebody who knows the public key would try it."""
        header = self.header(**{"alg": "HS256", **changes})
        head = b".".join([encode(header), encode(claims or self.claims())])
        return (head + b"." + encode(hmac.digest(secret, head, "sha256"))).decode()

    def pem(self) -> bytes:
        return self.key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)

    def private_pem(self) -> bytes:
        return self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())

    def altered(self, part: int) -> str:
        """A sound token with one character of a part changed."""
        parts = self.token().split(".")
        middle = len(parts[part]) // 2
        parts[part] = parts[part][:middle] + ("A" if parts[part][middle] != "A" else "B") + parts[part][middle + 1 :]
        return ".".join(parts)

    def exchanged(self) -> str:
        """The signature of one token on the claims of another."""
        one, other = self.token(sub=str(uuid.uuid4())).split("."), self.token().split(".")
        return ".".join([other[0], one[1], other[2]])

    def der(self) -> str:
        """A true signature, in the form that OpenSSL writes and JWS does not allow."""
        assert isinstance(self.key, ec.EllipticCurvePrivateKey)
        head = self.token().rsplit(".", 1)[0]
        return f"{head}.{encode(self.key.sign(head.encode(), ec.ECDSA(SHA256()))).decode()}"

    def nothing(self) -> str:
        """The signature of zeros that a careless check of ECDSA takes for any text."""
        return f"{self.token().rsplit('.', 1)[0]}.{encode(bytes(64)).decode()}"


def public(key: Key) -> dict[str, Any]:
    if isinstance(key, rsa.RSAPrivateKey):
        return RSAAlgorithm.to_jwk(key.public_key(), as_dict=True)
    return ECAlgorithm.to_jwk(key.public_key(), as_dict=True)


def sign(text: bytes, key: Key) -> bytes:
    if isinstance(key, rsa.RSAPrivateKey):
        return RSAAlgorithm(RSAAlgorithm.SHA256).sign(text, key)
    return ECAlgorithm(ECAlgorithm.SHA256).sign(text, key)


def encode(part: Any) -> bytes:
    written = part if isinstance(part, bytes) else json.dumps(part).encode()
    return base64.urlsafe_b64encode(written).rstrip(b"=")


def middle(token: str, put: str) -> str:
    """The token with something put into the middle of its claims."""
    place = token.index(".") + 9
    return token[:place] + put + token[place:]


def soon() -> int:
    return int(time.time())


FORM: Mapping[str, Callable[[TokenForger], str]] = {
    "empty": lambda forger: "",
    "a word": lambda forger: "nonsense",
    "null": lambda forger: "null",
    "dots only": lambda forger: "..",
    "two parts": lambda forger: forger.token().rsplit(".", 1)[0],
    "four parts": lambda forger: forger.token() + ".more",
    "five parts, as an encrypted token has": lambda forger: f"{forger.headed(enc='A256GCM')}.AA.AA",
    "a token twice": lambda forger: f"{forger.token()}.{forger.token()}",
    "JSON serialization": lambda forger: json.dumps(
        dict(zip(("protected", "payload", "signature"), forger.token().split("."), strict=True))
    ),
    "truncated by a character": lambda forger: forger.token()[:-1],
    "truncated": lambda forger: forger.token()[:-4],
    "without its signature": lambda forger: forger.token().rsplit(".", 1)[0] + ".",
    "over 8 kB": lambda forger: forger.token(filler="x" * 9000),
    "60 kB": lambda forger: forger.token(filler="x" * 45_000),
    "letters that are not ASCII": lambda forger: "é" + forger.token(),
    "a space before the last part": lambda forger: " .".join(forger.token().rsplit(".", 1)),
    "a space in the claims": lambda forger: middle(forger.token(), " "),
    "a no-break space in the claims": lambda forger: middle(forger.token(), "\xa0"),
    "a tab in the claims": lambda forger: middle(forger.token(), "\t"),
    "a sign that base64 passes over": lambda forger: forger.token() + "!",
    "padded": lambda forger: forger.token() + "==",
    "the plus and slash of ordinary base64": lambda forger: middle(forger.token(), "+/"),
    "percent-encoded": lambda forger: forger.token().replace(".", "%2E"),
    "in quotation marks": lambda forger: f'"{forger.token()}"',
    "two tokens": lambda forger: f"{forger.token()} {forger.token()}",
    "two tokens with a comma": lambda forger: f"{forger.token()},{forger.token()}",
    "header of no base64": lambda forger: "%%%." + forger.token().split(".", 1)[1],
    "header of no JSON": lambda forger: forger.raw(b"{", forger.claims()),
    "header of a list": lambda forger: forger.raw([], forger.claims()),
    "header of null": lambda forger: forger.raw(None, forger.claims()),
    "header of deep nesting": lambda forger: forger.raw(b"[" * 5000, forger.claims()),
    "header of no UTF-8": lambda forger: forger.raw(b"\xff\xfe", forger.claims()),
    "claims of no JSON": lambda forger: forger.raw(forger.header(), b"{"),
    "claims of a list": lambda forger: forger.raw(forger.header(), [1]),
    "claims of a number": lambda forger: forger.raw(forger.header(), 7),
    "claims of deep nesting": lambda forger: forger.raw(forger.header(), b'{"sub":' * 900),
    "a token within a token": lambda forger: forger.raw(forger.header(), encode(forger.token())),
    "a token within a token, as its header says": lambda forger: forger.raw(
        forger.header(cty="JWT"), forger.token().encode()
    ),
}

HEADERS: Mapping[str, Callable[[TokenForger], str]] = {
    "alg none": lambda forger: forger.unsigned(alg="none"),
    "alg None": lambda forger: forger.unsigned(alg="None"),
    "alg NONE": lambda forger: forger.unsigned(alg="NONE"),
    "alg nOnE": lambda forger: forger.unsigned(alg="nOnE"),
    "alg none with a space": lambda forger: forger.unsigned(alg="none "),
    "alg none, signed": lambda forger: forger.headed(alg="none"),
    "alg none with anything for a signature": lambda forger: forger.unsigned(alg="none") + "AAAA",
    "alg empty": lambda forger: forger.headed(alg=""),
    "alg ES256 without signature": lambda forger: forger.unsigned(),
    "no alg": lambda forger: forger.headed(alg=None),
    "alg of a list": lambda forger: forger.headed(alg=["ES256"]),
    "alg of an object": lambda forger: forger.headed(alg={"ES256": True}),
    "alg in small letters": lambda forger: forger.headed(alg="es256"),
    "alg twice": lambda forger: forger.raw(
        f'{{"alg":"none","kid":"{forger.kid}","alg":"ES256"}}'.encode(), forger.claims()
    ),
    "kid twice": lambda forger: forger.raw(
        f'{{"alg":"ES256","kid":"other","kid":"{forger.kid}"}}'.encode(), forger.claims()
    ),
    "HS256 with the public key": lambda forger: forger.with_secret(forger.pem()),
    "HS256 with the JWK": lambda forger: forger.with_secret(json.dumps(forger.jwk).encode()),
    "HS256 with the key's id": lambda forger: forger.with_secret(forger.kid.encode()),
    "HS256 without a kid": lambda forger: forger.with_secret(forger.pem(), kid=None),
    "HS256 with an empty key": lambda forger: forger.with_secret(b""),
    "ES384": lambda forger: forger.headed(alg="ES384"),
    "ES256K": lambda forger: forger.headed(alg="ES256K"),
    "PS256": lambda forger: forger.raw(forger.header(alg="PS256"), forger.claims(), STRANGERS_RSA_KEY),
    "EdDSA": lambda forger: forger.headed(alg="EdDSA"),
    "RS256 with the kid of another kind of key": lambda forger: forger.raw(
        forger.header(alg="RS256"), forger.claims(), STRANGERS_RSA_KEY
    ),
    "no kid": lambda forger: forger.headed(kid=None),
    "kid of a number": lambda forger: forger.headed(kid=1),
    "kid of null": lambda forger: forger.raw({**forger.header(), "kid": None}, forger.claims()),
    "kid of a list": lambda forger: forger.headed(kid=[forger.kid]),
    "kid unknown": lambda forger: forger.headed(kid="other"),
    "kid empty": lambda forger: forger.headed(kid=""),
    "kid of a path": lambda forger: forger.headed(kid="../../../../dev/null"),
    "kid of an address": lambda forger: forger.headed(kid="https://evil.example/jwks.json"),
    "kid with SQL": lambda forger: forger.headed(kid="x' union select 'secret' --"),
    "kid with a command": lambda forger: forger.headed(kid="x; sleep 5"),
    "kid with a NUL": lambda forger: forger.headed(kid=f"{forger.kid}\0"),
    "kid with a lone surrogate": lambda forger: forger.headed(kid="\ud800"),
    "kid with a space": lambda forger: forger.headed(kid=f"{forger.kid} "),
    "kid of 4 kB": lambda forger: forger.headed(kid="x" * 4096),
    "jku": lambda forger: forger.headed(jku="https://evil.example/jwks.json"),
    "x5u": lambda forger: forger.headed(x5u="https://evil.example/cert.pem"),
    "x5c": lambda forger: forger.headed(x5c=["MIIB"]),
    "x5t": lambda forger: forger.headed(x5t="AAAA"),
    "jwk in the header": lambda forger: forger.raw(
        forger.header(jwk={**public(STRANGERS_KEY), "kid": forger.kid}), forger.claims(), STRANGERS_KEY
    ),
    "crit": lambda forger: forger.headed(crit=["exp"]),
    "b64 false": lambda forger: forger.headed(b64=False),
    "zip": lambda forger: forger.headed(zip="DEF"),
    "cty": lambda forger: forger.headed(cty="JWT"),
    "a field that nobody knows": lambda forger: forger.headed(admin=True),
}

SIGNATURES: Mapping[str, Callable[[TokenForger], str]] = {
    "signed by another key": lambda forger: forger.raw(forger.header(), forger.claims(), STRANGERS_KEY),
    "header altered": lambda forger: forger.altered(0),
    "claims altered": lambda forger: forger.altered(1),
    "signature altered": lambda forger: forger.altered(2),
    "signature of another token": lambda forger: forger.exchanged(),
    "signature in DER": lambda forger: forger.der(),
    "signature of zeros": lambda forger: forger.nothing(),
}

CLAIMS: Mapping[str, Callable[[TokenForger], str]] = {
    "expired": lambda forger: forger.token(exp=soon() - 31),
    "expired long ago": lambda forger: forger.token(exp=1),
    "expired before Christ": lambda forger: forger.token(exp=-(10**12)),
    "no expiry": lambda forger: forger.token(exp=None),
    "expired, written as a text": lambda forger: forger.token(exp=str(soon() - 60)),
    "expiry of a text": lambda forger: forger.token(exp=str(soon() + 600)),
    "expiry of a text with a point": lambda forger: forger.token(exp=f"{soon() + 600}.0"),
    "expiry in a list": lambda forger: forger.token(exp=[soon() + 600]),
    "expiry in an object": lambda forger: forger.token(exp={"seconds": soon() + 600}),
    "expiry without end": lambda forger: forger.token(exp=math.inf),
    "expiry after the year 9999": lambda forger: forger.token(exp=253_402_300_800),
    "expiry of 300 digits": lambda forger: forger.token(exp=10**300),
    "expiry of 1e308": lambda forger: forger.token(exp=1e308),
    "expiry of a word": lambda forger: forger.token(exp="never"),
    "expiry of true": lambda forger: forger.token(exp=True),
    "expiry of null": lambda forger: forger.spelled('"exp": null'),
    "expiry of no number": lambda forger: forger.token(exp=math.nan),
    "expiry twice": lambda forger: forger.spelled('"exp": 4000000000'),
    "not valid yet": lambda forger: forger.token(nbf=soon() + 3600),
    "not before of a word": lambda forger: forger.token(nbf="soon"),
    "not before of a text": lambda forger: forger.token(nbf=str(soon() - 60)),
    "not before of no number": lambda forger: forger.token(nbf=math.nan),
    "not before of true": lambda forger: forger.token(nbf=True),
    "not before of null": lambda forger: forger.spelled('"nbf": null'),
    "not before 1970": lambda forger: forger.token(nbf=-1),
    "not before in a list": lambda forger: forger.token(nbf=[]),
    "issued at a text": lambda forger: forger.token(iat=str(soon())),
    "issued at no number": lambda forger: forger.token(iat=math.nan),
    "issued at minus infinity": lambda forger: forger.token(iat=-math.inf),
    "issued at true": lambda forger: forger.token(iat=True),
    "issued in a list": lambda forger: forger.token(iat=[soon()]),
    "issued in the future": lambda forger: forger.token(iat=soon() + 3600),
    "other audience": lambda forger: forger.token(aud="anon"),
    "no audience": lambda forger: forger.token(aud=None),
    "audience within a word": lambda forger: forger.token(aud="authenticated-not"),
    "audience in capitals": lambda forger: forger.token(aud="AUTHENTICATED"),
    "other audiences": lambda forger: forger.token(aud=["a", "b"]),
    "audience of an object": lambda forger: forger.token(aud={"authenticated": True}),
    "other issuer": lambda forger: forger.token(iss="https://evil.example/auth/v1"),
    "issuer of another project": lambda forger: forger.token(iss="https://otherproject.supabase.co/auth/v1"),
    "issuer with a slash more": lambda forger: forger.token(iss=f"{forger.issuer}/"),
    "issuer in a list": lambda forger: forger.token(iss=[forger.issuer]),
    "no issuer": lambda forger: forger.token(iss=None),
    "role anon": lambda forger: forger.token(role="anon"),
    "role service_role": lambda forger: forger.token(role="service_role"),
    "role supabase_admin": lambda forger: forger.token(role="supabase_admin"),
    "no role": lambda forger: forger.token(role=None),
    "role empty": lambda forger: forger.token(role=""),
    "roles in a list": lambda forger: forger.token(role=["authenticated"]),
    "role twice": lambda forger: forger.spelled('"role": "authenticated"'),
    "no subject": lambda forger: forger.token(sub=None),
    "subject that is no UUID": lambda forger: forger.token(sub="admin"),
    "subject of a number": lambda forger: forger.token(sub=7),
    "subject of a list": lambda forger: forger.token(sub=[USER]),
    "subject of an object": lambda forger: forger.token(sub={"id": USER}),
    "subject with SQL": lambda forger: forger.token(sub=f"{USER}'; drop table chat_messages; --"),
    "subject empty": lambda forger: forger.token(sub=""),
    "subject in braces": lambda forger: forger.token(sub=f"{{{USER}}}"),
    "subject without hyphens": lambda forger: forger.token(sub=USER.replace("-", "")),
    "subject with a space": lambda forger: forger.token(sub=f"{USER} "),
    "subject in full-width digits": lambda forger: forger.token(sub=USER.replace("0", "\uff10")),
    "subject twice": lambda forger: forger.spelled(f'"sub": "{uuid.UUID(int=7)}"'),
    "subject twice, once with an escape": lambda forger: forger.spelled(f'"s\\u0075b": "{uuid.UUID(int=7)}"'),
}

BAD: Mapping[str, Callable[[TokenForger], str]] = {**FORM, **HEADERS, **SIGNATURES, **CLAIMS}
"""Each must be refused, and with the same words."""
