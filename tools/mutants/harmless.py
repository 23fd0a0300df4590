"""Mutants that cannot change what lvc computes with this PyTorch, by reason."""

WIDE = "functional.in_float32.in_wide_numbers"
SCORES = "functional._scaled_l2"
REASONS = {
    "broadcasting adds axes of size 1 on the left by itself": [
        "reference.residuals: rearrange(codewords, 'k c -> 1 1 k c') -> codewords",
        "reference.residuals: 'k c -> 1 1 k c' -> 'k c -> 1 k c'",
        "reference.scaled_l2: rearrange(scale, 'k -> 1 1 k') -> scale",
        "reference.scaled_l2: 'k -> 1 1 k' -> 'k -> 1 k'",
        "reference.encoding_layer: rearrange(layer.scale, 'k -> 1 1 k') -> layer.scale",
        "reference.encoding_layer: 'k -> 1 1 k' -> 'k -> 1 k'",
    ],
    "the encoding is a sum over all pixels, in whatever order they are listed": [
        "layers.Encoding.forward: 'b c h w -> b (h w) c' -> 'b c h w -> b (w h) c'",
        "layers.Encoding.forward: 'b c h w -> b (h w) c' -> 'b c w h -> b (h w) c'",
    ],
    "the kernels have 1 and 3 rows; half and a third of them round down to the same": [
        "layers._conv_and_norm: 2 -> 3",
    ],
    "the common dtype and device do not depend on which tensor comes first": [
        f"{WIDE}: [*args, *kwargs.values()] -> [*kwargs.values(), *args]",
        f"{WIDE}: 0 -> 1",
        f"{WIDE}: 0 -> 1 #2",
    ],
    "beside a score that is not finite, any finite number gives that score": [
        f"{SCORES}: 0 -> 1",
        *(f"{SCORES}: 0 -> 1 #{number}" for number in range(2, 10)),
    ],
    "only whether it is finite is read; that differs for scales beyond 1e38 alone": [
        f"{SCORES}: 1 -> 2",
    ],
    "lvc does not read this annotation; the tests' own type checks do": [
        "functional.centred: 'b n c' -> 'n b c'",
        "functional.centred: 'b n c' -> 'b c n'",
        "functional.centred: 'k c' -> 'c k'",
    ],
    "only a type checker reads the bound of a type variable": [
        "checkpoint.M: TypeVar('M', bound=nn.Module) -> TypeVar('M')",
        "size.M: TypeVar('M', bound=nn.Module) -> TypeVar('M')",
        "checks.Function: TypeVar('Function', bound=Callable[..., Any])"
        " -> TypeVar('Function')",
    ],
    "only a PyTorch before 2.4 gets there, and make oldest tests it": [
        "checks.ASKS_FOR_DEVICE: hasattr(torch, 'get_autocast_dtype') -> torch",
    ],
    "the same numbers are multiplied": [
        "axes.DERIVED: 'h w' -> 'w h'",
        "steps.WEIGHTS: '5 b n k' -> 'b 5 n k'",
        "steps.WEIGHTS: '5 b n k' -> '5 n b k'",
        "steps.WEIGHTS: '5 b n k' -> '5 b k n'",
    ],
    "an axis of size 1 changes neither bytes nor operations": [
        "steps.ENCODING_STEPS: 'b n 1' -> 'b n'",
        "steps.ENCODING_STEPS: 'b k 1' -> 'b k'",
    ],
    "a node of the graph that is visited again gives the same parameters": [
        "table._parameters_behind: seen.add(node) -> nothing",
        "table._parameters_behind: seen.add(node) -> seen",
    ],
    "unpacking takes one item after the other from either": [
        "table.Table._repr_html_: list(map(escape, line)) -> map(escape, line)",
    ],
    "the tensor stands alone, so any four letters say the same": [
        "table.trace: 'b c h w' -> 'c b h w'",
        "table.trace: 'b c h w' -> 'b h c w'",
        "table.trace: 'b c h w' -> 'b c w h'",
    ],
}
HARMLESS = {name: reason for reason, names in REASONS.items() for name in names}
