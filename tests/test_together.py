"""Two processes learn as one would that sees the lessons of both."""

import signal
import subprocess
import sys
import time

import psutil
import pytest
import torch
from safetensors.torch import load_file

import training.train as trainer
from training.ahead import Ahead
from training.sources import SourceConfig, recipes
from training.together import ALONE, share_gradients
from training.train import TrainConfig, new_model

STEPS = 3
LESSONS = SourceConfig(batch=2, sizes=(32,), kinds=("object", "relief"))
ARGUMENTS = (
    "--steps", str(STEPS), "--validate-every", "100", "--threads", "1", "--no-bf16", "--seed", "4",
    "--device", "cpu", "--no-imagenet", "--trunk", "plain",
    "--source.batch", "2", "--source.sizes", "32", "--source.kinds", "object", "relief",
    "--validation.size", "32", "--validation.scenes", "1",
)  # fmt: skip


def _learned_by_two(out):
    command = [sys.executable, "-m", "training.train", "--out", str(out), "--processes", "2"]
    subprocess.run([*command, *ARGUMENTS], check=True, timeout=300, capture_output=True)
    return load_file(out / "checkpoint.safetensors")


def _learned_by_one(out, monkeypatch):
    """Learn as one process does, but along the mean gradient of two lessons."""
    other = Ahead(recipes(LESSONS, 5), torch.device("cpu"))
    real, steps = trainer.share_gradients, iter(range(STEPS))

    def with_the_other(model, crew):
        mine = {name: p.grad for name, p in model.named_parameters() if p.grad is not None}
        model.zero_grad(set_to_none=True)
        lesson = other(next(steps))
        encoded = model.encoder(lesson.picture, lesson.rays, lesson.outline)
        trainer.objective(model, encoded, lesson, 1, trainer.ObjectiveConfig()).backward()
        for name, parameter in model.named_parameters():
            if name in mine:
                parameter.grad = (parameter.grad + mine[name]) / 2
        real(model, crew)

    monkeypatch.setattr(trainer, "share_gradients", with_the_other)
    config = TrainConfig(
        out, steps=STEPS, validate_every=100, threads=1, bf16=False, seed=4, device="cpu",
        imagenet=False, trunk="plain", source=LESSONS,
        validation=trainer.ValidationConfig(size=32, scenes=1),
    )  # fmt: skip
    trainer.run(config)
    return load_file(out / "checkpoint.safetensors")


@pytest.mark.slow
def test_two_processes_learn_as_one_that_sees_both_lessons(tmp_path, monkeypatch):
    two, one = _learned_by_two(tmp_path / "two"), _learned_by_one(tmp_path / "one", monkeypatch)
    assert two.keys() == one.keys()
    start = new_model(TrainConfig(tmp_path, trunk="plain", imagenet=False)).state_dict()
    assert not torch.equal(two["model.encoder.heads.bias"], start["encoder.heads.bias"])
    for name in two:
        torch.testing.assert_close(two[name], one[name], atol=2e-4, rtol=1e-3)


@pytest.mark.slow
def test_the_others_end_with_a_training_that_is_killed(tmp_path):
    arguments = ["-m", "training.train", "--out", str(tmp_path), "--processes", "2", *ARGUMENTS]
    endless = [sys.executable, *arguments, "--steps", "1000000", "--validate-every", "1"]
    # as a shell starts what runs in the background: torch's own way to end them is a SIGINT
    deaf = {"preexec_fn": lambda: signal.signal(signal.SIGINT, signal.SIG_IGN)}
    with subprocess.Popen(
        endless, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, **deaf
    ) as training:
        while not (tmp_path / "checkpoint.safetensors").is_file():
            assert training.poll() is None, training.stderr.read()
            time.sleep(0.1)
        others = psutil.Process(training.pid).children(recursive=True)
        assert len(others) >= 2
        training.kill()
        _, alive = psutil.wait_procs(others, timeout=10)
        for process in alive:
            process.kill()
    assert not alive


def test_one_process_keeps_its_gradients():
    layer = torch.nn.Linear(2, 2)
    layer(torch.ones(1, 2)).sum().backward()
    before = layer.weight.grad
    share_gradients(layer, ALONE)
    assert layer.weight.grad is before
