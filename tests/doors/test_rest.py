"""The REST door beyond what all doors share: tables in every kind, revisions, repeats, jobs, sessions, and what is refused."""

import io
import json
import logging
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from jsonschema import Draft202012Validator
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from starlette.testclient import TestClient

from equipoise.interfaces.api.app import create
from equipoise.interfaces.api.logs import Lines
from equipoise.interfaces.api.openapi import description
from equipoise.interfaces.api.performing import Limits
from equipoise.interfaces.api.tables import ARROW, CSV, PARQUET
from equipoise.service import OPERATIONS, call
from equipoise.service.messages import ShowAnswer
from tests.doors.conftest import CONTEXT
from tests.doors.played import PASSWORD

API = "/api/v1"
TABLE = f"{API}/table/demand_plan"


def client_of(folder: Path, limits: Limits | None = None, base: str = "http://localhost") -> TestClient:
    return TestClient(create(folder, limits), base_url=base)


@pytest.fixture(scope="module")
def rest(lamps: Path) -> TestClient:
    """The server of a workspace that is only read."""
    return client_of(lamps)


@pytest.fixture
def own(quick: Path) -> TestClient:
    """The server of a workspace of the test's own."""
    return client_of(quick)


def test_a_table_comes_in_every_kind_with_the_same_rows(rest: TestClient, lamps: Path) -> None:
    shown = call("show", {"plan": str(lamps), "table": "demand_plan", "sort": ["-quantity"], "limit": 0}, CONTEXT)
    assert isinstance(shown, ShowAnswer)
    query = {"sort": "-quantity"}
    page = rest.get(TABLE, params={**query, "limit": 0}).json()
    assert page["rows"] == shown.rows
    for kind, read in ((ARROW, pl.read_ipc_stream), (PARQUET, pl.read_parquet)):
        answer = rest.get(TABLE, params=query, headers={"Accept": f"text/html;q=0.9, {kind}"})
        assert answer.headers["content-type"] == kind
        frame = read(io.BytesIO(answer.content))
        assert frame.columns == shown.columns
        assert frame.get_column("quantity").to_list() == [row[shown.columns.index("quantity")] for row in shown.rows]
    answer = rest.get(TABLE, params=query, headers={"Accept": CSV})
    assert pl.read_csv(io.BytesIO(answer.content)).height == shown.total_rows == int(answer.headers["x-total-count"])
    refused = rest.get(TABLE, headers={"Accept": "application/xml"})
    assert refused.status_code == 406
    assert CSV in refused.json()["fix"]


def test_a_table_comes_page_by_page_and_of_the_columns_asked_for(rest: TestClient) -> None:
    query: dict[str, Any] = {"where": ["item=Desk Lamp", "market=Shops"], "columns": "period,quantity", "limit": 5}
    first = rest.get(TABLE, params=query)
    rows = list(first.json()["rows"])
    assert first.json()["columns"] == ["period", "quantity"]
    answer = first
    while "next" in answer.links:
        answer = rest.get(answer.links["next"]["url"])
        rows += answer.json()["rows"]
    assert len(rows) == first.json()["total_rows"] > 5
    assert rows == sorted(rows)
    across = rest.get(TABLE, params={"pivot": "true", "by": "item"}).json()
    assert across["columns"][0] == "item"
    assert len(across["columns"]) == len(rows) + 2
    assert rest.get(TABLE, params={"limit": "many"}).status_code == 422
    assert rest.get(TABLE, params=[("limit", "1"), ("limit", "2")]).status_code == 422
    few = client_of_few(rest)
    assert few.get(TABLE, params={"limit": 0}).status_code == 422


def client_of_few(rest: TestClient) -> TestClient:
    app: Any = rest.app
    return client_of(app.state.place.folder, Limits(rows=10))


def test_what_was_read_and_has_not_changed_is_not_sent_again(rest: TestClient) -> None:
    for path in (TABLE, f"{API}/version", f"{API}/table"):
        tag = rest.get(path).headers["etag"]
        again = rest.get(path, headers={"If-None-Match": f'"other", {tag}'})
        assert (again.status_code, again.content) == (304, b"")
    assert rest.get(TABLE, headers={"If-None-Match": rest.get(TABLE, params={"limit": 3}).headers["etag"]}).status_code == 200


