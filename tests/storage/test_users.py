"""What Senso said of its users: the last word counts, in whatever order the words come."""

from contextlib import suppress
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rostersync.errors import StorageUnavailable
from rostersync.storage import keys
from rostersync.storage.table import Table
from rostersync.storage.users import KnownUser, Users
from tests.fakes import FakeTable


@pytest.fixture
def users(table: Table) -> Users:
    """Nobody is known yet."""
    return Users(table)


def ada(at: int, email: str = "ada@hill.example", **fields: bool) -> KnownUser:
    return KnownUser(user_id="u1", email="" if fields else email, changed_at=at, **fields)


def ids(found: list[KnownUser]) -> list[str]:
    return [user.user_id for user in found]


def test_a_user_is_found_by_id_and_by_email(users: Users) -> None:
    users.record("maple", ada(1))
    assert users.get("maple", "u1") == ada(1)
    assert users.with_emails("maple", ["ada@hill.example", "bo@hill.example"]) == [ada(1)]
    assert users.with_emails("oak", ["ada@hill.example"]) == []
    assert users.get("oak", "u1") is None


def test_a_changed_email_is_the_only_one_the_user_is_found_by(users: Users) -> None:
    users.record("maple", ada(1))
    assert users.record("maple", ada(2, "new@hill.example")) == ada(1)
    assert users.with_emails("maple", ["ada@hill.example"]) == []
    assert users.with_emails("maple", ["new@hill.example"]) == [ada(2, "new@hill.example")]


@pytest.mark.parametrize("number", [1, 2, 3])
@pytest.mark.parametrize(
    "said", [ada(2, "new@hill.example"), ada(2, removed=True)], ids=["changed", "removed"]
)
def test_an_email_that_a_user_has_no_more_is_kept_nowhere_whenever_a_call_died(
    number: int, said: KnownUser
) -> None:
    table = FakeTable()
    Users(table).record("maple", ada(1))
    table.fail_at_write(number)
    with suppress(StorageUnavailable):
        Users(table).record("maple", said)
    table.fail_at_write(10**9)
    Users(table).record("maple", said)
    assert keys.email_user("maple", "ada@hill.example", "u1") not in table
    assert Users(table).get("maple", "u1") == said


def test_several_users_of_one_email_are_all_found(users: Users) -> None:
    for user_id in ("u2", "u1"):
        users.record("maple", KnownUser(user_id=user_id, email="ada@hill.example", changed_at=1))
    assert ids(users.with_emails("maple", ["ada@hill.example"])) == ["u1", "u2"]


def test_an_email_that_goes_on_where_another_ends_is_another(users: Users) -> None:
    users.record("maple", KnownUser(user_id="u1", email="a@b#c", changed_at=1))
    assert users.with_emails("maple", ["a@b"]) == []
    assert ids(users.with_emails("maple", ["a@b#c"])) == ["u1"]


def test_a_removed_user_is_remembered_with_its_time_and_found_by_nothing(users: Users) -> None:
    users.record("maple", ada(1))
    users.record("maple", ada(2, removed=True))
    assert users.with_emails("maple", ["ada@hill.example"]) == []
    users.record("maple", ada(1))
    assert users.get("maple", "u1") == ada(2, removed=True)


SAID = st.lists(
    st.builds(ada, st.integers(1, 3), st.sampled_from(["a@hill.example", "b@hill.example"]))
    | st.builds(lambda at: ada(at, removed=True), st.integers(1, 3)),
    min_size=1,
    max_size=4,
)


@given(SAID)
def test_the_order_in_which_things_are_said_does_not_matter(said: list[KnownUser]) -> None:
    ends = []
    for order in permutations(said):
        table = FakeTable()
        for user in order:
            Users(table).record("maple", user)
        ends.append(table.items)
    assert all(end == ends[0] for end in ends)


@pytest.mark.parametrize("number", range(1, 4))
def test_a_recording_that_died_is_finished_by_the_same_again(number: int) -> None:
    table = FakeTable()
    users = Users(table)
    users.record("maple", ada(1))
    table.fail_at_write(number)
    with pytest.raises(Exception, match="told to fail"):
        users.record("maple", ada(2, "new@hill.example"))
    users.record("maple", ada(2, "new@hill.example"))
    assert users.with_emails("maple", ["ada@hill.example"]) == []
    assert users.with_emails("maple", ["new@hill.example"]) == [ada(2, "new@hill.example")]


def test_a_list_is_complete_when_its_last_page_has_come_in_any_order(users: Users) -> None:
    assert [users.page_has_come("maple", "r", 5, page, 3) for page in (3, 1, 1, 2, 2)] == [
        False,
        False,
        False,
        True,
        True,
    ]
    assert not users.page_has_come("maple", "r", 6, 2, 3)
    assert not users.page_has_come("oak", "r", 5, 1, 3)


def test_pages_that_do_not_agree_on_how_many_they_are_make_no_whole_list(users: Users) -> None:
    assert not users.page_has_come("maple", "r", 5, 2, 3)
    assert not users.page_has_come("maple", "r", 5, 1, 2)
    assert users.page_has_come("maple", "r", 5, 3, 3)


def test_who_is_not_on_a_whole_list_and_not_known_from_later_is_removed(users: Users) -> None:
    for user_id, at in (("listed", 5), ("older", 4), ("later", 6)):
        users.record("maple", KnownUser(user_id=user_id, email=f"{user_id}@hill.example", changed_at=at))
    for _ in range(2):
        assert users.remove_unlisted("maple", 5) == ["older"]
    assert sorted(user.user_id for user in users.all("maple") if not user.removed) == ["later", "listed"]
    assert users.complete_as_of("maple") == 5
    users.remove_unlisted("maple", 3)
    assert users.complete_as_of("maple") == 5


def test_the_longest_email_and_id_fit_a_key() -> None:
    email = "é" * 400
    assert len(keys.email_user("maple", email, "u" * 100)[1].encode()) <= 1_024
