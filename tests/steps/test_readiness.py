"""What a preview says of how ready a tenant is, against the oracle and against what publishing then does."""

from collections import Counter
from datetime import timedelta
from random import Random
from typing import Any

import pytest
from msgspec.structs import asdict

from rostersync.roster.readiness import MOST_DOMAINS, Prospect, Readiness, count_domains
from rostersync.roster.records import Person
from rostersync.roster.settings import RosterSettings
from rostersync.steps.preview_readiness import IN_GROUPS, PROSPECTS
from rostersync.storage import items, keys, staged
from rostersync.storage.runs import RunRecord
from simulator.days import advance_day
from simulator.district import District
from simulator.oracle import Oracle
from tests.steps.district_server import serve_district
from tests.steps.driver import NOW, TENANT, connected, sync
from tests.steps.rosters import enrolled, section, small_roster, student, teacher
from tests.steps.test_linking_users import Tenant


def readiness(run: RunRecord) -> Readiness:
    assert (run.outcome, run.writes["roster"]) == ("previewed", 0)
    assert run.readiness is not None
    return run.readiness


def teaching_and_linked(tenant: Tenant) -> set[str]:
    """Return the owners with a group and a user, as they are stored."""
    stored = tenant.stores.table.items.values()
    owners = {items.group_of(one).owner_id for one in stored if one["kind"] == "group" and not one["removed"]}
    tied = {keys.owner_of(one["sk"]) for one in stored if one["kind"] == "link" and one["user_id"]}
    return owners & tied


def sync_district(tenant: Tenant, district: District, mode: str) -> RunRecord:
    tenant.clock += timedelta(hours=1)
    now = tenant.clock
    return sync(
        tenant.stores,
        serve_district(district),
        bus=tenant.bus,
        now=now,
        mode=mode,
        run_id=f"{mode}-{now:%d%H}",
    )


def check(tenant: Tenant, district: District) -> None:
    """Preview, compare with the oracle, publish, and compare with who is linked then."""
    found = asdict(readiness(sync_district(tenant, district, "preview")))
    oracle = Oracle(district.tables)
    right = oracle.readiness(NOW.date())
    assert {name: found[name] for name in right} == right
    known = {user.email.rpartition("@")[2] for user in tenant.stores.users.all(TENANT) if not user.removed}
    teachers = {owner for owner, _ in oracle.groups(NOW.date())}
    domains = Counter(owner.rpartition("@")[2] for owner in teachers)
    assert found["domains_without_user"] == {one: n for one, n in domains.items() if one not in known}
    sync_district(tenant, district, "changes")
    assert found["teachers_with_user"] == len(teaching_and_linked(tenant))


def very_dirty_district(seed: int) -> District:
    """Return one with students without login, too, and teachers with a shared e-mail and several domains."""
    district = District.generate(students=300, seed=seed, today=NOW.date(), dirt_share=0.1)
    with district.tables.change() as database:
        database.execute("UPDATE users SET email = ' ', username = '' WHERE in_students AND position % 5 = 0")
        database.execute(
            "UPDATE users SET email = replace(email, '@', '@d' || length(email) % 3 || '.') WHERE in_teachers"
        )
        database.execute(
            "UPDATE users SET email = 'office@shared.example' WHERE in_teachers AND position % 7 = 0"
        )
    return district