def test_a_change_on_an_old_revision_is_refused_and_writes_nothing(own: TestClient) -> None:
    made = own.post(f"{API}/action", json={"statement": "Count"})
    assert (made.status_code, made.headers["location"], made.headers["etag"]) == (201, f"{API}/action/action-1", '"1"')
    where = made.headers["location"]
    assert own.get(where).headers["etag"] == '"1"'
    assert own.patch(where, json={"note": "mine"}, headers={"If-Match": '"1"'}).headers["etag"] == '"2"'
    lost = own.patch(where, json={"note": "yours"}, headers={"If-Match": '"1"'})
    assert lost.status_code == 412
    assert "mine" in lost.json()["message"]
    assert own.patch(where, json={"note": "yours", "revision": 1}).status_code == 409
    assert own.patch(where, json={"note": "yours"}, headers={"If-Match": "latest"}).status_code == 412
    assert own.patch(where, json={"note": "yours", "revision": 1}, headers={"If-Match": '"2"'}).status_code == 400
    assert own.get(where).json()["record"]["note"] == "mine"


def test_what_is_sent_twice_with_a_key_is_done_once(own: TestClient) -> None:
    headers = {"Idempotency-Key": "0b9e"}

    def send(_: int) -> tuple[int, str]:
        answer = own.post(f"{API}/action", json={"statement": "Count"}, headers=headers)
        return answer.status_code, answer.json().get("id", "")

    with ThreadPoolExecutor(6) as pool:
        found = set(pool.map(send, range(12)))
    assert found <= {(201, "action-1"), (409, "")}
    again = own.post(f"{API}/action", json={"statement": "Count"}, headers=headers)
    assert (again.status_code, again.json()["id"], again.headers["idempotency-replayed"]) == (201, "action-1", "true")
    assert again.headers["location"] == f"{API}/action/action-1"
    assert len(own.get(f"{API}/action").json()["records"]) == 1
    assert own.post(f"{API}/action", json={"statement": "Other"}, headers=headers).status_code == 422
    assert own.post(f"{API}/action", json={}, headers={"Idempotency-Key": "b"}).status_code == 422
    assert own.post(f"{API}/action", json={"statement": "Mended"}, headers={"Idempotency-Key": "b"}).status_code == 201
    assert own.post(f"{API}/token", json={"name": "x"}, headers=headers).status_code == 400


def test_a_long_operation_is_a_job_with_events(own: TestClient) -> None:
    begun = own.post(f"{API}/run", json={"force": True})
    assert begun.status_code == 202
    with own.stream("GET", begun.headers["location"] + "/events") as events:
        assert events.headers["content-type"].startswith("text/event-stream")
        text = "".join(events.iter_text())
    kinds = [line.removeprefix("event: ") for line in text.splitlines() if line.startswith("event: ")]
    assert kinds[-1] == "end"
    assert set(kinds[:-1]) <= {"progress"}
    last = json.loads(text.rstrip().rpartition("data: ")[2])
    assert last["state"] == "done", last
    assert own.get(f"{API}/job/job-none/events").status_code == 404


