"""Print every step of LVCBlock: python -m lvc --batch 2 --channels 256 --codes 64."""

import argparse
import sys

from lvc.checks import whole_number
from lvc.shapes import EXAMPLE, Sizes, table

LEAST = Sizes(b=1, c=4, h=1, w=1, k=1)


class OneLineParser(argparse.ArgumentParser):
    def error(self, message: str):
        self.exit(2, f"{self.prog}: {message} (see {self.prog} --help)\n")


def main() -> None:
    parser = OneLineParser(
        prog="python -m lvc",
        description="Print every step of LVCBlock.",
        allow_abbrev=False,
    )
    options = dict(
        zip(Sizes._fields, ("--batch", "--channels", "--height", "--width", "--codes"))
    )
    for axis, option in options.items():
        parser.add_argument(
            option,
            dest=axis,
            type=int,
            default=getattr(EXAMPLE, axis),
            metavar=axis,
            help="default: %(default)s",
        )
    sizes = Sizes(**vars(parser.parse_args()))
    try:
        for axis, option in options.items():
            whole_number(option, getattr(sizes, axis), getattr(LEAST, axis))
    except ValueError as problem:
        parser.error(str(problem))
    block = f"LVCBlock(channels={sizes.c}, num_codes={sizes.k})"
    print(f"{block} on {sizes.b} maps of {sizes.h} x {sizes.w} pixels, float32\n")
    print(table(sizes))


if __name__ == "__main__":
    sys.exit(main())
