"""Our training loop against a bare PyTorch loop and against transformers.Trainer, on the same model and batches.

    python benchmarks/training_speed.py [--pairs 5] [--steps 400] [--device cuda --size 124m]

Dispatch-bound by default: 2 layers, width 64, batch 4×64, one torch thread, so that Python and kernel launches decide.
Each measurement is a process of its own; steps a second from step WARMUP on.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import torch
from torch.nn import functional
from transformers.modeling_utils import PreTrainedModel

from benchmarks.pairs import in_fresh_process, ratios, summary
from msopt_tui.config.schema import Config, ModelTable, TrainTable
from msopt_tui.data.order import Stretch
from msopt_tui.ml import model as models
from msopt_tui.ml.batch import Batch
from msopt_tui.ml.stream import ROWS

WARMUP = 50
SIZES = {
    "tiny": (ModelTable(hidden_size=64, num_hidden_layers=2, num_attention_heads=4), 512, 64, 4),
    "124m": (
        ModelTable(architecture="gpt2", hidden_size=768, num_hidden_layers=12, num_attention_heads=12),
        50257,
        1024,
        8,
    ),
}
TRAIN = TrainTable(learning_rate=1e-3, max_grad_norm=1.0, weight_decay=0.1)


class Rows:
    """Made-up batches that all contestants take in the same order: a fresh one each step, cut like a token file's."""

    def __init__(self, vocab: int, length: int, rows: int, device: torch.device) -> None:
        generator = torch.Generator().manual_seed(0)
        self.pool = torch.randint(vocab, (64, rows, length + 1), generator=generator).to(device)
        self.rows = 64 * rows
        self.tokens_per_step = rows * length

    def ids(self, step: int) -> torch.Tensor:
        return self.pool[step % 64]

    def begin(self, stretch: Stretch) -> None:
        """Every stretch has the same batches."""

    def batch(self, step: int) -> Batch:
        return Batch({ROWS: self.ids(step)}, self.tokens_per_step, self.tokens_per_step)


def setting(args: argparse.Namespace) -> tuple[PreTrainedModel, Rows, torch.device]:
    table, vocab, length, rows = SIZES[args.size]
    device = torch.device(args.device)
    model = models.build(
        table, vocab_size=vocab, max_length=length, eos_token_id=0, pad_token_id=None, seed=1, device=device
    )
    return model, Rows(vocab, length, rows, device), device


def wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize()


def bare(args: argparse.Namespace) -> float:
    """What one writes by hand: the model's own forward, cross-entropy, clipping, fused AdamW, nothing else."""
    model, source, device = setting(args)
    decay = [p for p in model.parameters() if p.ndim >= 2]
    plain = [p for p in model.parameters() if p.ndim < 2]
    optimizer = torch.optim.AdamW(
        [{"params": decay, "weight_decay": 0.1}, {"params": plain, "weight_decay": 0.0}],
        lr=1e-3,
        betas=(0.9, 0.99),
        fused=True,
    )
    began = 0.0
    for step in range(1, args.steps + 1):
        if step == WARMUP + 1:
            wait(device)
            began = time.perf_counter()
        batch = source.ids(step)
        with torch.autocast(device.type, torch.bfloat16, enabled=device.type == "cuda"):
            logits = model(input_ids=batch[:, :-1], use_cache=False).logits
        loss = functional.cross_entropy(logits.float().flatten(0, 1), batch[:, 1:].flatten())
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
    wait(device)
    return float(args.steps - WARMUP) / (time.perf_counter() - began)


