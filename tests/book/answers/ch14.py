"""Answers to the exercises of chapter 14: wrong ones, by what the check says, and right ones."""


def state_of(name, whole):
    prefix = f"{name}."
    return {k.removeprefix(prefix): v for k, v in whole.items() if k.startswith(prefix)}


def emptied(name, whole):
    """The right keys, taken out of the whole state."""
    prefix = f"{name}."
    keys = [key for key in whole if key.startswith(prefix)]
    return {key.removeprefix(prefix): whole.pop(key) for key in keys}


WRONG = {
    "check_carried": {
        "put two numbers in place of the dots": [(..., ...), 499],
        "the first is not 568: all tensors of the plain network come": (568, 568),
        "the second is not 499: the second number counts the block too": (499, 499),
        "the second is not 568: this is with EVCBlock, and LVCBlock is one part of it": (
            499,
            568,
        ),
        "the second is not 520: running statistics are tensors too: count those of state_dict()": (
            499,
            520,
        ),
        "the second is not 39: this is the block alone; the network has more": (
            499,
            39,
        ),
        "the second is not 12: the plain network's, and those of LVCBlock": (499, 12),
    },
    "check_state_of": {
        "it returned None, expected a dict": lambda name, whole: None,
        "it returned a list, expected a dict": lambda name, whole: [
            key for key in whole if name in key
        ],
        "it changed the state of the whole network; make a new dict": emptied,
        "the block has no 'neck.lateral.weight'; keep what starts with the prefix": lambda name, whole: {
            k.removeprefix(f"{name}."): v for k, v in whole.items()
        },
        "the block has no 'neck.evc.conv1.weight'; cut the prefix off": lambda name, whole: {
            k: v for k, v in whole.items() if k.startswith(f"{name}.")
        },
        "the block has no '.conv1.weight'; the dot belongs to the prefix": lambda name, whole: {
            k.removeprefix(name): v
            for k, v in whole.items()
            if k.startswith(f"{name}.")
        },
        "the block has no 'neck.evc2.conv1.weight'; neck.evc2 starts with neck.evc too, so compare up to the dot": lambda name, whole: {
            k.removeprefix(f"{name}."): v
            for k, v in whole.items()
            if k.startswith(name)
        },
        "the block has no '2.conv1.weight'; neck.evc2 starts with neck.evc too, so compare up to the dot": lambda name, whole: {
            k.removeprefix(name).removeprefix("."): v
            for k, v in whole.items()
            if k.startswith(name)
        },
        "the block has no 'onv1.weight'; strip the prefix and not its letters: removeprefix, not lstrip": lambda name, whole: {
            k.lstrip(f"{name}."): v
            for k, v in whole.items()
            if k.startswith(f"{name}.")
        },
        "it lacks 'conv1.weight'; it must be there without the prefix": lambda name, whole: {},
        "these are the numbers of another block: keep what starts with the prefix, up to its dot": lambda name, whole: {
            k.split(f"{name}.")[1]: v for k, v in whole.items() if f"{name}." in k
        },
    },
    "check_factor": {
        "put a number in place of the dots": ...,
        "the map has more pixels now, so the factor is below 1": 1.5,
        "rows times columns: only the rows changed": [(2 / 3) ** 2, (2 / 3) ** 0.5],
        "this divides by the pixels, and trained with the sum of all": 1 / 2400,
        "count the pixels of the map, not of the image": 1 / (960 * 640),
        "the sum has more terms now": 1,
        "not 2; the old number of pixels over the new one": 2,
    },
}
RIGHT = {
    "check_carried": [(499, 538)],
    "check_state_of": [state_of],
    "check_factor": [0.667],
}
