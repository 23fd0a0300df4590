"""The saved runs of chapter 12 are those of the present experiment."""

import json
import sys
from itertools import combinations
from pathlib import Path

import pytest
import torch

import lvc
from lvcbook import experiment
from lvcbook.experiment import (
    __main__,
    advice,
    block,
    decide,
    networks,
    protocol,
    runs,
    training,
)

ROOT = Path(__file__).parents[2]
KNOWN = json.loads(runs.SAVED.read_text())
ARM = experiment.Arm("digits", "mean")
INTERRUPTED = json.loads(runs.SAVED.read_text())
del INTERRUPTED["runs"][str(ARM)]["5"]


@pytest.fixture(autouse=True)
def as_many_threads():
    """Training sets the number of threads; leave it as it was."""
    threads = torch.get_num_threads()
    yield
    torch.set_num_threads(threads)


# What is stored


def test_settings_code_and_arms_are_the_present_ones():
    assert KNOWN["settings"] == experiment.SETTINGS, "run: make experiment FRESH=1"
    assert KNOWN["code"] == runs.code(), "run: make experiment FRESH=1"
    assert {*KNOWN["runs"]} == {*map(str, experiment.ARMS)}, "run: make experiment"
    assert not runs.missing(KNOWN), "run: make experiment"


def test_no_chosen_rate_is_at_the_edge_of_what_was_tried():
    for arm in experiment.ARMS:
        if tried := runs.validation(KNOWN, arm):
            assert min(tried) < runs.chosen(KNOWN, arm) < max(tried), arm


def stored(arm):
    """Return the parameters and the first losses that are stored of an arm."""
    runs_of_arm = KNOWN["runs"][str(arm)]
    (count,) = {run["parameters"] for run in runs_of_arm.values()}
    return count, runs_of_arm["0"]["losses"]


@pytest.mark.slow
@pytest.mark.parametrize("arm", experiment.ARMS, ids=str)
def test_the_first_steps_are_those_of_this_arm(arm):
    count, losses = stored(arm)
    assert runs.alike(arm, runs.first_losses(arm, 0, runs.chosen(KNOWN, arm)), losses)
    assert count == networks.parameters(training.new(arm, 0)[1])


def test_the_first_steps_are_those_of_no_other_arm():
    """By twice what rounding does, or by parameters; for how long, says the code."""
    for arm, other in combinations(experiment.ONCE, 2):
        (count, losses), (of_other, others) = stored(arm), stored(other)
        alike = runs.alike(arm, losses, others, times=2)
        assert count != of_other or not alike, f"{arm}; {other}"


@pytest.mark.slow
def test_a_whole_run_comes_out_again():
    """Rounding differs from machine to machine, and training makes it larger."""
    rate = runs.chosen(KNOWN, ARM)
    for seed in (0, 1):
        again = experiment.train(ARM, seed, rate)["score"]
        assert abs(again - KNOWN["runs"][str(ARM)][str(seed)]["score"]) < 0.02


@pytest.mark.slow
@pytest.mark.parametrize("arm", block.STORED, ids=str)
def test_a_trained_block_is_that_of_the_stored_run(arm):
    data = training.DATA[arm.data](block.SEED)
    reached = experiment.accuracy(block.trained(arm), *data.test())
    stored = KNOWN["runs"][str(arm)][str(block.SEED)]["score"]
    assert reached == pytest.approx(stored, abs=0.002)
    untrained = block.new(arm).eval()
    assert experiment.accuracy(untrained, *data.test()) < stored - 0.2


# The advice


def test_all_ways_of_the_advice_are_stored_with_all_seeds():
    stored = advice.stored()
    assert {*stored} == {*advice.WAYS}
    seeds = {str(seed) for seed in experiment.SEEDS}
    assert all({*of_way} == seeds for of_way in stored.values())


@pytest.mark.slow
@pytest.mark.parametrize("name", advice.WAYS)
def test_the_first_steps_of_a_way_are_those_that_are_stored(name):
    way = advice.WAYS[name]
    now = advice.fit(way, 0, runs.chosen(KNOWN, way.arm), training.FIRST)[2]
    assert runs.alike(way.arm, now, advice.stored()[name]["0"]["losses"])


