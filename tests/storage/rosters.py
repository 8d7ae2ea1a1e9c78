"""Strategies for what the roster's items hold."""

from hypothesis import strategies as st

from rostersync.roster.classes import ClassRoster, Member
from rostersync.roster.groups import Group, OwnersClass
from rostersync.roster.owners import FormerOwner, Owner
from rostersync.roster.records import AcademicSession, Class, Course, Enrollment, Org, Person

# Any text but half surrogate pairs, which UTF-8 cannot carry.
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
ids = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12),
    st.sampled_from(["98765", "a#b", "#", "PERSON#1", "7_1553", "x|y/z%20"]),
)
dates = st.sampled_from(["", "2025-08-01", "2026-06-30"])
numbers = st.integers(0, 2**53)

orgs = st.builds(Org, sourced_id=ids, active=st.booleans(), modified=texts, name=texts, type=texts)
sessions = st.builds(AcademicSession, sourced_id=ids, modified=texts, title=texts, start_date=dates)
courses = st.builds(Course, sourced_id=ids, modified=texts, title=texts, school_year=ids)
people = st.builds(
    Person,
    sourced_id=ids,
    active=st.booleans(),
    enabled=st.booleans(),
    modified=texts,
    email=texts,
    given_name=texts,
    orgs=st.lists(ids, max_size=3).map(tuple),
    collections=st.sets(st.sampled_from(["students", "teachers", "users"])).map(
        lambda found: tuple(sorted(found))
    ),
)
classes = st.builds(
    Class, sourced_id=ids, modified=texts, title=texts, terms=st.lists(ids, max_size=3).map(tuple)
)


@st.composite
def class_rosters(draw: st.DrawFn) -> ClassRoster:
    """A class with enrollments of its own."""
    record = draw(classes)
    enrollments = st.builds(
        Enrollment,
        sourced_id=ids,
        class_id=st.just(record.sourced_id),
        user_id=ids,
        role=st.sampled_from(["teacher", "student", "aide"]),
        primary=st.booleans(),
        modified=texts,
        begin_date=dates,
        end_date=dates,
    )
    return ClassRoster(record, tuple(draw(st.lists(enrollments, max_size=4))))


pairs = st.lists(st.tuples(ids, texts), max_size=3).map(tuple)
owner_ids = st.from_regex(r"o_[0-9a-f]{20}", fullmatch=True)
group_ids = st.from_regex(r"g_[0-9a-f]{24}", fullmatch=True)
owners = st.builds(Owner, owner_ids, texts, numbers, pairs)
former_owners = st.builds(FormerOwner, owner_ids, texts, numbers, pairs)
members = st.builds(Member, ids, texts, texts, texts, texts)
groups = st.builds(
    Group,
    group_id=group_ids,
    owner_id=owner_ids,
    class_id=ids,
    name=texts,
    name_version=numbers,
    version=numbers,
    members=st.lists(members, max_size=3).map(tuple),
    school=texts,
    removed=st.booleans(),
    removed_at=numbers,
)
owners_classes = st.lists(st.builds(OwnersClass, ids, texts, texts, texts), max_size=3).map(tuple)
