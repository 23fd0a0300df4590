"""Print every step of a block: python -m lvc --block EVCBlock --channels 256."""

import argparse
import os
import re
import sys

from lvc.axes import EXAMPLE, Sizes
from lvc.steps import FORMS, LEAST_CHANNELS
from lvc.table import TENSORS, shape_table

OPTIONS = dict(
    zip(Sizes._fields, ("--batch", "--channels", "--height", "--width", "--codes"))
)
ONE_FORM = {"codes": "has no codewords", "form": "has one form"}  # LightMLPBlock


class OneLineParser(argparse.ArgumentParser):
    def error(self, message):
        self.exit(2, f"{self.prog}: {message} (see {self.prog} --help)\n")


def main() -> None:
    parser = OneLineParser(
        prog="python -m lvc",
        description="Print every step of a block: pattern, shape, parameters, bytes.",
        allow_abbrev=False,
    )
    blocks = {block.__name__: block for block in TENSORS}
    parser.add_argument(
        "--block", choices=blocks, default="LVCBlock", help="default: %(default)s"
    )
    parser.add_argument(
        "--form",
        choices=FORMS,
        help="literal, the form to read, or product, the one that runs; "
        f"default: {FORMS[0]}",
    )
    for axis, option in OPTIONS.items():
        default = getattr(EXAMPLE, axis)
        parser.add_argument(option, metavar=axis, help=f"default: {default}")
    chosen = parser.parse_args()
    for option, reason in ONE_FORM.items():
        if chosen.block == "LightMLPBlock" and getattr(chosen, option) is not None:
            parser.error(f"--{option} says nothing to LightMLPBlock, which {reason}")
    sizes = EXAMPLE
    for axis, option in OPTIONS.items():
        text = getattr(chosen, option.strip("-"))
        least = LEAST_CHANNELS[chosen.block] if axis == "c" else 1
        if text is not None:
            # PyTorch counts in 64 bits, which hold 18 digits.
            if not re.fullmatch(r"[0-9]{1,18}", text) or int(text) < least:
                got = text if len(text) <= 18 else f"{len(text)} characters"
                parser.error(
                    f"{option} must be a whole number of at least {least} and at most "
                    f"18 digits, got {got}"
                )
            sizes = sizes._replace(**{axis: int(text)})
    table = shape_table(sizes, blocks[chosen.block], chosen.form or FORMS[0])
    used = [axis for axis in OPTIONS if table.form or axis != "k"]
    axes = ", ".join(f"{axis} = {getattr(sizes, axis)}" for axis in used)
    print(f"{table.title}, in float32, {axes}\n")
    print(table)


def command() -> None:
    """Run `main`; a reader of the output that goes away early is no error."""
    try:
        try:
            main()
        finally:
            print(end="", flush=True)
    except BrokenPipeError:
        # Nothing more can be written, not even when Python ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


if __name__ == "__main__":
    command()