@pytest.mark.slow
@pytest.mark.parametrize("arm", [advice.USUAL, advice.CONSTANT], ids=str)
def test_a_way_that_changes_nothing_is_the_arm_itself(arm):
    rate = runs.chosen(KNOWN, arm)
    now = advice.fit(advice.Way(arm), 0, rate, training.FIRST)[2]
    assert runs.alike(arm, now, stored(arm)[1])


def test_a_way_holds_scales_negative_and_takes_fewer_images():
    way = advice.Way(advice.FROM_PIXELS, times=1000.0, images=2, negative=True)
    model = advice.fit(way, 0, 0.01, 3)[1]
    free = advice.fit(way._replace(negative=False), 0, 0.01, 3)[1]
    held, let_go = (networks.encoding_of(one).scale for one in (model, free))
    assert held.max() <= 0 < let_go.max()


# The command


def test_the_experiment_goes_on_where_it_stopped(tmp_path, monkeypatch):
    monkeypatch.setattr(runs, "SAVED", tmp_path / "experiment.json")
    first = runs.missing(runs.saved())
    tuned = [arm for arm in experiment.ARMS if arm.change != protocol.FOUR_TIMES]
    grid = len(experiment.SETTINGS["rates"]) * len(experiment.TUNING_SEEDS)
    assert len(first) == len(tuned) * grid
    assert {kind for kind, *_ in first} == {"tuning"}
    runs.save(INTERRUPTED)
    rate = runs.chosen(KNOWN, ARM)
    assert runs.missing(runs.saved()) == [("runs", ARM, 5, rate)]


@pytest.fixture
def command(tmp_path, monkeypatch):
    """Run `make experiment` on what is stored, and return what it would train."""

    def run(known, *arguments):
        trained = []
        monkeypatch.setattr(runs, "SAVED", tmp_path / "experiment.json")
        monkeypatch.setattr(runs, "run_missing", trained.append)
        monkeypatch.setattr(block, "store", lambda rate_of: rate_of(ARM))
        monkeypatch.setattr(advice, "store", lambda: None)
        monkeypatch.setattr(sys, "argv", ["experiment", *arguments])
        runs.save(known)
        __main__.main()
        return [run for known in trained for run in runs.missing(known)]

    return run


def test_a_complete_experiment_says_so_and_how_to_run_it_afresh(command, capsys):
    assert command(KNOWN) == []
    said = capsys.readouterr().out
    assert "All results are stored, and those come out again." in said
    assert said.strip().endswith("make experiment FRESH=1")
    for page in "README.md", "book/ch12_learning.ipynb":
        text = (ROOT / page).read_text("utf-8")
        assert "`make experiment FRESH=1` trains" in text
        assert "`make experiment` trains" not in text  # it trains what is not stored
    assert len(command(KNOWN, "--fresh")) == len(runs.missing(runs.empty()))


def test_an_interrupted_experiment_goes_on(command):
    assert [run[:3] for run in command(INTERRUPTED)] == [("runs", ARM, 5)]


OTHER_LOSSES = {str(runs.CHECKED[0]): {"0": {"losses": [0.0] * training.FIRST}}}
CHANGES = {
    "settings": (
        {**KNOWN, "settings": {**KNOWN["settings"], "patch": 1}},
        "the settings are others",
    ),
    "code": ({**KNOWN, "code": "another"}, "the code that trains is another"),
    "training": (
        {**KNOWN, "runs": {**KNOWN["runs"], **OTHER_LOSSES}},
        r"scenes, nothing: the first losses differ by \d\.\d{4}",
    ),
}


@pytest.mark.parametrize(("known", "sentence"), CHANGES.values(), ids=CHANGES)
def test_a_changed_experiment_is_noticed(command, known, sentence):
    with pytest.raises(SystemExit, match=f"has changed: {sentence}. .* FRESH=1"):
        command(known)


@pytest.mark.slow
def test_a_block_that_begins_a_little_otherwise_is_noticed(monkeypatch):
    def new(arm, seed, new=training.new):
        data, model = new(arm, seed)
        for module in model.modules():
            if isinstance(module, lvc.Encoding):
                module.scale.data *= 1.1
        return data, model

    monkeypatch.setattr(training, "new", new)
    assert "the first losses differ by" in runs.changed(KNOWN)


