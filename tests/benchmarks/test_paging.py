"""What paging measures are the defaults that are deployed, and others."""

from benchmarks.paging import PAGES, cuts, defaults
from rostersync.settings import FetchSettings, PlanSettings


def test_the_defaults_that_are_measured_are_the_templates_and_the_codes():
    chosen = defaults()
    environment = {"TABLE_NAME": "t", "STAGING_BUCKET": "b", "ROSTER_SERVER_HOSTS": "x.example"}
    assert chosen.page == PlanSettings.from_environment({**environment, "LEASE_SECONDS": "3600"}).page_size
    assert chosen.in_flight == FetchSettings.from_environment(environment).requests_in_flight


def test_every_cut_is_measured_once_and_the_defaults_among_them():
    wanted = cuts(defaults())
    assert len(set(wanted)) == len(wanted)
    assert defaults() in wanted
    assert {cut.page for cut in wanted} == set(PAGES)
