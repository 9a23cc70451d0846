"""Wrong use of the command ends with a line that says what is wrong, never with a traceback."""

import sys
from pathlib import Path

import pytest

from ringback_cli.main import main

SID = "CA0123456789abcdef0123456789abcdef"


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["up", "--port", "99999"], "--port"),
        (["up", "--port", "-5"], "--port"),
        (["up", "--port", "65531"], "--port"),
        (["call", "--port", "9" * 5_000], "--port"),
        (["scenarios", "--port", "0"], "--port"),
        (["up", "--time-factor", "0"], "--time-factor"),
        (["up", "--time-factor", "nan"], "--time-factor"),
        (["up", "--time-factor", "inf"], "--time-factor"),
        (["call", "--private", "--time-factor", "fast"], "--time-factor"),
        (["calls", "--from", "", "list"], "--from"),
        (["calls", "--from", "127.0.0.1:99999", "list"], "--from"),
        (["report", "--to", "nowhere"], "--to"),
        (["report", "--port", "0"], "--port"),
        (["calls", "list", "--port", "0"], "--port"),
        (["opt-outs", "remove", "+14155550100", "--port", "0"], "--port"),
        (["calls", "list", "--limit", "-1"], "--limit"),
        (["calls", "show", "\udcff"], "UTF-8"),
        (["call", "--text", "\udcff"], "UTF-8"),
    ],
)
def test_a_flag_that_makes_no_sense_is_named(
    arguments: list[str], named: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert named in capsys.readouterr().err


@pytest.mark.parametrize("content", ["[" * 100_000, "[]", "null", "\x00", '{"status":' * 50_000])
def test_a_file_that_is_no_report_is_refused(
    tmp_path: Path, content: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "report.json"
    path.write_text(content)
    assert main(["report", str(path)]) == 2
    assert "report.json" in capsys.readouterr().err


def test_a_data_folder_that_cannot_be_made_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    taken = tmp_path / "file"
    taken.touch()
    assert main(["up", "--port", "21990", "--data-dir", str(taken / "data")]) == 1
    assert "file/data" in capsys.readouterr().err


def test_without_an_open_output_nothing_fails(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdout", None)
    assert main(["report", str(tmp_path / "none.json")]) == 2
    with pytest.raises(SystemExit) as ended:
        main(["report", "--nonsense"])
    assert ended.value.code == 2
    assert "--nonsense" in capsys.readouterr().err
