"""Logging in from a browser: the session is a cookie that no script reads, and so is what proves that the same browser began to log in."""

from dataclasses import replace

from pydantic import BaseModel
from starlette.requests import Request

from equipoise.interfaces.api.given import Values
from equipoise.interfaces.api.performing import FLOW_COOKIE, SESSION_COOKIE, cookie, secure
from equipoise.interfaces.api.routes import Route
from equipoise.service import Context
from equipoise.service.messages.people import LoginAnswer, OidcBeginAnswer

_FLOW_SECONDS = 900


def without_session(route: Route, context: Context) -> Context:
    """Return the context of who logs in: a session that is there already says nothing of who they will be."""
    return replace(context, token="") if route.operation.name in {"login", "oidc begin", "oidc finish"} else context


def with_cookies(route: Route, request: Request, values: Values) -> Values:
    """Return the values with the flow that the browser keeps, where it finishes logging in."""
    if route.operation.name == "oidc finish" and "flow" not in values and (flow := cookie(request, FLOW_COOKIE)):
        return {**values, "flow": flow}
    return values


def cookies(route: Route, request: Request, answer: BaseModel) -> tuple[BaseModel, dict[str, str]]:
    """Return the answer without its secrets, and the header that gives them to the browser alone."""
    if isinstance(answer, LoginAnswer) and answer.session is not None:
        return answer.model_copy(update={"session": None}), session_cookie(request, answer.session.get_secret_value())
    if isinstance(answer, OidcBeginAnswer) and answer.flow is not None:
        return answer.model_copy(update={"flow": None}), _set(request, FLOW_COOKIE, answer.flow.get_secret_value(), _FLOW_SECONDS)
    if route.operation.name == "logout":
        return answer, _set(request, SESSION_COOKIE, "", 0)
    return answer, {}


def _set(request: Request, name: str, value: str, seconds: int | None) -> dict[str, str]:
    parts = [f"{'__Host-' if secure(request) else ''}{name}={value}", "Path=/", "HttpOnly", "SameSite=Lax"]
    parts += ["Secure"] if secure(request) else []
    parts += [f"Max-Age={seconds}"] if seconds is not None else []
    return {"Set-Cookie": "; ".join(parts)}


def session_cookie(request: Request, secret: str) -> dict[str, str]:
    """Return the header that gives a browser its session."""
    return _set(request, SESSION_COOKIE, secret, None)
