"""Answers to the exercises of chapter 1: wrong ones, by what the check says, and right ones."""

from einops import rearrange


def by_view(feature_map):
    b, c, _, _ = feature_map.shape
    return feature_map.view(b, c, -1).transpose(1, 2)


def by_einops(feature_map):
    return rearrange(feature_map, "b c h w -> b (h w) c")


def cut(feature_map):
    b, c, h, w = feature_map.shape
    return feature_map.reshape(b, h * w, c)


WRONG = {
    "check_number": {
        "it returned nothing, expected the index of the pixel": lambda row, column, h, w: (
            None
        ),
        "this goes column by column, the order of (w h)": lambda row, column, h, w: (
            column * h + row
        ),
        "a row has w pixels, this multiplies by h": lambda row, column, h, w: (
            row * h + column
        ),
        "row and column are swapped": lambda row, column, h, w: column * w + row,
        "the first pixel is 0, this starts at 1": lambda row, column, h, w: (
            row * w + column + 1
        ),
        "row 0, column 1 of a 5 x 9 map is pixel 1, this says 0": lambda row, column, h, w: (
            row
        ),
    },
    "check_pixels": {
        "it returned None, expected (b n c) = (2, 24, 3)": lambda x: None,
        "this cuts memory in pieces of c: move the channels to the end": cut,
        "this goes column by column, the order of (w h)": lambda x: rearrange(
            x, "b c h w -> b (w h) c"
        ),
        "it returned (b c n) = (2, 3, 24), expected (b n c) = (2, 24, 3); the axes are there, in another order": lambda x: (
            x.flatten(2)
        ),
        "it returned (b c h w) = (2, 3, 6, 4), expected (b n c) = (2, 24, 3); axis h should be gone; axis w should be gone; axis n is missing": lambda x: (
            x
        ),
        "right for a whole map, but on a crop: view size is not compatible with input tensor's size and stride": by_view,
        "expected the numbers of the map, this holds whole numbers": lambda x: (
            by_einops(x).long()
        ),
        "the shape is right, but at b 1, n 0, c 2 it is -1.794, expected 2.558": lambda x: (
            by_einops(x).flip(1)
        ),
    },
    "check_map": {
        "it returned None, expected (b c h w) = (2, 3, 6, 4)": lambda x, h, w: None,
        "this cuts the list in pieces: move the channels first": lambda x, h, w: (
            x.reshape(len(x), -1, h, w)
        ),
        "this fills the map column by column, the order of (w h)": lambda x, h, w: (
            rearrange(x, "b (w h) c -> b c h w", h=h)
        ),
        "it returned (b h w c) = (2, 6, 4, 3), expected (b c h w) = (2, 3, 6, 4); the axes are there, in another order": lambda x, h, w: (
            rearrange(x, "b (h w) c -> b h w c", h=h)
        ),
        "it returned (b c n) = (2, 3, 24), expected (b c h w) = (2, 3, 6, 4); axis n should be gone; axis h is missing; axis w is missing": lambda x, h, w: (
            x.transpose(1, 2)
        ),
    },
}
RIGHT = {
    "check_pixels": [by_einops, lambda x: x.permute(0, 2, 3, 1).flatten(1, 2)],
    "check_map": [lambda x, h, w: rearrange(x, "b (h w) c -> b c h w", h=h)],
}
