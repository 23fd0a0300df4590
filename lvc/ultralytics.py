"""EVCBlock and LVCBlock in Ultralytics' YOLO.

Importing this module makes both known to Ultralytics, see `register`. A `.pt` file
that holds one names this module, so whoever opens the file imports it: the command
`yolo`, `resume=True`, each process of a training on several GPUs. So save a network
once, and go on from the file:

    yolo = YOLO(yaml_with("EVCBlock", "yolo11n", after="SPPF"))
    carry_over(yolo, "yolo11n.pt")
    yolo.save("yolo11n-evc.pt")

Ultralytics is AGPL-3.0 and no part of `lvc`; nothing else in `lvc` imports it. Its YAML
files are not copied here, but read where it is installed.
"""

import os
from collections.abc import Mapping
from copy import deepcopy
from difflib import get_close_matches
from functools import wraps
from pathlib import Path
from typing import Any

import torch
from torch import nn

from lvc import layers
from lvc.size import trained_at

try:
    import ultralytics
except ModuleNotFoundError as error:
    if error.name != "ultralytics":
        raise
    raise ModuleNotFoundError(
        "lvc.ultralytics needs Ultralytics, which is not installed: "
        "pip install torch torchvision ultralytics",
        name="ultralytics",
    ) from None
import yaml  # Ultralytics needs it

if not (8, 4) <= tuple(map(int, ultralytics.__version__.split(".")[:2])) < (9, 0):
    raise ImportError(
        "lvc.ultralytics needs Ultralytics 8.4 or newer, and older than 9, "
        f"got {ultralytics.__version__}"
    )

# tasks may be on its way in: a line in its own file can import this module.
from ultralytics.nn import tasks  # noqa: E402
from ultralytics.utils.callbacks.base import default_callbacks  # noqa: E402


class EVCBlock(layers.EVCBlock):
    """`lvc.EVCBlock`, by a name that brings this module with it."""


class LVCBlock(layers.LVCBlock):
    """`lvc.LVCBlock`, by a name that brings this module with it."""


BLOCKS = {"EVCBlock": EVCBlock, "LVCBlock": LVCBlock}


def register() -> None:
    """Make EVCBlock and LVCBlock known to Ultralytics; importing this module does it.

    A row of a YAML is then `[-1, 1, EVCBlock, []]`, at every scale: the block takes the
    channels of its map. A number is not needed, and is compared with them, as written
    or as Ultralytics scales it: `[256]`, and the `[256, 256]` of official code.

    It holds for this process, and for those of a training on several GPUs that starts
    here. A process that reads a YAML and imports nothing (`yolo train model=my.yaml`)
    needs the line `import lvc.ultralytics` at the end of Ultralytics' own nn/tasks.py,
    or a `.pt` file in place of the YAML.

    Errors, when a YAML is read: ValueError for a name that is no module's, and for
    numbers that are not the channels of the map.
    """
    vars(tasks).update({f"lvc.{name}": block for name, block in BLOCKS.items()})
    tasks.parse_model = _parse_model
    started = default_callbacks["on_pretrain_routine_start"]
    if _import_here not in started:
        started.append(_import_here)


def _import_here(trainer: object) -> None:
    """Do nothing: a callback takes its module along to the processes of a training."""


_ultralytics_parse_model = getattr(tasks.parse_model, "__wrapped__", tasks.parse_model)


@wraps(_ultralytics_parse_model)
def _parse_model(d, ch, verbose=True):
    """Write their channels into the rows of BLOCKS, which Ultralytics does not.

    The rows name them as `register` does, so that a class of the same name that was
    pasted into Ultralytics, and what was changed there for it, stay out of the way.
    """
    rows = [*d["backbone"], *d["head"]]
    for number, (_, _, name, _) in enumerate(rows):
        if not ("." in name or name in BLOCKS or name in vars(tasks)):
            known = [*BLOCKS, *(n for n, m in vars(tasks).items() if _is_module(m))]
            nearest = "".join(f", but {n}" for n in get_close_matches(name, known, 1))
            raise ValueError(
                f"row {number} of the YAML: Ultralytics has no module {name}{nearest}"
            )
    ours = [number for number, row in enumerate(rows) if row[2] in BLOCKS]
    if ours:
        channels = _channels(d, ch, ours)
        for number in ours:
            _, _, name, written = row = rows[number]
            fits = [channels[number] in (n, _scaled(d, n)) for n in written]
            if not all(fits) or len(written) > 2:
                raise ValueError(
                    f"row {number} of the YAML: {name} gets, and keeps, the "
                    f"{channels[number]} channels of its map, and {written} says "
                    f"other ones: write {name}, []"
                )
            row[2:] = [f"lvc.{name}", [channels[number]]]
    return _ultralytics_parse_model(d, ch, verbose)


