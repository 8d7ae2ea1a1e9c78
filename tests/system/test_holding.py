"""What is too much to go is held by the real state machine, and everything else is published."""

from simulator.tables import Class, Enrollment
from tests.system.test_sync import groups, run

GONE = 20


def test_classes_that_vanish_are_held_and_what_else_changed_is_published(engine, connected):
    server = connected("holding")
    run(engine, "holding")
    before = groups(engine, "holding")
    server.advance_day()
    tables = server.district.tables
    # Of one school: a class of none is judged by itself, and may go.
    (school,) = tables.read("SELECT school FROM classes GROUP BY school ORDER BY count(*) DESC LIMIT 1")
    of_school = {
        row[0] for row in tables.read(f"SELECT sourced_id FROM classes WHERE school = '{school[0]}'")
    }
    taught = sorted({class_id for _, class_id in before} & of_school)[:GONE]
    for kind, name in ((Class, "sourced_id"), (Enrollment, "class_id")):
        for class_id in taught:
            tables.remove(kind, [position for position, _ in tables.rows(kind, f"{name} = ?", (class_id,))])
    execution, record = run(engine, "holding")
    assert (execution.status, record.outcome, record.stopped) == ("SUCCEEDED", "held", "")
    assert list(execution.states_entered).count("Review") == 2
    assert set(taught) <= {class_id for _, class_id in groups(engine, "holding")}
    assert record.held.decision == ""
    # The day's other changes have been published, and the next run finds nothing new.
    assert sum(record.writes.values()) > 0
    execution, record = run(engine, "holding")
    assert (record.outcome, record.held) == ("unchanged", None)
    assert list(execution.states_entered).count("Review") == 1
