"""What counts as worse, and how figures come about."""

from pathlib import Path

import pytest

from benchmarks.comparing import worse
from benchmarks.measuring import Figure, Result, figure, read, write


def result(*figures: Figure) -> Result:
    """Return a result with these figures."""
    return Result("part", figures, {}, {"cores": 2})


def test_a_figure_is_the_median_and_its_noise_the_quartiles_half_distance() -> None:
    found = figure("pull", [1.0, 2.0, 3.0, 4.0, 100.0], aim=3.5)
    assert (found.ratio, found.noise) == (3.0, round(1 / 3, 3))
    assert found.is_met
    assert not figure("pull", [3.6], aim=3.5).is_met


@pytest.mark.parametrize(
    ("ratio", "noise", "is_worse"),
    [(1.09, 0.0, False), (1.12, 0.0, True), (1.25, 0.05, False), (1.35, 0.05, True)],
)
def test_what_noise_explains_is_not_worse(ratio: float, noise: float, is_worse: bool) -> None:
    before, now = result(Figure("pull", 1.0, noise=noise)), result(Figure("pull", ratio, noise=noise))
    assert bool(list(worse(before, now))) is is_worse


def test_what_was_not_measured_before_is_not_worse() -> None:
    assert not list(worse(result(), result(Figure("pull", 9.0))))


def test_a_result_comes_back_as_it_was_written(tmp_path: Path) -> None:
    one = result(Figure("pull", 1.5, 2.0, 0.1))
    write(one, tmp_path)
    found = read("part", tmp_path)
    assert (list(found.figures), found.machine) == (list(one.figures), one.machine)
