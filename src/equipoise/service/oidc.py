"""Logging in at the company's identity provider: OpenID Connect, the authorisation code flow with PKCE, by Authlib.

`begin` gives the address to open in a browser, `finish` takes the one at which the browser ended. What must be the same in both (state,
nonce, PKCE's verifier) is derived from one secret, the flow, that only whoever began has: a cookie of their browser, or the file of the
command line. Nothing is kept meanwhile, so that a server may be started again, and a link sent by somebody else logs nobody in.
"""

import base64
import hashlib
import hmac
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

from equipoise.errors import InputError, NotKnownError
from equipoise.process.kept import word
from equipoise.service import session_file
from equipoise.service.entering import begin_session, team_place
from equipoise.service.log_in_setting import LogInSetting, OidcSetting, is_safe
from equipoise.service.messages.people import LoginAnswer, OidcBeginAnswer, OidcBeginRequest, OidcFinishRequest
from equipoise.service.reaching import public_only
from equipoise.service.register import Context
from equipoise.store.contract import Change, Signature

if TYPE_CHECKING:
    from authlib.integrations.httpx_client import OAuth2Client

    from equipoise.store import Document, Record, Store

Said = dict[str, object]
_SECONDS = 10.0
_FLOW_LASTS = 900
_CALLED = frozenset({"authorization_endpoint", "token_endpoint", "jwks_uri", "userinfo_endpoint"})
_LEEWAY = 60  # seconds by which clocks may differ
# Signatures made with a key that only the provider has; one made with the client's secret, or none, proves nothing.
_ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519"]


def begin(request: OidcBeginRequest, context: Context) -> OidcBeginAnswer:
    """Return the address at which to log in, and the flow that proves later that the same one asked.

    Raises InputError where no provider is configured, NotKnownError where it cannot be reached or is not what it should be.
    """
    place, setting = team_place(request)
    oidc = _configured(setting)
    flow = f"{int(time.time())}.{secrets.token_urlsafe(32)}"
    with _client(oidc, request.redirect) as client:
        provider = _discovered(client, oidc)
        url, state = client.create_authorization_url(
            str(provider["authorization_endpoint"]),
            state=_derived(flow, "state"),
            nonce=_derived(flow, "nonce"),
            code_verifier=_derived(flow, "verifier"),
        )
    if context.door == "cli":
        session_file.hold(place.folder, "oidc", flow)
    told = [
        "Open the address below in a browser and log in. Then run 'equipoise oidc finish' and give the address at which the browser ended."
    ]
    values = {"headline": told, "url": url, "state": state, "flow": None if context.door == "cli" else flow}
    return OidcBeginAnswer.model_validate(values)


def finish(request: OidcFinishRequest, context: Context) -> LoginAnswer:
    """Begin a session of whoever the provider says has logged in.

    The user is the one with the provider's subject, else the one with the verified mail address, who then keeps the subject. Raises
    InputError where no provider is configured, NotKnownError where the answer is not to what was asked, was not given by the provider, has
    expired, or is about somebody who may not log in.
    """
    place, setting = team_place(request)
    oidc = _configured(setting)
    flow = request.flow.get_secret_value() if request.flow is not None else ""
    if not flow and context.door == "cli":
        flow = session_file.held(place.folder, "oidc")
    said = _answered(request.callback.get_secret_value(), flow, oidc)
    claims = _claims(oidc, request.redirect, said, flow)
    record = _user(place.store, oidc, claims, context)
    if context.door == "cli":
        session_file.hold(place.folder, "oidc", "")
    return begin_session(place, setting, record, context, "identity provider")


def _configured(setting: LogInSetting) -> OidcSetting:
    if setting.oidc is None:
        raise InputError("No identity provider is configured.", "Name one in workspace.yaml: people: {oidc: {issuer: ..., client_id: ...}}")
    return setting.oidc


def _derived(flow: str, what: str) -> str:
    """Return a value of a flow that says nothing of the others: HMAC-SHA-256 in 43 characters, as PKCE's verifier must have at least."""
    return base64.urlsafe_b64encode(hmac.digest(flow.encode(), what.encode(), hashlib.sha256)).decode().rstrip("=")


