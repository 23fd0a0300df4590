"""The saved runs of chapter 12 are those of the present experiment."""

import json

import pytest
import torch

from lvcbook import experiment

KNOWN = json.loads(experiment.SAVED.read_text())


def test_settings_arms_and_seeds_are_the_present_ones():
    assert KNOWN["settings"] == experiment.SETTINGS, "run: make experiment"
    assert {*KNOWN["runs"]} == {*map(str, experiment.ARMS)}, "run: make experiment"
    assert not experiment.missing(KNOWN), "run: make experiment"


@pytest.mark.parametrize("arm", experiment.ARMS, ids=str)
def test_the_networks_are_the_present_ones(arm):
    """A run that differs only in how it is trained would show in the next test."""
    count = experiment.parameters(experiment.network(arm, 0))
    assert {run["parameters"] for run in KNOWN["runs"][str(arm)].values()} == {count}


def test_a_run_comes_out_again():
    """Rounding differs from machine to machine, and training makes it larger."""
    arm, threads = experiment.Arm("digits", "mean"), torch.get_num_threads()
    for seed in experiment.SEEDS:
        again = experiment.train(arm, seed)["accuracy"]
        torch.set_num_threads(threads)
        assert abs(again - KNOWN["runs"][str(arm)][str(seed)]["accuracy"]) < 0.02


def test_the_experiment_goes_on_where_it_stopped(tmp_path, monkeypatch):
    monkeypatch.setattr(experiment, "SAVED", tmp_path / "experiment.json")
    assert len(experiment.missing(experiment.saved())) == sum(
        map(len, KNOWN["runs"].values())
    )
    arm = experiment.ARMS[3]
    runs = {**KNOWN["runs"], str(arm): dict(KNOWN["runs"][str(arm)])}
    del runs[str(arm)]["5"]
    experiment.save({**KNOWN, "runs": runs})
    assert experiment.missing(experiment.saved()) == [(arm, 5)]
    experiment.save({"settings": {**experiment.SETTINGS, "steps": 1}, "runs": runs})
    assert not experiment.saved()["runs"]


def test_no_digit_serves_both_training_and_test():
    data = experiment.Digits(seed=0)
    chosen = torch.cat(
        [data.batch(torch.Generator().manual_seed(0))[0] for _ in range(30)]
    )
    count = experiment.SETTINGS["digits"]
    of_training = {tuple(image.flatten().tolist()) for image in data.images[:count]}
    assert {tuple(image.flatten().tolist()) for image in chosen} <= of_training
    assert len(data.test()[0]) == len(data.images) - count
