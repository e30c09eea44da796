"""Addresses of notices: their secrets stay where they are."""

import pytest
from pydantic import ValidationError

from equipoise.service.notifying import Message, channels_of, send, shown
from equipoise.tables.process_setting import ProcessSetting

NEWS = Message("Subject", "text", "text")


def test_a_plan_file_holds_no_password() -> None:
    audience = {"audience": "All", "addresses": ["mailto://me:hidden@mail.example"]}
    for values in ({"audiences": [audience]}, {"mail_server": "mailtos://me:hidden@mail.example"}):
        with pytest.raises(ValidationError, match="a password stands in an address"):
            ProcessSetting.model_validate(values)
    assert ProcessSetting.model_validate({"mail_server": "env:MAIL"}).mail_server == "env:MAIL"


def test_what_is_shown_of_an_address_is_no_secret() -> None:
    assert shown("json://host/token-1234") == "json"
    assert shown("anna@mail.example") == "anna@mail.example"
    assert shown("env:HOOK") == "env:HOOK"


def test_what_went_wrong_is_said_without_the_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_SUCH", raising=False)
    assert "NO_SUCH is not set" in send("env:NO_SUCH", NEWS, "")
    assert "No mail server is known" in send("anna@mail.example", NEWS, "env:NO_SUCH")
    assert "not understood" in send("nothing://token-1234", NEWS, "")
    monkeypatch.setenv("HOOK", "json://127.0.0.1:9/token-1234?cto=1")
    error = send("env:HOOK", NEWS, "")
    assert error.startswith("It could not be sent")
    assert "token-1234" not in error


def test_people_are_told_by_the_channel_that_they_have() -> None:
    assert channels_of("mail", "a@b.c", ["env:HOOK"]) == ["a@b.c"]
    assert channels_of("chat", "a@b.c", ["env:HOOK", "mailto://x"]) == ["env:HOOK"]
    assert channels_of("chat", "a@b.c", []) == ["a@b.c"]
    assert channels_of("mail", "", []) == []
