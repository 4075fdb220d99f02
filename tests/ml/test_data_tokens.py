from pathlib import Path

import numpy as np
import pytest

from msopt_tui.data.meta import Meta, SplitMeta
from msopt_tui.data.tokens import TokenSplit, TokenStore, dtype_for, rows_in


def store_of(directory: Path, tokens: dict[str, list[int]], dtype: str = "<u2") -> TokenStore:
    for name, ids in tokens.items():
        (directory / f"{name}.bin").write_bytes(np.array(ids, dtype=dtype).tobytes())
    splits = {name: SplitMeta(1, 0, 0, len(ids)) for name, ids in tokens.items()}
    meta = Meta("key", "sha", 0, 300, dtype, 0, splits, {}, {}, {}, {})
    return TokenStore(directory, meta)


@pytest.fixture
def split(tmp_path: Path) -> TokenSplit:
    return store_of(tmp_path, {"train": list(range(100)), "validation": [1, 2], "test": []})["train"]


def test_two_bytes_hold_ids_up_to_65535() -> None:
    assert dtype_for(65_536) == "<u2"
    assert dtype_for(65_537) == "<u4"


@pytest.mark.parametrize(("tokens", "rows"), [(0, 0), (1, 0), (8, 0), (9, 1), (16, 1), (17, 2)])
def test_a_row_needs_a_next_token(tokens: int, rows: int) -> None:
    assert rows_in(tokens, 8) == rows


def test_rows_overlap_by_one_token(split: TokenSplit) -> None:
    assert split.rows(8) == 12
    batch = split.row_batch(np.array([0, 1, 11]), 8)
    assert batch.dtype == np.int64
    np.testing.assert_array_equal(batch, [range(9), range(8, 17), range(88, 97)])


def test_an_offset_shifts_every_row(split: TokenSplit) -> None:
    np.testing.assert_array_equal(split.row_batch(np.array([1]), 8, offset=3), [range(11, 20)])


def test_past_the_end_a_row_goes_on_at_the_beginning(split: TokenSplit) -> None:
    np.testing.assert_array_equal(split.row_batch(np.array([11]), 8, offset=7), [[*range(95, 100), 0, 1, 2, 3]])


def test_rows_and_tail_predict_every_token_once(split: TokenSplit) -> None:
    rows = split.row_batch(np.arange(split.rows(8)), 8)
    targets = [*rows[:, 1:].ravel(), *split.tail(8)[1:]]
    assert targets == list(range(1, 100))


def test_a_split_shorter_than_a_row_is_all_tail(tmp_path: Path) -> None:
    store = store_of(tmp_path, {"train": [5, 6, 7], "validation": [], "test": []})
    assert store["train"].rows(8) == 0
    assert store["train"].tail(8).tolist() == [5, 6, 7]


def test_an_empty_split_has_no_tokens(tmp_path: Path) -> None:
    store = store_of(tmp_path, {"train": [1], "validation": [2], "test": []})
    assert len(store["test"]) == 0
    assert store["test"].tail(8).tolist() == []


def test_large_ids_keep_their_value(tmp_path: Path) -> None:
    store = store_of(tmp_path, {"train": [70_000, 1], "validation": [], "test": []}, "<u4")
    assert store["train"].tail(8).tolist() == [70_000, 1]


def test_tokens_are_read_only(split: TokenSplit) -> None:
    with pytest.raises(ValueError, match="read-only"):
        split.ids[0] = 1


def test_a_batch_may_be_written_to(split: TokenSplit) -> None:
    batch = split.row_batch(np.array([0]), 8)
    batch[0, 0] = 99
    assert split.ids[0] == 0
