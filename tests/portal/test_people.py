"""Teachers: imported, looked up, resynced, matched."""

import re

import pytest
from playwright.sync_api import expect


def mine(senso, admin, email):
    """Return the groups that the Senso user of an e-mail sees."""
    for user_id, address in senso.senso.users(admin.tenant).items():
        if address == email:
            return senso.senso.groups_of(admin.tenant, user_id)
    return {}


def by_owner(groups):
    owners: dict[str, set[str]] = {}
    for owner, class_id in groups:
        owners.setdefault(owner, set()).add(class_id)
    return owners


@pytest.fixture
def admin(somebody, senso):
    """An admin whose district has been synced."""
    admin = somebody().connect()
    senso.settle()
    return admin.sync()


def look(admin, kind, what):
    panel = admin.tab("Where is my class?")
    panel.get_by_label("Look for").select_option(kind)
    panel.get_by_label("E-mail or sourcedId").fill(what)
    panel.get_by_role("button", name="Look", exact=True).click()
    return panel


def test_a_teacher_who_waits_is_imported_and_the_groups_follow(admin, senso):
    owners = by_owner(admin.right[1])
    email = min(owners)
    panel = admin.tab("Import teachers")
    expect(panel.get_by_text(f"1 to {len(owners)} of {len(owners)}")).to_be_visible()
    panel.get_by_label("Name, e-mail or school").fill(email)
    panel.get_by_role("button", name="Search").click()
    expect(panel.get_by_text("1 to 1 of 1")).to_be_visible()
    panel.get_by_role("table").get_by_role("checkbox").check()
    panel.get_by_label("Role in Senso").select_option("helper")
    panel.get_by_role("button", name="Import one teacher").click()
    expect(panel.get_by_text("Senso was asked for one user.")).to_be_visible()
    senso.settle()
    assert len(mine(senso, admin, email)) == len(owners[email])
    panel.get_by_role("button", name="Search").click()
    expect(panel.get_by_text("Nobody who waits fits.")).to_be_visible()


def test_several_are_imported_at_once_and_each_error_stands_in_its_row(admin, senso):
    owners = by_owner(admin.right[1])
    refused = sorted(owners)[1]
    senso.senso.refuse(admin.tenant, refused, "no licence left")
    panel = admin.tab("Import teachers")
    expect(panel.get_by_role("table", name="Teachers")).to_be_visible()
    panel.get_by_label("Select all shown").check()
    panel.get_by_role("button", name=f"Import {len(owners)} teachers").click()
    expect(panel.get_by_text(f"Senso was asked for {len(owners)} users.")).to_be_visible()
    senso.settle()
    panel.get_by_role("button", name="Search").click()
    expect(panel.get_by_text("1 to 1 of 1")).to_be_visible()
    expect(panel.get_by_role("row").filter(has_text=refused)).to_contain_text(
        "Senso refused: no licence left"
    )


def test_the_groups_of_one_user_are_sent_again(admin, senso):
    owners = by_owner(admin.right[1])
    email = min(owners)
    _, added = senso.senso.add_user(admin.tenant, email)
    senso.tell(added)
    senso.settle()
    before = senso.senso.received["Groups Changed"]
    panel = look(admin, "teacher", email.upper())
    expect(panel.get_by_role("table", name="Classes")).to_contain_text("delivered")
    panel.get_by_role("button", name="Send all groups again").click()
    expect(panel.get_by_text(re.compile(r"groups? w(as|ere) sent again"))).to_be_visible()
    senso.settle()
    assert senso.senso.received["Groups Changed"] > before
    assert len(mine(senso, admin, email)) == len(owners[email])


def test_a_teacher_is_matched_to_another_user_and_the_match_undone(admin, senso):
    owners = by_owner(admin.right[1])
    email = min(owners)
    _, added = senso.senso.add_user(admin.tenant, "somebody.else@elsewhere.example")
    senso.tell(added)
    senso.settle()
    panel = look(admin, "teacher", email)
    panel.get_by_role("button", name="Match to a Senso user").click()
    dialog = admin.page.get_by_role("dialog")
    dialog.get_by_role("button", name="Match to a Senso user").click()
    expect(dialog.get_by_text("Enter the e-mail of the Senso user.")).to_be_visible()
    dialog.get_by_label("E-mail of the Senso user").fill("somebody.else@elsewhere.example")
    dialog.get_by_role("button", name="Match to a Senso user").click()
    expect(panel.get_by_text("matched by hand")).to_be_visible()
    senso.settle()
    assert len(mine(senso, admin, "somebody.else@elsewhere.example")) == len(owners[email])
    panel.get_by_role("button", name="Undo the match").click()
    expect(panel.get_by_text("none yet")).to_be_visible()
    senso.settle()
    assert mine(senso, admin, "somebody.else@elsewhere.example") == {}


def test_a_match_with_a_user_whom_nobody_knows_says_so(looking):
    panel = look(looking, "teacher", min(by_owner(looking.right[1])))
    panel.get_by_role("button", name="Match to a Senso user").click()
    dialog = looking.page.get_by_role("dialog")
    dialog.get_by_label("E-mail of the Senso user").fill("nobody@elsewhere.example")
    dialog.get_by_role("button", name="Match to a Senso user").click()
    expect(panel.get_by_text(re.compile("Senso"), exact=False).last).to_be_visible()
    expect(panel.locator(".note.bad")).to_be_visible()


def test_where_is_my_class_shows_all_classes_and_opens_one_for_its_students(looking):
    _, groups = looking.right
    owners = by_owner(groups)
    email = max(sorted(owners), key=lambda one: len(owners[one]))
    panel = look(looking, "teacher", email)
    classes = panel.get_by_role("table", name="Classes")
    expect(classes.get_by_text("waits for a Senso user")).to_have_count(len(owners[email]))
    classes.get_by_role("button").first.click()
    expect(panel.get_by_role("table", name="Students")).to_be_visible()
    class_id = panel.get_by_label("E-mail or sourcedId").input_value()
    right = groups[email, class_id]
    expect(panel.get_by_role("table", name="Students").get_by_text("there", exact=True)).to_have_count(
        len(right.members)
    )
    panel.get_by_role("table", name="Students").get_by_role("button").first.click()
    expect(panel.get_by_text("In the groups of")).to_be_visible()
    panel.get_by_role("button", name="Back").click()
    expect(panel.get_by_role("table", name="Students")).to_be_visible()


def test_who_is_not_there_is_explained(looking):
    panel = look(looking, "teacher", "nobody@otter-valley.example")
    expect(panel.get_by_text("ClassLink does not share it")).to_be_visible()
    panel = look(looking, "class", "no such class")
    expect(panel.get_by_text("ClassLink does not share it")).to_be_visible()
    panel.get_by_label("E-mail or sourcedId").fill("")
    panel.get_by_role("button", name="Look", exact=True).click()
    expect(panel.get_by_text("Enter the class's sourcedId.")).to_be_visible()
