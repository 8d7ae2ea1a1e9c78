"""A short campaign, and what it would find: ``make campaign CASES=5000`` is the long one."""

from pathlib import Path
from random import Random

import pytest

from simulator.faults import KINDS, Fault
from tests.campaign.case import run_case
from tests.campaign.faulting import FAULTS, name_of
from tests.campaign.mutations import MUTATIONS, find

RELIABILITY = Path(__file__).parents[2] / "docs/reliability.md"
SHORT = range(1, 13)


@pytest.mark.parametrize("seed", SHORT)
def test_whatever_goes_wrong_every_promise_is_kept(seed: int) -> None:
    assert run_case(seed).violations == []


def test_a_case_is_the_same_each_time() -> None:
    once, again = run_case(4), run_case(4)
    assert (once.fired, once.outcomes, once.happened) == (again.fired, again.outcomes, again.happened)


# The quickest to be found; python -m tests.campaign --mutations plants them all.
@pytest.mark.parametrize("name", ["stop on a short page", "drop the lease", "keep the lease"])
def test_a_planted_bug_is_found(name: str) -> None:
    assert find(name, within=500) is not None


def test_ten_bugs_at_least_are_planted() -> None:
    assert len(MUTATIONS) >= 10


def test_every_fault_of_the_simulator_is_among_the_campaigns() -> None:
    # The sync asks for nothing by a filter.
    assert {kind for kind, _ in FAULTS.values()} == KINDS.keys() - {"filter-unread"}


def test_a_fault_is_counted_under_its_own_name() -> None:
    for name, (kind, values) in FAULTS.items():
        for seed in range(20):
            assert name_of(Fault(kind, values(Random(seed)))) == name


def test_every_fault_is_in_the_table_of_reliability() -> None:
    table = RELIABILITY.read_text()
    for name in FAULTS:
        assert f"`{name}`" in table, name