def _answered(callback: str, flow: str, oidc: OidcSetting) -> dict[str, str]:
    """Return what the provider said by way of the browser. Raises NotKnownError where it is no answer to what this flow asked."""
    said = {name: values[0] for name, values in parse_qs(urlsplit(callback.strip()).query).items()}
    begun = flow.partition(".")[0]
    if not begun.isdigit() or not 0 <= time.time() - int(begun) + _LEEWAY <= _FLOW_LASTS + _LEEWAY:
        raise NotKnownError("No log-in was begun here within the last quarter of an hour.", "Begin again: equipoise oidc begin")
    if not hmac.compare_digest(said.get("state", "").encode(), _derived(flow, "state").encode()):
        raise NotKnownError("The address is not the answer to the log-in that was begun here.", "Begin again: equipoise oidc begin")
    if said.get("iss", oidc.issuer).rstrip("/") != oidc.issuer:  # RFC 9207: another provider's answer
        raise NotKnownError("The address is the answer of another identity provider.", "Begin again: equipoise oidc begin")
    if "error" in said or "code" not in said:
        words = said.get("error_description") or said.get("error") or "it gave no code"
        raise NotKnownError(f"The identity provider refused: {words[:200]}.", "Begin again, or ask who runs it.")
    return said


@contextmanager
def _client(oidc: OidcSetting, redirect: str) -> "Iterator[OAuth2Client]":
    """Open a client of the provider; what fails on the way comes out as NotKnownError, without secrets."""
    try:
        import httpx2
        from authlib.integrations.httpx_client import OAuth2Client, OAuthError
        from joserfc.errors import JoseError
    except ModuleNotFoundError:
        raise InputError("An identity provider needs the libraries Authlib and httpx2.", "Install: pip install 'equipoise[team]'") from None
    if not (redirect or oidc.redirect):
        raise InputError("It is not said where the provider sends the browser back to.", "Write redirect in workspace.yaml.")
    secret = oidc.client_secret.get_secret_value() if oidc.client_secret is not None else None
    method = "client_secret_basic" if secret else "none"
    client = OAuth2Client(
        oidc.client_id,
        secret,
        scope="openid email profile",
        redirect_uri=redirect or oidc.redirect,
        code_challenge_method="S256",
        token_endpoint_auth_method=method,
        timeout=_SECONDS,
    )
    try:
        with public_only([urlsplit(oidc.issuer).hostname or ""]), client:
            yield client
    except OAuthError as error:
        words = (error.description or error.error or "no reason given")[:200].rstrip(".")
        raise NotKnownError(f"The identity provider refused: {words}.", "Begin again: equipoise oidc begin") from None
    except JoseError as error:
        raise NotKnownError(
            f"What the identity provider says of who logged in is not to be trusted: {str(error)[:200].rstrip('.')}.",
            "Begin again; should it happen again, tell who runs the provider.",
        ) from None
    except (httpx2.HTTPError, ValueError) as error:
        raise NotKnownError(
            f"The identity provider cannot be reached or understood: {type(error).__name__}.", "Log in with a password, or try again later."
        ) from None


def _discovered(client: "OAuth2Client", oidc: OidcSetting) -> Said:
    """Return what the provider says of itself. Raises NotKnownError where it is another one or has no endpoints."""
    found = _json(client, f"{oidc.issuer}/.well-known/openid-configuration")
    if str(found.get("issuer", "")).rstrip("/") != oidc.issuer:
        raise NotKnownError(
            f"The identity provider calls itself {found.get('issuer')}, not {oidc.issuer}.", "Correct issuer in workspace.yaml."
        )
    unsafe = [name for name, value in found.items() if name in _CALLED and isinstance(value, str) and not is_safe(value)]
    if unsafe:
        raise NotKnownError(f"The identity provider's {unsafe[0]} is not reached by https.", "Correct issuer in workspace.yaml.")
    missing = [name for name in ("authorization_endpoint", "token_endpoint", "jwks_uri") if not isinstance(found.get(name), str)]
    if missing:
        raise NotKnownError(f"The identity provider does not say its {missing[0]}.", "Correct issuer in workspace.yaml.")
    return found


