"""Print every step of a block: python -m lvc --block EVCBlock --channels 256."""

import argparse
import sys

from lvc.checks import whole_number
from lvc.shapes import BLOCKS, EXAMPLE, Sizes, table

LEAST = Sizes(b=1, c=4, h=1, w=1, k=1)


class OneLineParser(argparse.ArgumentParser):
    def error(self, message):
        self.exit(2, f"{self.prog}: {message} (see {self.prog} --help)\n")


def main() -> None:
    parser = OneLineParser(
        prog="python -m lvc",
        description="Print every step of a block: pattern, shape, parameters, bytes.",
        allow_abbrev=False,
    )
    blocks = {block.__name__: block for block in BLOCKS}
    parser.add_argument(
        "--block", choices=blocks, default="LVCBlock", help="default: %(default)s"
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
    chosen = vars(parser.parse_args())
    name = chosen.pop("block")
    sizes = Sizes(**chosen)
    try:
        for axis, option in options.items():
            whole_number(option, getattr(sizes, axis), getattr(LEAST, axis))
    except ValueError as problem:
        parser.error(problem)
    axes = ", ".join(f"{axis} = {size}" for axis, size in sizes._asdict().items())
    print(f"{name} in float32, {axes}\n")
    print(table(sizes, blocks[name]))


if __name__ == "__main__":
    sys.exit(main())
