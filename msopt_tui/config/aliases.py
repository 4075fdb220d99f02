"""Other common spellings of keys and values, understood in a file and on the command line."""

from __future__ import annotations

ALIASES: dict[str, dict[str, str]] = {
    "task": {"type": "name", "kind": "name"},
    "data": {
        "cutoff_len": "max_length",
        "max_seq_len": "max_length",
        "max_seq_length": "max_length",
        "block_size": "max_length",
        "sequence_length": "max_length",
        "val_fraction": "validation_fraction",
    },
    "model": {
        "n_embd": "hidden_size",
        "n_layer": "num_hidden_layers",
        "n_head": "num_attention_heads",
        "n_kv_head": "num_key_value_heads",
        "n_inner": "intermediate_size",
        "model_type": "architecture",
        "model_name_or_path": "pretrained",
        "base_model": "pretrained",
    },
    "model.lora": {
        "rank": "r",
        "lora_r": "r",
        "lora_rank": "r",
        "lora_alpha": "alpha",
        "lora_dropout": "dropout",
        "lora_target_modules": "target_modules",
    },
    "train": {
        "lr": "learning_rate",
        "batch_size": "per_device_train_batch_size",
        "micro_batch_size": "per_device_train_batch_size",
        "epochs": "num_train_epochs",
        "num_epochs": "num_train_epochs",
        "grad_clip": "max_grad_norm",
        "gradient_clipping": "max_grad_norm",
        "lr_scheduler": "lr_scheduler_type",
        "label_smoothing": "label_smoothing_factor",
        "accumulation_steps": "gradient_accumulation_steps",
        "warmup": "warmup_steps",
    },
    "evaluate": {"batch_size": "per_device_eval_batch_size"},
    "refine": {"rounds": "max_rounds"},
}
"""Other common spellings, accepted in a file and on the command line and stored under the field's own name."""

VALUE_ALIASES: dict[str, dict[str, str]] = {
    "task.name": {
        "clm": "causal-lm",
        "text-generation": "causal-lm",
        "mlm": "masked-lm",
        "fill-mask": "masked-lm",
        "chat": "instruction",
        "sft": "instruction",
        "summarisation": "summarization",
        "qa": "question-answering",
        "classification": "text-classification",
        "dpo": "preference",
    },
    "train.lr_scheduler_type": {"wsd": "warmup_stable_decay"},
    "train.optim": {"adamw": "adamw_torch_fused"},
}
"""Other common names of a value."""
