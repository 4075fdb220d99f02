"""The model directory a run ends with: for `from_pretrained`, in any process, without this package."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from transformers.modeling_utils import PreTrainedModel

from msopt_tui.ml import manifest
from msopt_tui.ml.checkpoint.files import write_model
from msopt_tui.ml.checkpoint.shelf import UNFINISHED
from msopt_tui.ml.checkpoint.write import put


def export_model(model: PreTrainedModel, tokenizer_dir: Path, target: Path) -> int:
    """Write weights, configuration and tokenizer to `target`, whole or not at all; returns the bytes of all files.

    Of a model with adapters these are written, with the tokenizer; to write the whole, `lora.merge` it first. What was
    in `target` is replaced. Raises OSError where it can't be written.
    """
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    unfinished = Path(tempfile.mkdtemp(prefix=UNFINISHED, dir=target.parent))
    try:
        write_model(model, tokenizer_dir, unfinished)
        for path in (*unfinished.iterdir(), unfinished):
            manifest.flush(path)
        size = sum(path.stat().st_size for path in unfinished.iterdir())
        put(unfinished, target)
    except BaseException:
        shutil.rmtree(unfinished, ignore_errors=True)
        raise
    return size