def _is_module(value: object) -> bool:
    return isinstance(value, type) and issubclass(value, nn.Module)


def _channels(d: dict, ch: int, ours: list[int]) -> dict[int, int]:
    """Return the channels of the map that goes into each of these rows.

    A BatchNorm2d is a module that Ultralytics tells the channels, and that keeps them.
    """
    rows = deepcopy([*d["backbone"], *d["head"]][: ours[-1] + 1])
    for number in ours:
        rows[number][1:] = [1, "nn.BatchNorm2d", []]
    before = {**d, "scale": _scale(d), "backbone": rows, "head": []}
    with torch.device("meta"):
        made, _ = _ultralytics_parse_model(before, ch, verbose=False)
    return {number: made[number].num_features for number in ours}


def _scale(d: dict) -> str | None:
    return d.get("scale") or next(iter(d.get("scales") or ()), None)


def _scaled(d: dict, written: object) -> object:
    """Return the channels that a module of Ultralytics makes of this number."""
    if not isinstance(written, int) or not d.get("scales"):
        return written
    _, width, most = d["scales"][_scale(d)]
    return tasks.make_divisible(min(written, most) * width, 8)


register()


def yaml_with(
    block: str,
    name: str,
    after: str = "SPPF",
    file: str | os.PathLike | None = None,
) -> Path:
    """Write the YAML of a YOLO with one more row, and return its path.

    `block` is "EVCBlock" or "LVCBlock". `name` is one of Ultralytics' own, such as
    "yolo11n"; its letter is the scale, and the file holds all scales. The row stands
    after the first row of the module `after`: "SPPF", near the end of the backbone, or
    "nn.Upsample", where CFPNet has it, at stride 16 (at 32 in a "-p6"). What read that
    row reads the block, and all row numbers are right. The file is "yolo11n-evc.yaml"
    in this folder, or `file`; its name must keep the letter of the scale.

    Errors: FileNotFoundError for a name that Ultralytics does not have; ValueError for
    another block, or no such row; FileExistsError for a file that says something else.
    """
    if block not in BLOCKS:
        raise ValueError(f"yaml_with: block must be EVCBlock or LVCBlock, got {block}")
    network = tasks.yaml_model_load(f"{name.removesuffix('.yaml')}.yaml")
    rows = [*network["backbone"], *network["head"]]
    names = [row[2] for row in rows]
    if after not in names:
        raise ValueError(
            f"yaml_with: {name} has no row {after}, but "
            f"{', '.join(dict.fromkeys(names))}"
        )
    place = names.index(after) + 1
    for number, row in enumerate(rows):
        row[0] = _moved(row[0], number, place)
    part = "backbone" if place <= len(network["backbone"]) else "head"
    offset = 0 if part == "backbone" else len(network["backbone"])
    network[part].insert(place - offset, [-1, 1, block, []])
    text = f"# {name} of Ultralytics, which is AGPL-3.0, with row {place} added\n"
    text += _as_text(network)
    stem = Path(name).name.removesuffix(".yaml")
    path = Path(file or f"{stem}-{block[:3].lower()}.yaml")
    if path.exists() and path.read_text(encoding="utf-8") != text:
        raise FileExistsError(
            f"yaml_with: {path} is there, and says something else: "
            "choose another name with file=, or delete it"
        )
    path.write_text(text, encoding="utf-8")
    return path


def _moved(source: int | list, number: int, place: int) -> int | list:
    """Return where a row reads from when one more row stands at `place`."""
    if isinstance(source, list):
        return [_moved(one, number, place) for one in source]
    if source == -1:
        return -1
    row = source + number if source < 0 else source
    return row + 1 if row >= place - 1 else row


def _as_text(network: dict) -> str:
    # The last two are not the file's.
    aside = "backbone", "head", "scale", "yaml_file"
    settings = {key: value for key, value in network.items() if key not in aside}
    lines = []
    for key, value in settings.items():
        # One line for each list; a lone number must not become {nc: 80}.
        flow = None if isinstance(value, dict | list) else False
        one = {key: value}
        lines.append(yaml.safe_dump(one, sort_keys=False, default_flow_style=flow))
    number = 0
    for part in "backbone", "head":
        lines.append(f"{part}:\n")
        for row in network[part]:
            line = yaml.safe_dump(row, default_flow_style=True, width=1000).strip()
            lines.append(f"  - {line} # {number}\n")
            number += 1
    return "".join(lines)


