"""Mutants that cannot change what lvc does, by name, each with the reason."""

ONES = "broadcasting adds axes of size 1 on the left by itself"
ORDER = "the encoding is a sum over all pixels, in whatever order they are listed"
KERNELS = (
    "the kernels have 1 and 3 rows; half and a third of them round down to the same"
)
PROMOTION = "the common dtype and device do not depend on which tensor comes first"
NO_GRADIENT = "the gradient through the centre is zero, up to rounding"
UNREAD = "lvc does not read this annotation; the tests' own type checks do"
ALONE = "the tensor stands alone, so any four letters say the same"
SAME = "the same two numbers are multiplied"
UNPACKED = "unpacking takes one item after the other from either"
TYPED = "only a type checker reads the bound of a type variable"
AGAIN = "a node of the graph that is visited again gives the same parameters"
LAYER = "reference.encoding_layer"
WIDE = "functional.in_float32.in_wide_numbers"
HARMLESS = {
    "reference.residuals: rearrange(codewords, 'k c -> 1 1 k c') -> codewords": ONES,
    "reference.residuals: 'k c -> 1 1 k c' -> 'k c -> 1 k c'": ONES,
    "reference.scaled_l2: rearrange(scale, 'k -> 1 1 k') -> scale": ONES,
    "reference.scaled_l2: 'k -> 1 1 k' -> 'k -> 1 k'": ONES,
    f"{LAYER}: rearrange(layer.scale, 'k -> 1 1 k') -> layer.scale": ONES,
    f"{LAYER}: 'k -> 1 1 k' -> 'k -> 1 k'": ONES,
    "layers.Encoding.forward: 'b c h w -> b (h w) c' -> 'b c h w -> b (w h) c'": ORDER,
    "layers.Encoding.forward: 'b c h w -> b (h w) c' -> 'b c w h -> b (h w) c'": ORDER,
    "layers._conv_and_norm: 2 -> 3": KERNELS,
    f"{WIDE}: [*args, *kwargs.values()] -> [*kwargs.values(), *args]": PROMOTION,
    f"{WIDE}: 0 -> 1": PROMOTION,
    f"{WIDE}: 0 -> 1 #2": PROMOTION,
    "functional.centred: codewords.detach() -> codewords": NO_GRADIENT,
    "functional.centred: 'b n c' -> 'n b c'": UNREAD,
    "functional.centred: 'b n c' -> 'b c n'": UNREAD,
    "functional.centred: 'k c' -> 'c k'": UNREAD,
    "checkpoint.M: TypeVar('M', bound=nn.Module) -> TypeVar('M')": TYPED,
    "axes.DERIVED: 'h w' -> 'w h'": SAME,
    "steps.LIGHT_MLP_STEPS: '(4 c) c 1 1, (4 c)' -> '(c 4) c 1 1, (4 c)'": SAME,
    "table._parameters_behind: seen.add(node) -> nothing": AGAIN,
    "table._parameters_behind: seen.add(node) -> seen": AGAIN,
    "table.Table._repr_html_: list(map(escape, line)) -> map(escape, line)": UNPACKED,
    "table.trace: 'b c h w' -> 'c b h w'": ALONE,
    "table.trace: 'b c h w' -> 'b h c w'": ALONE,
    "table.trace: 'b c h w' -> 'b c w h'": ALONE,
}
