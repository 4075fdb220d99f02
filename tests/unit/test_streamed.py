"""Pieces of an answer: whole characters, few a second, and together the answer."""

from __future__ import annotations

from collections.abc import Sequence

from msopt_tui.steps.streamed import PIECE_SECONDS, Streamed


def pieces(texts: Sequence[str], seconds: float = 1.25 * PIECE_SECONDS) -> tuple[list[tuple[int, str]], Streamed]:
    """What is sent while a token comes every `seconds`."""
    now = 0.0
    sent: list[tuple[int, str]] = []
    streamed = Streamed(lambda kept, text: sent.append((kept, text)), lambda: now)
    for text in texts:
        now += seconds
        streamed(lambda text=text: text)  # type: ignore[misc]  # the default binds this turn's value
    return sent, streamed


def test_a_character_is_sent_when_all_its_bytes_are_there() -> None:
    sent, streamed = pieces(["gr", "gr\ufffd", "grü", "grün\ufffd\ufffd"])
    assert sent == [(0, "gr"), (2, "ü"), (3, "n")]
    assert streamed.text == "grün"


def test_an_answer_that_is_taken_back_is_sent_from_where_it_differs() -> None:
    """Beams change places, and a tokenizer may move a blank once it knows what follows."""
    sent, _ = pieces(["the cat", "the cow sat", "the cow"])
    assert sent == [(0, "the cat"), (5, "ow sat"), (7, "")]


def test_tokens_that_come_fast_share_a_piece() -> None:
    sent, streamed = pieces([f"{'ab' * count}" for count in range(1, 101)], PIECE_SECONDS / 25)
    assert len(sent) in (3, 4)
    assert streamed.text == "ab" * 100
