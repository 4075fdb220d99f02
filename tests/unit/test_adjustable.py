from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from msopt_tui.config.change import value_of, with_changes
from msopt_tui.config.fields import find
from msopt_tui.config.schema import Config
from msopt_tui.protocol.adjustable import ACCUMULATION, ADJUSTABLE, MICRO, check, check_all, complete, rows_per_step


def test_every_row_is_a_setting_with_words_for_its_range() -> None:
    for path, row in ADJUSTABLE.items():
        assert find(path).path == path
        assert row.allowed
        assert row.effect


def test_text_from_a_dialog_becomes_the_settings_type() -> None:
    assert check("train.learning_rate", "3e-4") == 3e-4
    assert check("train.eval_steps", "50") == 50
    assert check_all({"train.lr": "0.1"}) == {"train.learning_rate": 0.1}


@pytest.mark.parametrize("value", ["nan", "-1", "1e9", "fast", "", "inf", math.nan, True])
def test_a_bad_rate_is_refused_with_its_range(value: object) -> None:
    with pytest.raises(ValueError, match=r"train.learning_rate.*> 0 and <= 10"):
        check("train.learning_rate", value)


def test_what_can_not_change_live_says_what_to_do() -> None:
    with pytest.raises(ValueError, match="branch the run"):
        check("model.hidden_size", 64)
    with pytest.raises(ValueError, match=r"did you mean train\.learning_rate"):
        check("train.learning_rat", 1.0)


def test_one_wrong_value_names_all_that_are_wrong() -> None:
    with pytest.raises(ValueError, match=r"learning_rate.*weight_decay"):
        check_all({"train.learning_rate": -1.0, "train.weight_decay": -1.0, "train.eval_steps": 5})


@given(st.sampled_from(sorted(ADJUSTABLE)), st.one_of(st.text(), st.floats(), st.integers(), st.booleans()))
def test_whatever_is_accepted_is_a_finite_value_of_the_type(path: str, value: object) -> None:
    try:
        checked = check(path, value)
    except ValueError:
        return
    assert not isinstance(checked, float) or math.isfinite(checked)


def test_a_list_is_given_and_kept_as_json() -> None:
    checked = check("evaluate.prompts", '["The ", "A "]')
    assert checked == '["The ","A "]'
    changed = with_changes(Config(), {"evaluate.prompts": checked})
    assert changed.evaluate.prompts == ["The ", "A "]
    assert value_of(changed, "evaluate.prompts") == checked
    with pytest.raises(ValueError, match=r"evaluate\.prompts"):
        check("evaluate.prompts", "The ")


@given(st.integers(1, 64), st.integers(1, 64), st.integers(1, 64), st.sampled_from([MICRO, ACCUMULATION]))
def test_a_step_keeps_its_rows_or_the_change_is_refused(micro: int, accumulation: int, new: int, which: str) -> None:
    config = with_changes(Config(), {MICRO: micro, ACCUMULATION: accumulation})
    rows = rows_per_step(config)
    if rows % new:
        with pytest.raises(ValueError, match="one of 1"):
            complete(config, {which: new})
    else:
        changed = with_changes(config, complete(config, {which: new}))
        assert rows_per_step(changed) == rows
        assert value_of(changed, which) == new


def test_other_changes_stand_alone() -> None:
    assert complete(Config(), {"train.learning_rate": 0.1}) == {"train.learning_rate": 0.1}
