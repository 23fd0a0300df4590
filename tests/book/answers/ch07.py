"""Answers to the exercises of chapter 7: wrong ones, by what the check says, and right ones."""

from einops import rearrange, reduce


def as_map(gate):
    return rearrange(gate, "b c -> b c 1 1")


def in_place(x, gate):
    x *= 1 + as_map(gate)
    return x


def over_pixels(maps, operation="sum"):
    return reduce(maps, "b c h w -> b c", operation)


def least_squares(x, output):
    return over_pixels(x * output) / over_pixels(x * x) - 1


WRONG = {
    "check_count": {
        "put a number in place of the dots": ...,
        "these are the weights, and each output has a bias too": 256 * 256,
        "every output channel has a weight for every input channel": 2 * 256,
        "Linear does not see the batch: all images share it": 1536 * 1536 + 1536,
        "each output channel has a bias of its own": 256 * 256 + 1,
        "256 outputs, each with 256 weights and one bias": 12,
    },
    "check_apply_gate": {
        "it returned None, expected (b c h w) = (2, 3, 6, 4)": lambda x, g: None,
        "this is x * gate; the block adds x to that": lambda x, g: x * as_map(g),
        "PyTorch says 'The size of tensor a (4) must match the size of tensor b (3) at non-singleton dimension 3': the gate needs axes that face h and w": lambda x, g: (
            x * (1 + g)
        ),
        "PyTorch says 'The size of tensor a (6) must match the size of tensor b (3) at non-singleton dimension 2': the gate needs axes that face h and w": lambda x, g: (
            x + x * g[:, :, None]
        ),
        "this returns x: the gate is not applied": lambda x, g: x,
        "multiply by the gate, this adds it": lambda x, g: x + as_map(g),
        "multiply by 1 + gate, this adds it": lambda x, g: x + 1 + as_map(g),
        "the factor is 1 + gate, this has 1 - gate": lambda x, g: x - x * as_map(g),
        "the gate comes from a sigmoid already": lambda x, g: (
            x * (1 + as_map(g).sigmoid())
        ),
        "this has a gate for each pixel; use the gate given": lambda x, g: (
            x * (1 + x.sigmoid())
        ),
        "each channel has its own factor, this has one for all": lambda x, g: (
            x * (1 + as_map(g).mean(1, keepdim=True))
        ),
        "each image has its own factor, this takes those of image 0": lambda x, g: (
            x * (1 + as_map(g)[0])
        ),
        "it returned (b c) = (2, 3), expected (b c h w) = (2, 3, 6, 4); axis h is missing; axis w is missing": lambda x, g: (
            over_pixels(x) * (1 + g)
        ),
        "the numbers are right, but it changes x in place: make a new tensor": in_place,
    },
    "check_gate": {
        "it returned None, expected (b c) = (2, 3)": lambda x, y: None,
        "it returned (b c h w) = (2, 3, 6, 4), expected (b c) = (2, 3); axis h should be gone; axis w should be gone": lambda x, y: (
            y / x - 1
        ),
        "it returned NaN: where x is 0, so is the output, and 0 / 0 is NaN": lambda x, y: (
            over_pixels(y / x, "mean") - 1
        ),
        "this is the factor; the gate is 1 less": lambda x, y: (
            over_pixels(y) / over_pixels(x)
        ),
        "this is the logit, before the sigmoid": lambda x, y: least_squares(
            x, y
        ).logit(),
        "this is x over the output": lambda x, y: over_pixels(x) / over_pixels(y),
        "this is the sum of the differences; divide it by the sum of x": lambda x, y: (
            over_pixels(y - x)
        ),
        "pixels where x is 0 count as a ratio of 0": lambda x, y: (
            over_pixels((y / x).nan_to_num(0), "mean") - 1
        ),
        "the shape is right, but at b 1, c 1 it is 0.370, expected 0.740": lambda x, y: (
            least_squares(x, y) / 2
        ),
    },
}
RIGHT = {
    "check_apply_gate": [
        lambda x, gate: x * (1 + as_map(gate)),
        lambda x, gate: (x + x * gate[:, :, None, None]).relu(),
    ],
    "check_gate": [
        least_squares,
        lambda x, y: over_pixels(y) / over_pixels(x) - 1,
        lambda x, y: over_pixels(y, "max") / over_pixels(x, "max") - 1,
    ],
}
