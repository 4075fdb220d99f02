"""Project files: what is right is read, what is wrong is said, all at once and with the way out."""

from __future__ import annotations

import contextlib
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from msopt_tui.config.aliases import ALIASES
from msopt_tui.config.change import value_of, with_changes
from msopt_tui.config.dump import flatten, to_toml
from msopt_tui.config.errors import ConfigError
from msopt_tui.config.fields import fields_of, find, tables
from msopt_tui.config.load import load_project
from msopt_tui.config.schema import Config

MINIMAL = '[data]\nsources = [{ kind = "python-topics" }]\n'


def write(folder: Path, text: str | bytes) -> Path:
    path = folder / "project.toml"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def problems(path: Path, *overrides: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load_project(path, overrides)
    return [str(problem) for problem in caught.value.problems]


def test_the_smallest_project_takes_every_default(tmp_path: Path) -> None:
    config = load_project(write(tmp_path, MINIMAL))
    assert config.project.name == tmp_path.name
    assert config.train == Config().train


def test_every_problem_comes_in_one_go_with_line_and_nearest_key(tmp_path: Path) -> None:
    found = problems(
        write(
            tmp_path,
            MINIMAL + "max_lenght = 64\n[train]\nmax_steps = true\nweight_decay = nan\nlr = 50\n[trian]\n",
        )
    )
    assert found == [
        "project.toml:3: data.max_lenght: unknown key; did you mean max_length?",
        "project.toml:5: train.max_steps: True is not allowed: a whole number >= -1 and <= 10^12",
        "project.toml:6: train.weight_decay: nan is not allowed: a number >= 0 and <= 10",
        "project.toml:7: train.lr: 50 is not allowed: a number > 0 and <= 10",
        "project.toml:8: trian: unknown table; did you mean train?",
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is empty"),
        ("  \n\n", "is empty"),
        ("[train\n", "not valid TOML"),
        ("[train]\nseed = 1\nseed = 2\n", "not valid TOML"),
        (b"\xff\xfe[\x00t\x00", "is not UTF-8 text"),
        ("train = 3\n" + MINIMAL, "a table is meant: [train]"),
        ("# c\nlr = 1\n" + MINIMAL, "project.toml:2: lr: a key outside a table: it belongs to [train]"),
        (
            "max_lenght = 9\n" + MINIMAL,
            "project.toml:1: max_lenght: a key outside a table; did you mean max_length of [data]?",
        ),
        ('text_column = "text"\n' + MINIMAL, "text_column: a key outside a table: it belongs to [[data.sources]]"),
        ("[data]\nsources = 3\n", "[[data.sources]]"),
        ("[data]\n", "no text to learn from"),
        ('[[data.sources]]\nkind = "text"\n', "needs a path"),
        ('[[data.sources]]\nkind = "python-topics"\npath = "x"\n', "takes no path"),
        (MINIMAL + "validation_fraction = 0.0\n", "nothing to evaluate on"),
        (MINIMAL + "[model]\nnum_attention_heads = 3\n", "does not divide"),
        (MINIMAL + "[model]\nhidden_size = 12\n", "even for llama"),
        (MINIMAL + "[train]\nmax_steps = 0\n", "trains nothing"),
        (MINIMAL + "[train]\nmax_steps = 5\nwarmup_steps = 5\n", "leaves no step"),
        (MINIMAL + "[train]\nlr = 1e-3\nlearning_rate = 1e-3\n", "given twice"),
    ],
)
def test_a_bad_file_gets_one_clear_message(tmp_path: Path, text: str | bytes, said: str) -> None:
    assert any(said in problem for problem in problems(write(tmp_path, text)))


def test_brackets_nested_beyond_the_parsers_limit_are_no_traceback(tmp_path: Path) -> None:
    found = problems(write(tmp_path, "a = " + "[" * 3_000 + "]" * 3_000 + "\n"))
    assert len(found) == 1
    assert "not valid TOML" in found[0]


def test_what_is_no_file_is_named(tmp_path: Path) -> None:
    assert "is a directory" in problems(tmp_path)[0]
    write(tmp_path, MINIMAL)
    assert "did you mean project.toml?" in problems(tmp_path / "projekt.toml")[0]
    assert "is not a regular file" in problems(Path("/dev/null"))[0]
    big = tmp_path / "big.toml"
    big.write_bytes(b"#" * 1_000_001)
    assert "larger than" in problems(big)[0]


def test_bom_and_windows_line_ends_are_fine(tmp_path: Path) -> None:
    text = b"\xef\xbb\xbf" + MINIMAL.replace("\n", "\r\n").encode()
    assert load_project(write(tmp_path, text)).data.sources[0].kind == "python-topics"


def test_overrides_beat_the_file_and_their_mistakes_are_said_too(tmp_path: Path) -> None:
    path = write(tmp_path, MINIMAL + "[train]\nlearning_rate = 1.0\n")
    config = load_project(path, ["train.lr=3e-4", "train.bf16=true", "train.lr_scheduler_type=wsd"])
    assert config.train.learning_rate == 3e-4
    assert config.train.bf16 is True
    assert config.train.lr_scheduler_type == "warmup_stable_decay"
    found = problems(path, "train.lerning_rate=1", "nonsense", "train.lr=fast")
    assert "did you mean train.learning_rate?" in found[0]
    assert "write table.key=value" in found[1]
    assert "a number > 0" in found[2]


def test_every_alias_leads_to_a_field() -> None:
    for table, names in ALIASES.items():
        for alias, name in names.items():
            assert find(f"{table}.{alias}").name == name
            assert alias not in fields_of(table), "an alias hides a real key"


def test_the_written_configuration_reads_back_equal(tmp_path: Path) -> None:
    config = load_project(write(tmp_path, MINIMAL), ["train.seed=7", 'evaluate.prompts=["a \\u00e9", "b"]'])
    assert config.evaluate.prompts == ["a é", "b"]
    assert load_project(write(tmp_path, to_toml(config))) == config


def test_flat_settings_hold_every_key() -> None:
    flat = flatten(Config())
    assert set(flat) == {field.path for table in tables() for field in fields_of(table).values()}


def test_changes_make_a_new_configuration_and_check_it() -> None:
    config = Config()
    changed = with_changes(config, {"train.learning_rate": 0.5, "model.dropout": 0.2})
    assert (value_of(changed, "train.learning_rate"), value_of(changed, "model.dropout")) == (0.5, 0.2)
    assert config == Config()
    with pytest.raises(ValueError, match="> 0 and <= 10"):
        with_changes(config, {"train.learning_rate": -1.0})
    with pytest.raises(KeyError):
        with_changes(config, {"train.nothing": 1})


@given(st.text(max_size=200))
def test_no_text_makes_the_reader_crash(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    path = tmp_path_factory.mktemp("fuzz") / "project.toml"
    path.write_text(text, encoding="utf-8", errors="surrogatepass")
    with contextlib.suppress(ConfigError):  # anything else is a crash
        load_project(path)


@given(st.sampled_from(sorted(flatten(Config()))), st.one_of(st.text(max_size=20), st.floats().map(str)))
def test_any_override_is_taken_or_refused_in_words(path: str, value: str) -> None:
    field = find(path)
    try:
        converted = field.parse(value)
    except ValueError as error:
        refusal = str(error)
    else:
        assert msgspec.convert(converted, field.annotation) == converted
        return
    assert field.allowed in refusal or "JSON" in refusal or "at `" in refusal
