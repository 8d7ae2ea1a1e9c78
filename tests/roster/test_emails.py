import pytest

from rostersync.roster.emails import normalise_email


@pytest.mark.parametrize(
    ("email", "expected"),
    [
        ("  Ada@Elm.Example ", "ada@elm.example"),
        ("ada@old.example", "ada@elm.example"),
        ("ada@OLD.example", "ada@elm.example"),
        ("ada@sub.old.example", "ada@sub.old.example"),
        ("ada@no domain", ""),
        ("ada @elm.example", ""),
        ("ada@localname", "ada@localname"),
        ('"a@b"@elm.example', '"a@b"@elm.example'),
        ("ada", ""),
        ("@elm.example", ""),
        ("ada@", ""),
        ("", ""),
        ("   ", ""),
    ],
)
def test_rule_2_1_emails_are_compared_trimmed_in_lower_case_and_with_their_new_domain(
    email: str, expected: str
) -> None:
    assert normalise_email(email, {"old.example": "elm.example"}) == expected


def test_two_domains_can_be_swapped() -> None:
    domains = {"a.example": "b.example", "b.example": "a.example"}
    assert normalise_email("ada@a.example", domains) == "ada@b.example"
    assert normalise_email("ada@b.example", domains) == "ada@a.example"
