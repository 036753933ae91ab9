"""The page about the employees says what their files say."""

from employees.roster import read_roster
from scripts.docs_employees import PAGE, ROOT, build_page
from tools.catalog import by_name


def test_the_page_about_the_employees_is_current() -> None:
    assert PAGE.read_text("utf-8") == build_page(read_roster(ROOT / "employees", by_name())), "run `make docs`"
