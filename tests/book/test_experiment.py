"""The saved runs of chapter 12 are those of the present experiment."""

import json
import sys

import pytest
import torch

from lvcbook import experiment
from lvcbook.experiment import __main__, networks, runs

KNOWN = json.loads(runs.SAVED.read_text())
INTERRUPTED = json.loads(runs.SAVED.read_text())
del INTERRUPTED["runs"][str(experiment.ARMS[3])]["5"]


def test_settings_arms_and_seeds_are_the_present_ones():
    assert KNOWN["settings"] == experiment.SETTINGS, "run: make experiment"
    assert {*KNOWN["runs"]} == {*map(str, experiment.ARMS)}, "run: make experiment"
    assert not runs.missing(KNOWN), "run: make experiment"


@pytest.mark.parametrize("arm", experiment.ARMS, ids=str)
def test_the_networks_are_the_present_ones(arm):
    """A run that differs only in how it is trained would show in the next test."""
    count = networks.parameters(experiment.network(arm, 0))
    assert {run["parameters"] for run in KNOWN["runs"][str(arm)].values()} == {count}


@pytest.mark.slow
def test_a_run_comes_out_again():
    """Rounding differs from machine to machine, and training makes it larger."""
    arm, threads = experiment.Arm("digits", "mean"), torch.get_num_threads()
    for seed in experiment.SEEDS:
        again = experiment.train(arm, seed)["accuracy"]
        torch.set_num_threads(threads)
        assert abs(again - KNOWN["runs"][str(arm)][str(seed)]["accuracy"]) < 0.02


def test_the_experiment_goes_on_where_it_stopped(tmp_path, monkeypatch):
    monkeypatch.setattr(runs, "SAVED", tmp_path / "experiment.json")
    assert len(runs.missing(runs.saved())) == sum(map(len, KNOWN["runs"].values()))
    runs.save(INTERRUPTED)
    assert runs.missing(runs.saved()) == [(experiment.ARMS[3], 5)]


@pytest.fixture
def command(tmp_path, monkeypatch):
    """Run `make experiment` on what is stored, and return which runs it would train."""

    def run(known, *arguments):
        trained = []
        monkeypatch.setattr(runs, "SAVED", tmp_path / "experiment.json")
        monkeypatch.setattr(runs, "run_missing", trained.append)
        monkeypatch.setattr(sys, "argv", ["experiment", *arguments])
        runs.save(known)
        __main__.main()
        return [run for known in trained for run in runs.missing(known)]

    return run


@pytest.fixture
def trained(monkeypatch):
    """Let a network be trained by looking up its stored run."""
    stored = KNOWN["runs"]
    look_up = lambda arm, seed: stored[str(arm)][str(seed)]  # noqa: E731
    monkeypatch.setattr(runs, "train", look_up)


def test_a_complete_experiment_says_so_and_how_to_run_it_afresh(
    command, trained, capsys
):
    assert command(KNOWN) == []
    said = capsys.readouterr().out
    assert "All results are stored, and those come out again." in said
    assert said.strip().endswith("make experiment FRESH=1")
    assert len(command(KNOWN, "--fresh")) == len(experiment.SEEDS) * len(
        experiment.ARMS
    )


def test_an_interrupted_experiment_goes_on(command, trained):
    assert command(INTERRUPTED) == [(experiment.ARMS[3], 5)]


CHANGES = {
    "settings": (
        {**KNOWN, "settings": {**KNOWN["settings"], "steps": 1}},
        "the settings are others",
    ),
    "arms": (
        {**KNOWN, "runs": {**KNOWN["runs"], "digits, magic": {}}},
        "digits, magic is no arm any more",
    ),
    "network": (
        {**KNOWN, "runs": {"digits, mean": {"0": {"parameters": 1}}}},
        r"digits, mean now has \d,\d+ parameters",
    ),
}


@pytest.mark.parametrize(("known", "sentence"), CHANGES.values(), ids=CHANGES)
def test_a_changed_experiment_is_noticed(command, trained, known, sentence):
    with pytest.raises(SystemExit, match=f"has changed: {sentence}. .* FRESH=1"):
        command(known)


def test_changed_training_is_noticed(command, trained, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(runs, "train", lambda *_: {"accuracy": 0.5})
        with pytest.raises(SystemExit, match="now reaches 0.5000 with seed 0, not"):
            command(KNOWN)


@pytest.mark.slow
def test_training_as_it_is_gives_what_is_stored():
    threads = torch.get_num_threads()
    assert runs.changed(KNOWN) == ""
    torch.set_num_threads(threads)


def test_no_digit_serves_both_training_and_test():
    data = experiment.Digits(seed=0)
    chosen = torch.cat(
        [data.batch(torch.Generator().manual_seed(0))[0] for _ in range(30)]
    )
    count = experiment.SETTINGS["digits"]
    of_training = {tuple(image.flatten().tolist()) for image in data.images[:count]}
    assert {tuple(image.flatten().tolist()) for image in chosen} <= of_training
    assert len(data.test()[0]) == len(data.images) - count
