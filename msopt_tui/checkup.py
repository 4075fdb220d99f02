"""`msopt-tui check`: what can be known of a project before a minute of training is spent on it."""

from __future__ import annotations

import shutil
import sys
import time
from pathlib import Path

from msopt_tui.config.presets import short_name
from msopt_tui.config.schema import Config
from msopt_tui.state.numbers import compact, size


def print_check(config: Config, base_dir: Path, cache_root: Path) -> int:
    """Prepare the data, size the model and print the plan. Trains nothing; returns the exit code."""
    # Torch and the tokenizers come with these: nothing else on the command line needs them.
    from msopt_tui.data.errors import DataError
    from msopt_tui.data.prepare import prepare
    from msopt_tui.ml import device, network
    from msopt_tui.steps.session import rows_per_step, steps_in_round

    try:
        where = device.pick_device(config.resources)
        prepared = prepare(config, base_dir, cache_root, _progress, lambda: None)
        facts = network.estimate(config, prepared, base_dir)
    except (DataError, ValueError) as error:
        print(f"msopt-tui: {error}", file=sys.stderr)
        return 1
    steps = steps_in_round(config, prepared)
    tokens_per_step = rows_per_step(config) * config.data.max_length
    per_token = compact(facts.flops_per_token)
    learning = "" if facts.trainable == facts.parameters else f" ({facts.trainable:,} of them learn)"
    shape = f"{short_name(config.model)}, {facts.parameters:,} parameters{learning}, {per_token} FLOPs a token"
    epochs = steps * tokens_per_step / max(prepared.tokens["train"], 1)
    free = shutil.disk_usage(Path.cwd()).free
    checkpoint = 4 * (facts.trainable if config.model.lora.r else facts.parameters) + 8 * facts.trainable
    rows = [
        ("project", f"{config.project.name}  {config.project.description}".rstrip()),
        ("data", f"{prepared.key[:12]} {'from the cache' if prepared.cached else f'in {prepared.seconds:.1f} s'}"),
        *((f"  {split}", _split(config, prepared, split)) for split in ("train", "validation", "test")),
        *((f"  dropped: {reason}", f"{count:,}") for reason, count in prepared.removed.items() if count),
        ("vocabulary", f"{prepared.vocab_size:,} tokens"),
        ("model", shape),
        ("memory", f"{size(facts.bytes)} for weights, gradients and optimiser, activations not counted"),
        ("device", f"{where} in {device.autocast_dtype(where, config.train.bf16) or 'float32'}"),
        (
            "round",
            f"{steps:,} steps of {compact(tokens_per_step)} tokens = {epochs:.1f} epochs",
        ),
        ("rounds", f"at most {config.refine.max_rounds}, refine.mode = {config.refine.mode}"),
        ("compute", f"{steps * tokens_per_step * facts.flops_per_token:.2e} FLOPs a round"),
        ("disk", f"{config.train.save_total_limit} checkpoints of {size(checkpoint)} (free: {size(free)})"),
    ]
    width = max(len(name) for name, _ in rows)
    print("\n".join(f"{name:<{width}}  {text}" for name, text in rows))
    if checkpoint * (config.train.save_total_limit + 1) > free:
        print("warning: the checkpoints may not fit on this disk", file=sys.stderr)
    return 0


def _split(config: Config, prepared: object, split: str) -> str:
    from msopt_tui.data.prepare import PreparedData

    assert isinstance(prepared, PreparedData), "made by prepare"
    rows = max(0, (prepared.tokens[split] - 1) // config.data.max_length)
    per_token = prepared.bytes[split] / max(prepared.tokens[split], 1)
    return (
        f"{prepared.documents[split]:,} documents, {prepared.bytes[split]:,} bytes, {prepared.tokens[split]:,} tokens "
        f"({per_token:.2f} bytes a token), {rows:,} rows of {config.data.max_length}"
    )


_last = 0.0


def _progress(done: int, total: int, unit: str, detail: str) -> None:
    global _last
    if sys.stderr.isatty() and time.monotonic() - _last > 0.2:
        _last = time.monotonic()
        print(f"\r{detail} {done:,}/{total:,} {unit}\033[K", end="\r", file=sys.stderr, flush=True)
