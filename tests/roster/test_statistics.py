from rostersync.roster.records import Class, Person
from rostersync.roster.statistics import Statistics, count_classes, count_people


def test_rule_1_8_active_enabled_people_count_in_each_collection_they_are_in() -> None:
    people = [
        Person(sourced_id="1", collections=("teachers",)),
        Person(sourced_id="2", collections=("students", "teachers")),
        Person(sourced_id="3", collections=("students",), active=False),
        Person(sourced_id="4", collections=("students",), enabled=False),
        Person(sourced_id="5", collections=("users",)),
    ]
    assert count_people(people) == Statistics(teachers=2, students=1)


def test_rule_1_8_active_classes_count() -> None:
    classes = [Class(sourced_id="1"), Class(sourced_id="2", active=False)]
    assert count_classes(classes) == Statistics(classes=1)


def test_the_statistics_of_shards_add_up() -> None:
    assert Statistics(1, 2, 3, 4, 5) + Statistics(10, 20, 30, 40, 50) == Statistics(11, 22, 33, 44, 55)
