"""What the keys of a dialog do stands in its frame: a line that is cut hides the last of them."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from textual.geometry import Size

from tui.panels.hints import Hints

TUI = Path(__file__).parents[3] / "tui"
NARROWEST = 60
"""Of a dialog of 64 columns, which is what one has that says nothing else."""
WIDER = {"FormDialog", "NewSessionForm", "ReviewScreen", "Words"}
"""Their style sheets give them more; at 80 columns all of it fits."""


def test_the_keys_of_a_dialog_fit_its_frame() -> None:
    for path in TUI.rglob("*.py"):
        for dialog in ast.walk(ast.parse(path.read_text())):
            if not isinstance(dialog, ast.ClassDef):
                continue
            wide = dialog.name in WIDER or "WIDE: ClassVar[bool] = True" in ast.unparse(dialog)
            for call in ast.walk(dialog):
                if isinstance(call, ast.Call) and ast.unparse(call.func) == "self.hint":
                    for said in ast.walk(call):
                        if isinstance(said, ast.Constant) and isinstance(said.value, str):
                            assert len(said.value) <= (66 if wide else NARROWEST), said.value


def test_keys_that_were_said_while_there_was_no_room_are_laid_out_for_what_there_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    hints = Hints()
    hints.say((("a", "all tiles"), ("b", "both")))
    monkeypatch.setattr(Hints, "size", Size(40, 1))
    assert hints.render().plain == "a all tiles  b both"
