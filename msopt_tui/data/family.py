"""Which family a network is of: decides how rows are encoded and which heads it can have. From JSON and settings."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

from msopt_tui.config.presets import sizes
from msopt_tui.config.schema import Config
from msopt_tui.config.tasks import ARCHITECTURES, USUAL_ARCHITECTURE, Architecture
from msopt_tui.data.errors import DataError
from msopt_tui.data.watch import UNWATCHED, Watcher

if TYPE_CHECKING:
    from msopt_tui.data.pretrained import Json

Family = Literal["causal", "encoder", "encoder-decoder"]
"""`causal`: GPT-2, Llama and their like; `encoder`: the BERT family; `encoder-decoder`: T5, BART and their like."""

OF_ARCHITECTURE: dict[Architecture, Family] = {
    "llama": "causal",
    "gpt2": "causal",
    "bert": "encoder",
    "t5": "encoder-decoder",
}
ENCODERS = frozenset(
    {
        "albert",
        "bert",
        "camembert",
        "deberta",
        "deberta-v2",
        "distilbert",
        "electra",
        "modernbert",
        "mpnet",
        "roberta",
        "xlm-roberta",
    }
)
"""What `config.json` of the BERT family calls the `model_type`."""


def family_of(config: Config, base_dir: Path, watcher: Watcher = UNWATCHED) -> Family:
    """The family of the network that a project file asks for; of a pretrained one by its `config.json`.

    Raises DataError where a pretrained model can't be found, or is of a family that can't learn the task.
    """
    name, task = config.model.pretrained, config.task.name
    if name:
        from msopt_tui.data.pretrained import CONFIG, locate, read_json

        raw = read_json(locate(name, base_dir, weights=False, watcher=watcher) / CONFIG)
        family, able = of_json(raw), families_of(task)
        if family not in able:
            raise DataError(
                f"model.pretrained: {name} is a network ({raw.get('model_type')}) of the family {family}; "
                f"{task} takes {' or '.join(able)}: choose another model, or another task.name"
            )
        return family
    if config.model.architecture == "auto" and not config.model.preset:
        return OF_ARCHITECTURE[USUAL_ARCHITECTURE[config.task.name]]
    return OF_ARCHITECTURE[sizes(config.model).architecture]


def families_of(task: str) -> list[Family]:
    """The families that can learn a task, the usual one first."""
    return list(dict.fromkeys(OF_ARCHITECTURE[architecture] for architecture in ARCHITECTURES[task]))


def of_json(raw: Json) -> Family:
    """The family of a pretrained network by its configuration."""
    if raw.get("is_encoder_decoder") is True:
        return "encoder-decoder"
    return "encoder" if raw.get("model_type") in ENCODERS else "causal"