@pytest.mark.parametrize(
    ("path", "sent", "status"),
    [
        ("/action", {"content": b"{", "headers": {"Content-Type": "application/json"}}, 400),
        ("/action", {"content": b"[1]", "headers": {"Content-Type": "application/json"}}, 400),
        ("/action", {"content": b'{"statement": NaN}', "headers": {"Content-Type": "application/json"}}, 400),
        ("/action", {"content": b"[" * 5000, "headers": {"Content-Type": "application/json"}}, 400),
        ("/action", {"content": b"statement=x", "headers": {"Content-Type": "application/x-www-form-urlencoded"}}, 415),
        ("/action", {"content": b"\xff\xfe{}", "headers": {"Content-Type": "application/json"}}, 400),
        ("/action?statement=x", {"json": {"statement": "x"}}, 400),
        ("/action", {"json": {"statement": 5}}, 422),
        ("/action", {"json": {"statement": "x", "colour": "red"}}, 422),
        ("/action", {"json": {"statement": "x", "workspace": "/etc"}}, 422),
        ("/action", {"json": {"statement": "x", "plan": "../other/plan.yaml"}}, 404),
        ("/action", {"json": {"statement": "x", "plan": "/etc/passwd"}}, 404),
        ("/target/check", {"json": {"file": "/etc/passwd"}}, 422),
        ("/action/x/note", {"json": {}}, 404),
        ("/nothing", {"json": {}}, 404),
        ("/version", {"json": {}}, 405),
        ("/action", {"content": b"x" * 5_000_000, "headers": {"Content-Type": "application/json"}}, 413),
        ("/action", {"content": iter([b" " * 1_000_000] * 6), "headers": {"Content-Type": "application/json"}}, 413),
    ],
)
def test_what_is_wrong_is_refused_in_the_one_shape(rest: TestClient, path: str, sent: dict[str, Any], status: int) -> None:
    answer = rest.post(API + path, **sent)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    held = answer.json()
    assert {"error", "message", "where", "fix", "type", "title", "status", "detail"} <= held.keys()
    assert held["status"] == status
    assert "Traceback" not in answer.text


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://other.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Cookie": "equipoise_session=abc"},
        {"Origin": "http://localhost:9999"},
    ],
)
def test_a_change_from_another_sites_page_is_refused(rest: TestClient, headers: dict[str, str]) -> None:
    assert rest.post(f"{API}/action", json={"statement": "x"}, headers=headers).status_code == 403


def test_nobody_points_another_name_at_the_server_of_one_who_need_not_log_in(rest: TestClient) -> None:
    for host in ("rebound.example", "rebound.example:80", "localhost.rebound.example", "", "\x00", "10.0.0.1"):
        assert rest.get(f"{API}/version", headers={"Host": host}).status_code == 421, host
    for host in ("localhost:8300", "127.0.0.1", "[::1]:8300"):
        assert rest.get(f"{API}/version", headers={"Host": host}).status_code == 200, host


def test_every_answer_has_the_headers_that_keep_a_browser_safe(rest: TestClient) -> None:
    for path in ("/", f"{API}/version", f"{API}/nothing", "/page/start.css", f"{API}/table/none"):
        headers = rest.get(path).headers
        assert "unsafe" not in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-request-id"]
    assert "strict-transport-security" not in rest.get("/").headers


@pytest.fixture
def team(quick: Path) -> Iterator[TestClient]:
    """The server of a team's workspace, over TLS."""
    call("user add", {"plan": str(quick), "user": "fay", "roles": ["facilitator"], "new_password": PASSWORD}, CONTEXT)
    with client_of(quick, base="https://plan.lamps.example") as client:
        yield client


def test_a_session_is_a_cookie_that_no_script_reads(team: TestClient, caplog: pytest.LogCaptureFixture) -> None:
    assert team.get(f"{API}/version").status_code == 401
    assert team.get("/", follow_redirects=False).headers["location"] == "/log-in"
    assert 'name="password"' in team.get("/log-in").text
    caplog.set_level(logging.INFO, "equipoise.server")
    entered = team.post(f"{API}/login", json={"user": "fay", "password": PASSWORD})
    cookie = entered.headers["set-cookie"]
    assert cookie.startswith("__Host-equipoise_session=")
    assert {"HttpOnly", "SameSite=Lax", "Secure", "Path=/"} <= {part.strip() for part in cookie.split(";")}
    secret = cookie.partition("=")[2].partition(";")[0]
    assert entered.json()["session"] is None
    assert team.get(f"{API}/whoami").json()["user"] == "fay"
    assert team.get("/").status_code == 200
    assert "max-age" in team.get("/").headers["strict-transport-security"]
    own = {"Origin": "https://plan.lamps.example"}
    assert team.post(f"{API}/action", json={"statement": "x"}).status_code == 403, "a cookie without a word from where"
    assert team.post(f"{API}/action", json={"statement": "x"}, headers=own).status_code == 201
    token = team.post(f"{API}/token", json={"name": "nightly"}, headers=own).json()["token"]
    assert team.post(f"{API}/logout", json={}, headers=own).status_code == 200
    assert team.get(f"{API}/whoami").status_code == 401
    assert team.get(f"{API}/whoami", headers={"Authorization": f"Bearer {token}"}).json()["user"] == "fay"
    assert team.get(f"{API}/whoami", headers={"Authorization": f"Basic {token}"}).status_code == 401
    written = "\n".join(Lines().format(record) for record in caplog.records)
    assert json.loads(written.splitlines()[0])["path"] == f"{API}/login"
    assert '"actor": "fay"' in written
    for kept in (secret, token, PASSWORD):
        assert kept not in written


