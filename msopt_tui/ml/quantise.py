"""Frozen weights in four bits beside adapters (QLoRA, Dettmers et al. 2023, arXiv:2305.14314), by bitsandbytes."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from msopt_tui.data.errors import DataError


def settings(kept: Sequence[str] = ()) -> dict[str, object]:
    """What `from_pretrained` takes to quantise the weights while it reads them. Raises DataError without a CUDA device.

    NF4 with its constants quantised too, matrix products in bfloat16. `kept` are the parts of a head that learns: four
    bits can't. Without any, transformers keeps the output layer as it is.
    """
    if not torch.cuda.is_available():
        raise DataError("model.load_in_4bit needs a CUDA device, and torch finds none: leave it out")
    from transformers.utils.quantization_config import BitsAndBytesConfig

    quantisation = BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=torch.bfloat16,
        llm_int8_skip_modules=list(kept) or None,  # the name is older than four bits
    )
    return {"quantization_config": quantisation, "device_map": {"": torch.cuda.current_device()}}