def carry_over(yolo: Any, checkpoint: str | os.PathLike | Mapping) -> tuple[int, int]:
    """Load other weights into a YOLO; return how many tensors came, and of how many.

    `checkpoint` is the `.pt` file of the same network without the block: what its rows
    hold is carried over, whatever their numbers are now. Or it is that of a network
    with a pasted block, whose code Python can import. Where it cannot, open the file
    where it can, with `torch.save(YOLO("best.pt").model.state_dict(), "state.pt")`, and
    pass `torch.load("state.pt")`. What is new is listed in the log.

    Errors: TypeError for what is no YOLO and no checkpoint; OSError for a path that
    holds no file; ValueError for a YAML, and for a file of a network with other rows,
    or of another scale. A dictionary has no rows: its tensors go by their names, and
    ValueError is for other shapes, or none of the names.
    """
    network = getattr(yolo, "model", None)
    if not isinstance(network, tasks.BaseModel):
        raise TypeError(
            "carry_over: yolo must be a YOLO that was read from a YAML or a .pt file, "
            f"got {type(yolo).__name__}"
        )
    if isinstance(checkpoint, Mapping):
        source, old, state = "the dictionary", deepcopy(network), dict(checkpoint)
        if not all(isinstance(value, torch.Tensor) for value in state.values()):
            raise TypeError(
                "carry_over: a dictionary must hold tensors, by their names"
            )
        _refuse_other_shapes(network, state, source)
        old.load_state_dict(state, strict=False)
    else:
        source = os.fspath(checkpoint)
        if source.endswith((".yaml", ".yml")):
            raise ValueError(f"carry_over: {source} holds rows, and no weights")
        old = ultralytics.YOLO(source).model
        if not isinstance(old, nn.Module):
            raise TypeError(f"carry_over: checkpoint must be a .pt file, got {source}")
        old = _with_rows_of(network, old, source)
        state = old.state_dict()
        _refuse_other_shapes(network, state, source)
    yolo.load(old)  # so that train() begins with what yolo holds
    if len(old.names) == len(network.names):
        network.names = dict(old.names)
    held = network.state_dict()
    new = [name for name in held if name not in state]
    new += [n for n in held if n in state and held[n].shape != state[n].shape]
    rows = sorted({int(name.split(".")[1]) for name in new})
    listed = ", ".join(f"row {row} ({_kind(network.model[row])})" for row in rows)
    carried = len(held) - len(new)
    tasks.LOGGER.info(
        f"carry_over: {carried} of {len(held)} tensors came from {source}; "
        f"{len(new)} are new, in {listed or 'no row'}"
    )
    return carried, len(held)


def _kind(row: nn.Module) -> str:
    return row.type.rpartition(".")[2]


def _with_rows_of(network: nn.Module, old: nn.Module, source: str) -> nn.Module:
    """Return `old` with an empty row where `network` has a block that `old` has not."""
    kinds, others = [_kind(row) for row in network.model], [*map(_kind, old.model)]
    if others == kinds:
        return old
    if others != [kind for kind in kinds if kind not in BLOCKS]:
        raise ValueError(
            f"carry_over: {source} must have the rows of the network, with or without "
            f"those of {' and '.join(BLOCKS)}; it has {len(others)} rows, and "
            f"the network {len(kinds)}: is it another YOLO?"
        )
    rows = iter(old.model)
    old.model = nn.Sequential(
        *(nn.Identity() if kind in BLOCKS else next(rows) for kind in kinds)
    )
    return old


def _refuse_other_shapes(network: nn.Module, state: Mapping, source: str) -> None:
    held, head = network.state_dict(), f"model.{len(network.model) - 1}."
    if not set(held) & set(state):
        raise ValueError(f"carry_over: {source} has no tensor of this network's names")
    for name, tensor in state.items():
        # The shapes of the last row also depend on the classes.
        if name.startswith(head) or name not in held:
            continue
        if tensor.shape != held[name].shape:
            raise ValueError(
                f"carry_over: {name} must have shape {tuple(held[name].shape)}, and "
                f"has {tuple(tensor.shape)} in {source}: is it of another scale, or "
                "are its rows other ones?"
            )


def validate_as_trained(trainer: Any) -> None:
    """Let validation see the gate of training: a callback for "on_train_start".

        yolo.add_callback("on_train_start", validate_as_trained)

    Ultralytics trains on squares, and validates and predicts on rectangles, which have
    another number of pixels, so the mAP that chooses best.pt belongs to a gate that has
    moved. With the callback, the network that is validated and saved has
    `lvc.trained_at` of the square of training in it. With `resume=True` in a new
    process, add it again.
    """
    network = trainer.ema.ema
    first = next(network.parameters())
    channels, side = network.yaml["channels"], trainer.args.imgsz
    trained_at(network, first.new_zeros(1, channels, side, side))
