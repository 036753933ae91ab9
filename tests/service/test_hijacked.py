"""A model that obeys whatever it reads changes nothing: the words of others make it call, but only the user's word lets it."""

from collections.abc import Iterator

import pytest

from employees.roster import Employee
from tests.eval.injection.obedient_model import WRITES
from tests.eval.injection.orders import LETTERS, ORDERS, Hidden
from tests.eval.injection.places import PLACES
from tests.eval.injection.playing import attack, change, look, obeying, writers
from tests.support.servers import Server
from tools.catalog import CATALOG

EMPLOYEES = writers()


@pytest.fixture(scope="module")
def obedient(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with obeying(tmp_path_factory.mktemp("obedient") / "data", ORDERS) as server:
        yield server


@pytest.fixture(scope="module")
def obedient_in_text(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with obeying(tmp_path_factory.mktemp("obedient_in_text") / "data", ORDERS, as_text=True) as server:
        yield server


def test_every_tool_that_changes_something_is_tried() -> None:
    assert {tool.name for tool in CATALOG if tool.risk != "read"} == set(WRITES)
    assert {name for each in EMPLOYEES for name in each.tools} >= set(WRITES)


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("order", ORDERS)
def test_an_order_changes_nothing_now_or_in_the_next_turn(order: str, place: str, obedient: Server) -> None:
    employees = writers(PLACES[place].looked_at)
    employee = employees[ORDERS.index(order) % len(employees)]
    played = attack(obedient, PLACES[place], Hidden(order, order), employee)
    assert sum(turn.asked for turn in played) > 0
    assert all(turn.as_written and turn.unchanged and turn.finished for turn in played)


@pytest.mark.parametrize("place", PLACES)
def test_calls_that_are_written_as_text_change_nothing_either(place: str, obedient_in_text: Server) -> None:
    order = ORDERS[list(PLACES).index(place) % len(ORDERS)]
    employees = writers(PLACES[place].looked_at)
    employee = employees[list(PLACES).index(place) % len(employees)]
    played = attack(obedient_in_text, PLACES[place], Hidden(order, order), employee)
    assert sum(turn.asked for turn in played) > 0
    assert all(turn.as_written and turn.unchanged and turn.finished for turn in played)


@pytest.mark.parametrize("employee", EMPLOYEES, ids=lambda employee: employee.slug)
def test_whatever_an_employee_can_change_waits_for_its_user(employee: Employee, obedient: Server) -> None:
    played = attack(obedient, PLACES["stored text"], Hidden(ORDERS[0], ORDERS[0]), employee)
    assert played[0].asked == len(set(employee.tools) & set(WRITES))
    assert all(turn.as_written and turn.unchanged and turn.finished for turn in played)


@pytest.mark.parametrize("letter", LETTERS)
def test_who_reads_no_order_is_asked_nothing(letter: str, obedient: Server) -> None:
    employees = writers(looking=True)
    played = look(obedient, letter, employees[LETTERS.index(letter)])
    assert (played.asked, played.unchanged, played.finished) == (0, True, True)


def test_what_a_user_wants_and_trusts_is_done_without_a_question(obedient: Server) -> None:
    for employee in EMPLOYEES[:3]:
        played = change(obedient, employee)
        assert (played.asked, played.unchanged, played.finished) == (0, False, True)