def test_outputs_are_given_to_whoever_may_look_and_nothing_else_is(rest: TestClient, lamps: Path, team: TestClient) -> None:
    links = [part.partition('"')[0] for part in rest.get("/").text.split('href="')[1:] if part.startswith("/out/")]
    report = next(link for link in links if link.endswith("report.html"))
    answer = rest.get(report)
    assert answer.content == next(lamps.glob("out/*/v*/report.html")).read_bytes()
    assert "script-src" not in answer.headers["content-security-policy"]
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    base = report.rpartition("/")[0]
    for path in ("..%2f..%2f..%2fplan.yaml", "%2e%2e/%2e%2e/%2e%2e/plan.yaml", "%2fetc%2fpasswd", "none.html", "a%00b", ""):
        assert rest.get(f"{base}/{path}", follow_redirects=False).status_code == 404, path
    assert rest.get("/page/..%2fapp.py").status_code == 404
    assert team.get(report, follow_redirects=False).headers["location"] == "/log-in"


def test_it_says_whether_it_lives_and_can_work(rest: TestClient, tmp_path: Path) -> None:
    assert rest.get(f"{API}/health").json()["status"] == "ok"
    assert rest.get(f"{API}/ready").json() == {"status": "ok"}
    empty = client_of(tmp_path)
    assert empty.get(f"{API}/health").status_code == 200
    assert empty.get(f"{API}/ready").status_code == 503
    assert empty.get("/").status_code == 200


def test_what_takes_too_long_is_stopped(lamps: Path) -> None:
    slow = client_of(lamps, Limits(seconds=0.001))
    answer = slow.get(f"{API}/try", params={"change": "demand_plan: +10 %"})
    assert answer.status_code == 503
    assert answer.json()["error"] == "RequestError"


def test_each_request_is_a_span_where_somebody_collects_them(rest: TestClient) -> None:
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    trace.set_tracer_provider(provider)
    rest.get(f"{API}/version")
    names = {span.name for span in exporter.get_finished_spans()}
    assert any("/version" in name for name in names), names


def test_the_description_has_every_operation_with_examples_that_fit() -> None:
    held = description()
    described = {one["operationId"] for place in held["paths"].values() for one in place.values()}
    assert {operation.name.replace(" ", "_") for operation in OPERATIONS.values() if "rest" in operation.doors} <= described
    checked = 0
    for path, place in held["paths"].items():
        for method, one in place.items():
            for content in _contents(one):
                assert "$ref" not in content.get("example", {})
                if "example" in content:
                    faults = list(_validator(content["schema"], held).iter_errors(content["example"]))
                    assert not faults, (method, path, [fault.message[:200] for fault in faults[:3]])
                    checked += 1
    assert checked > 100


def _contents(one: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield from one.get("requestBody", {}).get("content", {}).values()
    for answer in one["responses"].values():
        yield from answer.get("content", {}).values()


def _validator(schema: dict[str, Any], held: dict[str, Any]) -> Draft202012Validator:
    return Draft202012Validator({**schema, "components": held["components"]})


def test_a_workspace_that_is_moved_is_served_as_it_was(lamps: Path, tmp_path: Path) -> None:
    shutil.copytree(lamps, tmp_path / "moved")
    assert client_of(tmp_path / "moved").get(TABLE).status_code == 200