def _json(client: "OAuth2Client", url: str, *, with_token: bool = False) -> Said:
    response = client.request("GET", url, withhold_token=not with_token)
    response.raise_for_status()
    found = response.json()
    return found if isinstance(found, dict) else {}


def _claims(oidc: OidcSetting, redirect: str, said: dict[str, str], flow: str) -> Said:
    """Return what the provider says of who logged in, once it is certain that the provider says so, to us, now, and to this flow."""
    with _client(oidc, redirect) as client:
        provider = _discovered(client, oidc)
        token = client.fetch_token(
            str(provider["token_endpoint"]), grant_type="authorization_code", code=said["code"], code_verifier=_derived(flow, "verifier")
        )
        claims = _verified(str(token.get("id_token", "")), _json(client, str(provider["jwks_uri"])), oidc, flow, str(token["access_token"]))
        endpoint = provider.get("userinfo_endpoint")
        if "email" not in claims and isinstance(endpoint, str):
            more = _json(client, endpoint, with_token=True)
            claims = {**more, **claims} if more.get("sub") == claims["sub"] else claims
        return claims


def _verified(id_token: str, keys: Said, oidc: OidcSetting, flow: str, access_token: str) -> Said:
    """Return the claims of an ID token (OpenID Connect Core, section 3.1.3.7). Raises JoseError where one check fails."""
    from authlib.oidc.core import CodeIDToken
    from joserfc import jwt
    from joserfc.jwk import KeySet

    decoded = jwt.decode(id_token, KeySet.import_key_set(keys), algorithms=_ALGORITHMS)  # type: ignore[arg-type]
    issuer = str(decoded.claims.get("iss", ""))
    options = {
        "iss": {"essential": True, "value": issuer if issuer.rstrip("/") == oidc.issuer else oidc.issuer},
        "aud": {"essential": True, "value": oidc.client_id},
        "nonce": {"essential": True, "value": _derived(flow, "nonce")},
        "sub": {"essential": True},
        "exp": {"essential": True},
    }
    params = {"nonce": _derived(flow, "nonce"), "client_id": oidc.client_id, "access_token": access_token}
    claims = CodeIDToken(decoded.claims, decoded.header, options, params)
    claims.validate(leeway=_LEEWAY)
    return dict(claims)


def _user(store: "Store", oidc: OidcSetting, claims: Said, context: Context) -> "Record":
    """Return the user that the claims are about. Raises NotKnownError where there is none, or who may not log in."""
    subject = str(claims["sub"])
    mail = str(claims.get("email") or "") if claims.get("email_verified") is True else ""
    users = store.records("user")
    found = [one for one in users if word(one.document, "subject") == subject]
    if not found and mail:
        same = [one for one in users if word(one.document, "mail").casefold() == mail.casefold()]
        found = [one for one in same if not word(one.document, "subject")]
    who = mail or subject
    if not found and oidc.unknown == "viewer":
        document = {"name": str(claims.get("name") or ""), "mail": mail, "roles": ["viewer"], "subject": subject, "active": True}
        return _kept(store, Change("user", document, _name_of(mail, subject), 0), context)
    if not found:
        raise NotKnownError(f"{who} is no user here.", "Ask a facilitator to add you, with this mail address or subject.")
    record = found[0]
    if record.document.get("active") is False:
        raise NotKnownError(f"{record.id} may no longer log in here.", "Ask a facilitator.")
    if word(record.document, "subject"):
        return record
    return _kept(store, Change("user", {**record.document, "subject": subject}, record.id, record.revision), context)


def _kept(store: "Store", change: Change, context: Context) -> "Record":
    document: Document = {"user": change.id, **(change.document or {})}
    kept = {column: value for column, value in document.items() if value != ""}
    by = Signature(change.id, context.door, "oidc finish", "logged in at the identity provider")
    return store.change([Change("user", kept, change.id, change.revision)], by)[0]


def _name_of(mail: str, subject: str) -> str:
    """Return the name of a new user: the mail address, else one made of the subject."""
    from equipoise.service.people import user_name

    try:
        return user_name(mail)
    except InputError:
        return f"oidc-{hashlib.sha256(subject.encode()).hexdigest()[:12]}"
