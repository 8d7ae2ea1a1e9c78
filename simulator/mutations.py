"""Rows that appear and disappear while somebody reads: changes of the data, not of an answer."""

import json

from simulator.district import District
from simulator.query import COLLECTIONS
from simulator.tables import TABLES, Class, Enrollment, Row, User


def insert_rows(district: District, collection: str, count: int) -> int:
    """Add rows to a collection, anywhere in the order of their ids; return how many (0 when it is empty)."""
    served = COLLECTIONS[collection]
    with district.tables.connection():
        positions = _some(district, served.table, f"{served.where} AND sourced_id <> ''", count)
        models = district.tables.at(TABLES[served.table], positions)
        district.tables.add([_another(district, row) for _, row in models])
    return len(models)


def delete_rows(district: District, collection: str, count: int) -> int:
    """Delete rows of a collection; return how many. What refers to them goes on doing so."""
    served = COLLECTIONS[collection]
    with district.tables.connection():
        positions = _some(district, served.table, served.where, count)
        district.tables.remove(TABLES[served.table], positions)
    return len(positions)


def _some(district: District, table: str, where: str, count: int) -> list[int]:
    positions = [row[0] for row in district.tables.read(f"SELECT position FROM {table} WHERE {where}")]
    return district.random.sample(positions, min(count, len(positions)))


def _another(district: District, row: Row) -> Row:
    """Return a new row like this one, that nobody can take for it."""
    new_id = district.ids.other()
    if isinstance(row, User):
        username = f"n{new_id}.{row.username}"
        return row._replace(sourced_id=new_id, username=username, email=f"{username}@{district.domain}")
    if isinstance(row, Class):
        return row._replace(sourced_id=new_id, class_code=new_id, periods=json.dumps([new_id]))
    if isinstance(row, Enrollment):
        students = _some(district, "users", "in_students = 1 AND sourced_id <> ''", 1)
        for _, student in district.tables.at(User, students):
            return row._replace(sourced_id=new_id, role="student", is_primary="", user_id=student.sourced_id)
    return row._replace(sourced_id=new_id)
