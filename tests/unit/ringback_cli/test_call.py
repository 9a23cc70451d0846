"""`ringback call`: wrong use, and the words in which a call's way is told."""

import pytest

from ringback_cli import call
from ringback_cli.main import main
from ringback_cli.wire import Json


def test_a_scenario_that_nobody_knows_is_wrong_use_and_names_the_known_ones(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    known: Json = {"scenarios": [{"name": "busy", "number": "+14155550103"}]}

    def answer(_method: str, url: str, _body: Json | None = None) -> Json:
        assert url.endswith("/control/scenarios")
        return known

    monkeypatch.setattr(call, "send_json", answer)
    assert main(["call", "--scenario", "nonsense"]) == 2
    assert "no scenario 'nonsense'; there are: busy" in capsys.readouterr().err