def ours(args: argparse.Namespace) -> float:
    """The loop the engine runs, reporting every step's figures ten times a second."""
    from msopt_tui.ml import optim
    from msopt_tui.ml.device import autocast_dtype
    from msopt_tui.ml.forward import logits_of
    from msopt_tui.ml.loop import RoundPlan, TrainingLoop
    from msopt_tui.ml.tasks import causal_lm
    from msopt_tui.protocol.codec import encode_line

    model, source, device = setting(args)
    forward, dtype = logits_of(model), autocast_dtype(device, "auto")
    reported = bytearray()
    loop = TrainingLoop(
        model=model,
        optimizer=optim.build(model, TRAIN, device),
        loss_of=lambda batch: causal_lm.summed_loss(forward, batch[ROWS], 0.0, dtype),
        batches=source,
        device=device,
        report=lambda event: reported.extend(encode_line(event)),
    )
    config = Config(train=TRAIN)
    plan = RoundPlan(0, args.steps)
    loop.run(config, plan, WARMUP, lambda: True)
    wait(device)
    began = time.perf_counter()
    loop.run(config, plan, args.steps, lambda: True)
    wait(device)
    return float(args.steps - WARMUP) / (time.perf_counter() - began)


def trainer(args: argparse.Namespace) -> float:
    """transformers.Trainer with the same model, batches, optimiser and clipping; logging every 10 steps."""
    from transformers import Trainer, TrainerCallback, TrainerControl, TrainerState, TrainingArguments

    model, source, device = setting(args)
    rows = torch.cat([source.ids(step).cpu() for step in range(1, args.steps + 1)])

    class Data(torch.utils.data.Dataset[dict[str, torch.Tensor]]):
        def __len__(self) -> int:
            return len(rows)

        def __getitem__(self, index: int) -> dict[str, torch.Tensor]:
            # The model shifts by itself: the same targets as ours, the last token predicted too.
            return {"input_ids": rows[index], "labels": rows[index]}

    steps = args.steps

    class Clock(TrainerCallback):
        began = ended = 0.0

        def on_step_end(
            self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: object
        ) -> None:
            step = state.global_step
            if step == WARMUP:
                wait(device)
                self.began = time.perf_counter()
            elif step == steps:
                wait(device)
                self.ended = time.perf_counter()

    model.config.max_position_embeddings = rows.shape[1]
    clock = Clock()
    arguments = TrainingArguments(
        output_dir="/tmp/msopt-tui-bench",
        per_device_train_batch_size=rows.shape[0] // args.steps,
        max_steps=args.steps,
        learning_rate=1e-3,
        weight_decay=0.1,
        adam_beta2=0.99,
        max_grad_norm=1.0,
        optim="adamw_torch_fused",
        lr_scheduler_type="cosine",
        logging_steps=10,
        save_strategy="no",
        report_to="none",
        disable_tqdm=True,
        dataloader_num_workers=0,
        bf16=device.type == "cuda",
        use_cpu=device.type == "cpu",
    )
    Trainer(model=model, args=arguments, train_dataset=Data(), callbacks=[clock]).train()
    return float(args.steps - WARMUP) / (clock.ended - clock.began)


CONTESTANTS = {"bare": bare, "ours": ours, "trainer": trainer}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--steps", type=int, default=600)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--size", choices=SIZES, default="tiny")
    parser.add_argument("--contestant", choices=CONTESTANTS)
    args = parser.parse_args()
    if args.contestant:
        torch.set_num_threads(1)
        print(json.dumps({"steps_per_second": CONTESTANTS[args.contestant](args)}))
        return

    def measure(contestant: str) -> float:
        options = ["--steps", str(args.steps), "--device", args.device, "--size", args.size]
        found = in_fresh_process("training_speed.py", "--contestant", contestant, *options)
        return found["steps_per_second"]

    print(f"steps a second, {args.size} model on {args.device}, torch {torch.__version__}, one thread")
    print("ours / bare loop")
    against_bare = ratios(lambda: measure("ours"), lambda: measure("bare"), args.pairs)
    print("ours / transformers.Trainer")
    against_trainer = ratios(lambda: measure("ours"), lambda: measure("trainer"), args.pairs)
    print(summary("our loop / bare loop", against_bare, "≥ 0.97"))
    print(summary("our loop / Trainer", against_trainer, "≥ 1.10"))


if __name__ == "__main__":
    main()
