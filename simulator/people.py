"""New students and employees, with names and usernames that nobody in the district has yet."""

import json
from collections.abc import Iterable
from random import Random

from simulator import names
from simulator.identifiers import Identifiers
from simulator.tables import User


class People:
    """Makes the people of one district. ``taken`` are the usernames that are there already."""

    def __init__(self, ids: Identifiers, random: Random, domain: str, taken: Iterable[str] = ()) -> None:
        self._ids, self._random, self._domain = ids, random, domain
        self._taken = set(taken)

    def student(self, *, school: str, grade: str, modified: str) -> User:
        """Return a new student of a school."""
        given, family = names.person(self._random)
        username = self._free(f"s.{given}.{family}".lower())
        sourced_id = self._ids.student()
        return User(
            sourced_id,
            modified=modified,
            in_students=1,
            username=username,
            given_name=given,
            family_name=family,
            middle_name=given[:1],
            role="student",
            orgs=json.dumps([school]),
            identifier=sourced_id[-6:],
            email=f"{username}@students.{self._domain}",
            grades=json.dumps([grade]),
            agents=json.dumps([f"{sourced_id}-g"]),
        )

    def teacher(self, *, school: str, modified: str) -> User:
        """Return a new teacher of a school."""
        return self._employee(self._ids.teacher(), "teacher", school, modified)

    def administrator(self, *, school: str, modified: str) -> User:
        """Return a new administrator of a school, whom neither ``/teachers`` nor ``/students`` lists."""
        return self._employee(self._ids.administrator(), "administrator", school, modified)

    def _employee(self, sourced_id: str, role: str, school: str, modified: str) -> User:
        given, family = names.person(self._random)
        username = self._free(f"{given}.{family}".lower())
        return User(
            sourced_id,
            modified=modified,
            in_teachers=int(role == "teacher"),
            username=username,
            given_name=given,
            family_name=family,
            role=role,
            orgs=json.dumps([school]),
            identifier=f"E{len(self._taken):06d}",
            email=f"{username}@{self._domain}",
        )

    def _free(self, username: str) -> str:
        candidate, number = username, 1
        while candidate in self._taken:
            number += 1
            candidate = f"{username}{number}"
        self._taken.add(candidate)
        return candidate
