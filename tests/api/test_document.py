"""The API's description: as the code has it, and whole."""

from local.openapi import PATH, written
from rostersync.api.document import describe

METHODS = {"get", "put", "post", "delete", "patch"}


def test_the_committed_description_is_what_the_code_says() -> None:
    assert PATH.read_text() == written(), "run `make openapi`"


def test_every_route_tells_its_answer_and_its_problems() -> None:
    for path, operations in describe()["paths"].items():
        for method, operation in operations.items():
            assert method in METHODS
            good = [status for status in operation["responses"] if status.startswith("2")]
            # Another district's credentials are taken, and connected later.
            assert len(good) == 1 or (path, good) == ("/integration/credentials", ["200", "202"]), path
            assert operation["summary"]
            for status in ("400", "403", "404", "409", "413", "415", "422", "500", "503"):
                content = operation["responses"][status]["content"]
                assert content["application/problem+json"]["schema"]["$ref"].endswith("/Problem"), path


def test_no_address_has_room_for_an_email_or_a_name() -> None:
    for path, operations in describe()["paths"].items():
        assert "email" not in path.lower()
        for operation in operations.values():
            for parameter in operation.get("parameters", []):
                assert parameter["name"] in {
                    "run_id",
                    "owner_id",
                    "limit",
                    "offset",
                    "collection",
                    "reason",
                    "groups",
                    "domains",
                }, path


def test_a_secret_is_asked_for_and_never_told() -> None:
    schemas = describe()["components"]["schemas"]
    holding = {name for name, schema in schemas.items() if "secret" in str(schema).lower()}
    assert holding == {"Credentials"}