def test_the_fingerprint_sees_code_and_no_comment():
    def dump(text):
        return runs.ast.dump(runs._without_docstrings(text))

    said = dump('"""A."""\ndef one():\n    """B."""\n    return 1  # C\n')
    assert (
        said == dump("def one():\n    return 1\n") != dump("def one():\n    return 2\n")
    )


# Rates


def known_of(scores):
    """Return what is stored if every arm has these validation scores by rate."""
    seeds = [str(seed) for seed in experiment.TUNING_SEEDS]
    tuning = {str(rate): dict.fromkeys(seeds, score) for rate, score in scores.items()}
    return {**runs.empty(), "tuning": {str(ARM): tuning}}


@pytest.mark.parametrize(
    ("scores", "more", "best"),
    [
        ({0.005: 0.5, 0.01: 0.6, 0.02: 0.5}, [], 0.01),
        ({0.005: 0.7, 0.01: 0.6, 0.02: 0.5}, [0.0025], None),
        ({0.005: 0.5, 0.01: 0.6, 0.02: 0.7}, [0.04], None),
        ({0.005: 0.5, 0.01: 0.6, 0.02: 0.7, 0.04: 0.6}, [], 0.02),
    ],
)
def test_a_grid_grows_until_the_best_rate_is_inside(scores, more, best):
    known = known_of(scores)
    assert sorted({*runs.rates(known, ARM)} - {*scores}) == more
    assert runs.chosen(known, ARM) == best


def test_no_test_run_starts_before_all_rates_are_chosen():
    kinds = {kind for kind, *_ in runs.missing(known_of({0.01: 0.5}))}
    assert kinds == {"tuning"}


# Answers


def test_holm_multiplies_the_smallest_by_all_and_never_falls():
    assert decide.holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert decide.holm([0.5, 0.9]) == pytest.approx([1.0, 1.0])


@pytest.mark.parametrize(
    ("once", "longer", "expected"),
    [
        ((2, 1, 3, 0.01), (2, 1, 3, 0.01), "better"),
        ((-2, -3, -1, 0.01), (-2, -3, -1, 0.01), "worse"),
        ((2, 1, 3, 0.01), (2, -1, 3, 0.2), "not found"),
        ((2, -1, 3, 0.2), (2, 1, 3, 0.01), "not found"),
        ((2, 1, 3, 0.01), (-2, -3, -1, 0.01), "not found"),
    ],
)
def test_a_difference_is_found_at_the_steps_and_at_twice_them(once, longer, expected):
    assert decide.verdict(once, longer) == expected


def test_an_interval_is_of_paired_differences():
    mean, low, high = decide.interval(torch.tensor([1.0, 2.0, 3.0]))
    half = 4.302653 / 3**0.5  # Student's t for three
    assert (mean, low, high) == pytest.approx((2, 2 - half, 2 + half), abs=1e-5)


# Data


def of(images):
    return {tuple(image.flatten().tolist()) for image in images}


@pytest.mark.parametrize("seed", [0, 1, 100])
def test_no_digit_serves_two_of_training_validation_and_test(seed):
    data = experiment.Digits(seed)
    parts = [data.training, data.validation, data.held_out]
    assert sum(map(len, parts)) == len({*torch.cat(parts).tolist()})
    assert [len(part) for part in parts] == experiment.SETTINGS["digits"]


@pytest.mark.parametrize("seed", [0, 1, 100])
def test_no_tile_serves_two_of_training_validation_and_test(seed):
    data = experiment.Photographs(seed)
    for parts in zip(data.training, data.validation, data.held_out):
        assert len(of(torch.cat(parts))) == sum(map(len, parts)) == 54


def test_the_test_data_are_those_of_every_seed():
    for data in (experiment.Photographs, experiment.Digits):
        (one, names), (other, others) = data(0).test(), data(1).test()
        assert torch.equal(one, other) and torch.equal(names, others)
        assert not torch.equal(data(0).validate()[0], data(1).validate()[0])
