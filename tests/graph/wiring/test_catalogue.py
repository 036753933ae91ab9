"""The catalogue of employees and tools that a process serves."""

import pytest

from employees.roster import read_roster
from graph.errors import ConfigurationError
from graph.settings import Settings
from graph.wiring.catalogue import Catalogue, build_roster, default_employee, with_mcp_tools

UNKNOWN = "S3cret"


def test_a_default_employee_that_does_not_exist_is_refused_by_the_name_of_the_setting() -> None:
    catalogue = Catalogue()
    roster = read_roster(catalogue.employees, catalogue.tools_by_name())
    with pytest.raises(ConfigurationError, match=r"^DEFAULT_EMPLOYEE_SLUG names no employee") as refused:
        default_employee(roster, Settings(default_employee_slug=UNKNOWN))
    assert UNKNOWN not in refused.value.message


def test_the_default_employee_may_be_named_by_an_alias() -> None:
    roster = build_roster(Catalogue())
    alias, employee = next((alias, employee) for employee in roster.all() for alias in employee.aliases)
    assert default_employee(roster, Settings(default_employee_slug=alias)) == employee.slug


def test_an_employee_gets_the_extra_tools_of_the_catalogue() -> None:
    catalogue = Catalogue()
    before = build_roster(catalogue).find("prime-boss").tools
    extra = next(tool.name for tool in catalogue.tools if tool.name not in before)
    roster = build_roster(Catalogue(extra_tools={"prime-boss": [extra]}))
    assert set(roster.find("prime-boss").tools) == {*before, extra}


async def test_without_mcp_servers_the_catalogue_stays_as_it_is() -> None:
    catalogue = Catalogue()
    assert await with_mcp_tools(catalogue, Settings()) is catalogue