@pytest.mark.parametrize("seed", range(4))
def test_a_dirty_district_s_readiness_is_what_the_oracle_says_and_publishing_does(seed: int) -> None:
    random, tenant = Random(seed), Tenant()
    district = very_dirty_district(seed)
    right = Oracle(district.tables).readiness(NOW.date())
    assert 0 < right["students_with_login"] < right["students"]
    assert right["shared_emails"] > 0
    assert right["dangling_enrollments"] > 0
    check(tenant, district)
    emails = sorted(Oracle(district.tables).owners(NOW.date()))
    for number, email in enumerate(random.sample(emails, len(emails) // 2)):
        tenant.added(f"u{number}", email.upper())
    for number in range(3):
        tenant.added(f"other{number}", f"other{number}@elsewhere.example")
    check(tenant, district)
    assert teaching_and_linked(tenant)
    tenant.match(emails[0], "other0@elsewhere.example")
    tenant.match(emails[1], "other1@elsewhere.example")
    tenant.match(emails[1], None)
    tenant.hear("User Removed", userId="u1", at="2026-10-05T02:00:00Z")
    for _ in range(3):
        advance_day(district)
    district.today = NOW.date()
    check(tenant, district)


def preview(tenant: Tenant, roster: Any) -> Readiness:
    return readiness(tenant.sync(roster, mode="preview"))


def test_every_way_to_a_user_counts_and_none_that_ends() -> None:
    tenant = Tenant(stores=connected(settings=RosterSettings(email_domains={"old.example": "hill.example"})))
    roster = small_roster()
    names = ("mail", "match", "undone", "moved", "old", "none")
    roster["teachers"] = [teacher(one) for one in names]
    roster["classes"] = [section(f"c-{one}") for one in names]
    roster["enrollments"] = [
        row for one in names for row in (enrolled(f"c-{one}", one, "teacher"), enrolled(f"c-{one}", "s1"))
    ]
    tenant.added("u1", "mail@hill.example")
    tenant.added("u2", "x@other.example")
    tenant.added("u3", "y@other.example")
    tenant.added("u4", "moved@hill.example")
    tenant.added("u5", "old@old.example")
    # Of a first preview only e-mails can tell.
    assert preview(tenant, roster).teachers_with_user == 3
    tenant.sync(roster)
    tenant.match("match@hill.example", "x@other.example")
    tenant.match("undone@hill.example", "y@other.example")
    assert preview(tenant, roster).teachers_with_user == 5
    tenant.match("undone@hill.example", None)
    # Whose e-mail changes keeps the link there was.
    roster["teachers"] = [
        *(teacher(one) for one in names if one != "moved"),
        teacher("moved", "new@hill.example"),
    ]
    assert preview(tenant, roster).teachers_with_user == 4
    # Who comes with the e-mail of a user takes the user from who had it.
    roster["teachers"] = [*roster["teachers"], teacher("heir", "moved@hill.example")]
    roster["enrollments"] = [*roster["enrollments"], enrolled("c-none", "heir", "teacher")]
    found = preview(tenant, roster)
    assert (found.teachers, found.teachers_with_user) == (7, 4)
    tenant.sync(roster)
    assert len(teaching_and_linked(tenant)) == 4


def test_a_user_who_is_another_s_by_hand_is_nobody_else_s_by_email() -> None:
    tenant = Tenant()
    tenant.sync(small_roster())
    tenant.added("u1", "t1@hill.example")
    assert preview(tenant, small_roster()).teachers_with_user == 1
    tenant.match("t2@hill.example", "t1@hill.example")
    assert preview(tenant, small_roster()).teachers_with_user == 1
    roster = small_roster()
    # The other teaches no more, and keeps the user all the same.
    roster["enrollments"] = [enrolled("c1", "t1", "teacher"), enrolled("c1", "s1")]
    assert preview(tenant, roster).teachers_with_user == 0


def test_students_count_once_and_by_the_login_that_is_chosen() -> None:
    tenant = Tenant(stores=connected(settings=RosterSettings(login="username")))
    roster = small_roster()
    roster["students"] = [student("s1", username="one"), student("s2", username="two"), student("s3")]
    found = preview(tenant, roster)
    assert (found.students, found.students_with_login) == (3, 2)


def test_teachers_without_a_group_have_no_part_in_it() -> None:
    tenant = Tenant()
    roster = small_roster()
    roster["teachers"] = [teacher("t1"), teacher("t2"), teacher("t3", "t3@idle.example")]
    found = preview(tenant, roster)
    assert (found.teachers, found.domains_without_user) == (2, {"hill.example": 2})
    tenant.added("u9", "pupil@HILL.example")
    assert preview(tenant, roster).domains_without_user == {}


def test_domains_are_few_and_those_of_most_teachers_come_first() -> None:
    found = count_domains(
        Prospect(False, f"d{number:02}.example") for number in range(60) for _ in range(1 + number // 20)
    )
    assert len(found) == MOST_DOMAINS
    assert list(found)[:2] == ["d40.example", "d41.example"]
    assert list(found.values()) == sorted(found.values(), reverse=True)
    assert count_domains([Prospect(True, "")]) == {}


def test_a_run_that_publishes_neither_tells_nor_stages_any_of_it() -> None:
    tenant = Tenant()
    assert tenant.sync(small_roster()).readiness is None
    where = (TENANT, f"run-{tenant.clock:%d-%H}", 1, False)
    for key, name in ((staged.owners(*where), PROSPECTS), (staged.groups(*where, 0), IN_GROUPS)):
        assert tenant.stores.staging.open_pack(key).section(name) == b""


def test_neither_a_name_nor_an_email_is_in_the_run_s_item() -> None:
    tenant = Tenant()
    run = tenant.sync(small_roster(), mode="preview")
    item = str(tenant.stores.table.get(keys.run(TENANT, run.run_id)))
    people = [one for one in small_roster()["teachers"] if isinstance(one, Person)]
    assert "hill.example" in item
    assert not any(one.email in item or one.family_name in item for one in people)


def test_a_match_with_a_user_whom_senso_has_removed_gives_no_user() -> None:
    tenant = Tenant()
    tenant.sync(small_roster())
    tenant.added("u1", "x@other.example")
    tenant.match("t1@hill.example", "x@other.example")
    assert preview(tenant, small_roster()).teachers_with_user == 1
    tenant.hear("User Removed", userId="u1", at="2026-10-05T02:00:00Z")
    assert preview(tenant, small_roster()).teachers_with_user == 0
