"""Downloads from the hub tell of their bytes, end when asked, and say what to do where they fail."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import huggingface_hub
import msgspec
import pytest

from msopt_tui.config.schema import Source
from msopt_tui.data import sources
from msopt_tui.data.errors import DataError
from msopt_tui.data.pretrained import locate
from msopt_tui.data.tally import Tally
from msopt_tui.data.watch import Watcher
from msopt_tui.ml import pretrained
from tests.hub_server import Hub
from tests.ml import hub_standins

WEIGHTS = bytes(4 << 20)
MODEL = {"config.json": b"{}", "model.safetensors": WEIGHTS, "pytorch_model.bin": bytes(9)}
ROWS = b"".join(msgspec.json.encode({"text": f"row {number}" * 50}) + b"\n" for number in range(6_000))


class Stop(BaseException):
    """What a stop raises: no error."""


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    hub = Hub({"models/someone/small": dict(MODEL), "datasets/someone/rows": {"train.jsonl": ROWS}})
    hub.is_the_hub(monkeypatch, tmp_path)
    yield hub
    hub.close()
    huggingface_hub.close_session()


class Listener:
    """Hears what is said, and acts once half of a download has been told of; without that it fails."""

    def __init__(self, what: str, then: Callable[[], None]) -> None:
        self.said: list[tuple[int, int, str, str]] = []
        self._what, self._then, self._checks = what, then, 0

    @property
    def watcher(self) -> Watcher:
        return Watcher(lambda *so_far: self.said.append(so_far), self._check)

    def _check(self) -> None:
        self._checks += 1
        if any(unit == "bytes" and what == self._what and 0 < done < total for done, total, unit, what in self.said):
            self._then()
        assert self._checks < 200, "no byte of the download was told of"

    @property
    def totals(self) -> set[int]:
        return {total for _, total, unit, _ in self.said if unit == "bytes"}


def stop() -> None:
    raise Stop


def test_a_model_tells_of_its_bytes_and_is_not_downloaded_twice(
    hub: Hub, tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    listener = Listener("downloading someone/small", hub.go_on.set)
    watcher, said = listener.watcher, listener.said
    hub.go_on.clear()
    directory = locate("someone/small", tmp_path, weights=True, watcher=watcher)
    assert (directory / "model.safetensors").read_bytes() == WEIGHTS
    assert sorted(hub.asked) == ["config.json", "model.safetensors"], "no pickles"
    assert said[0][2:] == ("", "looking someone/small up on the hub")
    assert listener.totals == {len(WEIGHTS) + len(MODEL["config.json"])}
    said.clear()
    assert locate("someone/small", tmp_path, weights=True, watcher=watcher) == directory
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    assert locate("someone/small", tmp_path, weights=True, watcher=watcher) == directory
    assert len(hub.asked) == 2
    assert not listener.totals, "nothing is downloaded, so nothing is said to be"
    assert capfd.readouterr() == ("", "")


def test_a_stop_during_a_download_is_served_at_once(hub: Hub, tmp_path: Path) -> None:
    listener = Listener("downloading someone/small", stop)
    hub.go_on.clear()
    with pytest.raises(Stop):
        locate("someone/small", tmp_path, weights=True, watcher=listener.watcher)
    assert not hub.go_on.is_set(), "it did not wait for the rest"
    hub.go_on.set()
    directory = locate("someone/small", tmp_path, weights=True)
    assert (directory / "model.safetensors").read_bytes() == WEIGHTS
    assert hub.asked.count("config.json") == 1, "what had come whole is kept"


def test_a_line_that_breaks_is_one_message_with_the_way_out(
    hub: Hub, tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("time.sleep", lambda _: None)  # before the library tries again by itself
    hub.breaks = True
    with pytest.raises(
        DataError, match=r"^model.pretrained: someone/small .*check the name and the network.* are kept"
    ):
        locate("someone/small", tmp_path, weights=True)
    assert capfd.readouterr() == ("", "")


def test_a_data_set_tells_of_bytes_and_of_rows(hub: Hub, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    listener = Listener("downloading someone/rows", hub.go_on.set)
    hub.go_on.clear()
    source = Source(kind="datasets", path="someone/rows", split="train")
    sources.fetch(source, tmp_path, listener.watcher)
    assert listener.totals == {len(ROWS)}
    assert listener.said[-1] == (6_000, 0, "rows", "reading someone/rows into a table")
    found = list(sources.rows(source, tmp_path, Tally()))
    assert (len(found), found[7].values["text"]) == (6_000, "row 7" * 50)
    assert hub.asked == ["train.jsonl"]
    assert capfd.readouterr() == ("", "")


def test_a_pretrained_network_tells_of_its_tensors_and_can_be_stopped_between_two(tmp_path: Path) -> None:
    directory = hub_standins.model(tmp_path / "small", "gpt2", ["a text", "and another"])
    listener = Listener("nothing", lambda: None)
    network = pretrained.read(directory, vocab_size=258, watcher=listener.watcher).model
    assert listener.said[0] == (0, 0, "", "loading the weights of small")
    tensors = len({id(one) for one in network.state_dict().values()}) - 1
    assert listener.said[-1] == (tensors - 1, tensors, "tensors", "loading the weights of small")
    with pytest.raises(Stop):
        pretrained.read(directory, vocab_size=258, watcher=Watcher(lambda *_: None, stop))
