"""The contract of the staging bucket, on the fake and on moto."""

import random
from dataclasses import dataclass

import boto3
import pytest

from rostersync.errors import PermanentError, StagedObjectMissing, StorageUnavailable
from rostersync.storage.staging import HEAD_BYTES, Staging
from tests.fakes import FakeStaging

KEY = "staging/runs/maple/run-1/pull-1/people/a.pack"
NOISE = random.Random(7).randbytes(3 * HEAD_BYTES)


@dataclass(frozen=True)
class Note:
    """A document."""

    number: int
    names: tuple[str, ...] = ()
    by_name: dict[str, int | None] | None = None


def test_a_section_comes_back_as_it_was_put(staging: Staging) -> None:
    staging.put_pack(KEY, {"tally": b"{}", "noise": NOISE, "empty": b""})
    assert staging.section(KEY, "tally") == b"{}"
    assert staging.section(KEY, "noise") == NOISE
    assert staging.section(KEY, "empty") == b""


def test_a_section_that_was_not_staged_is_empty(staging: Staging) -> None:
    staging.put_pack(KEY, {})
    assert staging.section(KEY, "drafts/3") == b""


def test_sections_are_read_by_prefix_or_by_name(staging: Staging) -> None:
    staged = {f"records/classes/{shard:x}": NOISE[shard * 999 :] for shard in range(16)}
    staging.put_pack(KEY, {**staged, "tally": b"{}", "ids/classes": NOISE})
    assert staging.sections(KEY, "records/") == staged
    assert staging.sections(KEY, ("tally", "unknown", "records/classes/f")) == {
        "tally": b"{}",
        "records/classes/f": staged["records/classes/f"],
    }


def test_an_index_longer_than_the_first_read_is_read_whole(staging: Staging) -> None:
    sections = {f"records/{number:04}-{'x' * 40}": b"%d" % number for number in range(600)}
    staging.put_pack(KEY, sections)
    opened = staging.open_pack(KEY)
    assert opened.names == tuple(sorted(sections))
    assert opened.sections("records/") == sections


def test_a_pack_written_anew_is_the_new_one(staging: Staging) -> None:
    staging.put_pack(KEY, {"tally": b"1"})
    staging.put_pack(KEY, {"tally": b"2"})
    assert staging.section(KEY, "tally") == b"2"


def test_a_pack_written_anew_while_it_is_read_is_told(staging: Staging) -> None:
    staging.put_pack(KEY, {"noise": NOISE})
    opened = staging.open_pack(KEY)
    staging.put_pack(KEY, {"noise": NOISE[::-1]})
    with pytest.raises(StorageUnavailable, match="written anew"):
        opened.section("noise")


def test_what_is_written_once_stays_as_the_first_wrote_it(staging: Staging) -> None:
    assert staging.put_pack(KEY, {"tally": b"1"}, once=True)
    assert not staging.put_pack(KEY, {"tally": b"2"}, once=True)
    assert staging.section(KEY, "tally") == b"1"
    other = KEY.replace("people", "classes")
    assert staging.put_json(other, {"roster": 1}, once=True)
    assert not staging.put_json(other, {"roster": 2}, once=True)
    assert staging.get_json(other, dict[str, int]) == {"roster": 1}


def test_a_missing_object_is_an_error_of_its_own(staging: Staging) -> None:
    with pytest.raises(StagedObjectMissing, match=r"people/a\.pack"):
        staging.section(KEY, "tally")
    with pytest.raises(StagedObjectMissing):
        staging.get_json(KEY, Note)
    assert issubclass(StagedObjectMissing, PermanentError)


def test_a_document_comes_back_as_the_type_it_was(staging: Staging) -> None:
    note = Note(1, ("é", '"'), {"orgs": None, "classes": 3})
    staging.put_json(KEY, note)
    assert staging.get_json(KEY, Note) == note
    staging.put_json(KEY, {"roster": 1, "groups": 0})
    assert staging.get_json(KEY, dict[str, int]) == {"roster": 1, "groups": 0}


def test_existence_can_be_asked(staging: Staging) -> None:
    assert not staging.exists(KEY)
    staging.put_json(KEY, {})
    assert staging.exists(KEY)


def test_a_prefix_is_deleted_and_its_neighbours_stay(staging: Staging) -> None:
    for tenant, number in (("maple", 1), ("maple", 2), ("maple2", 1)):
        staging.put_json(f"staging/runs/{tenant}/run-{number}/plan.json", {})
    assert staging.delete_prefix("staging/runs/maple/") == 2
    assert staging.delete_prefix("staging/runs/maple/") == 0
    assert staging.exists("staging/runs/maple2/run-1/plan.json")
    with pytest.raises(ValueError, match="slash"):
        staging.delete_prefix("staging/runs/maple")


def test_a_small_pack_takes_one_read_and_a_large_one_two() -> None:
    staging = FakeStaging()
    staging.put_pack(KEY, {"tally": b"{}", "drafts": b"[]" * 1000})
    before = staging.calls
    staging.open_pack(KEY).sections(("tally", "drafts"))
    assert staging.calls - before == 1
    staging.put_pack(KEY, {"noise": NOISE, "tally": b"{}"})
    before = staging.calls
    assert staging.section(KEY, "noise") == NOISE
    assert staging.calls - before == 2


def test_what_is_staged_is_encrypted(aws: None) -> None:
    client = boto3.client("s3", "us-east-1")
    client.create_bucket(Bucket="staging")
    Staging(client, "staging").put_json(KEY, {})
    assert client.head_object(Bucket="staging", Key=KEY)["ServerSideEncryption"] == "AES256"
