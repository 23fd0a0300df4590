"""The functions that the layers call and `lvc` exports: so far the literal ones."""

from lvc.reference import aggregate, encode, scaled_l2

__all__ = ["aggregate", "encode", "scaled_l2"]
