"""Plans of a workspace folder by name."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from equipoise.errors import NotFoundError
from equipoise.service.plan_names import plan_file, plans


def _write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_plans_are_named_as_they_call_themselves_the_default_first(tmp_path: Path) -> None:
    _write(tmp_path, "autumn.yaml", "plan: lamps-autumn  # the fair\ndata: tables\n")
    main = _write(tmp_path, "plan.yaml", "# A plan\nplan: 'lamps'\ndata: tables\n")
    _write(tmp_path, "workspace.yaml", "tables: other\n")
    _write(tmp_path, "compose.yaml", "services: {}\n")
    _write(tmp_path, ".hidden.yaml", "plan: hidden\n")
    (tmp_path / "folder.yaml").mkdir()
    assert list(plans(tmp_path)) == ["lamps", "lamps-autumn"]
    assert plan_file(tmp_path) == plan_file(tmp_path, "lamps") == plan_file(tmp_path, "plan") == plan_file(tmp_path, "plan.yaml") == main


def test_two_files_of_one_name_go_by_their_files_names(tmp_path: Path) -> None:
    a = _write(tmp_path, "a.yaml", "plan: lamps\ndata: t\n")
    b = _write(tmp_path, "b.yml", "plan: lamps\ndata: t\n")
    assert plans(tmp_path) == {"a": a, "b": b}
    _write(tmp_path, "c.yaml", "plan: b\ndata: t\n")
    assert len(plans(tmp_path)) == 3
    with pytest.raises(NotFoundError, match="several plans"):
        plan_file(tmp_path)


def test_a_plan_that_is_changed_is_read_again(tmp_path: Path) -> None:
    path = _write(tmp_path, "one.yaml", "plan: lamps\ndata: t\n")
    assert list(plans(tmp_path)) == ["lamps"]
    path.write_text("inputs: {}\n", encoding="utf-8")
    assert plans(tmp_path) == {"one": path}
    assert plan_file(tmp_path) == path


def test_what_is_not_there_is_refused_with_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="no plan file"):
        plan_file(tmp_path)
    _write(tmp_path, "plan.yaml", "plan: lamps\ndata: t\n")
    with pytest.raises(NotFoundError) as caught:
        plan_file(tmp_path, "lumps")
    assert "lamps" in caught.value.fix


@given(
    st.one_of(st.text(), st.sampled_from(["../secret", "/etc/passwd", "..", "sub/plan.yaml", "..\\secret", "plan.yaml/", "~/plan.yaml"]))
)
def test_a_name_never_leads_out_of_the_folder(tmp_path_factory: pytest.TempPathFactory, name: str) -> None:
    folder = tmp_path_factory.getbasetemp() / "names"
    folder.mkdir(exist_ok=True)
    _write(folder, "plan.yaml", "plan: lamps\ndata: t\n")
    _write(folder.parent, "secret.yaml", "plan: secret\ndata: t\n")
    try:
        found = plan_file(folder, name)
    except NotFoundError:
        return
    assert found == folder / "plan.yaml"
    assert name in {"", "lamps", "plan", "plan.yaml"}
