"""An amount of money that nothing accounts for is told to the user, counted and logged."""

import json

import httpx

from tests.support.clients import Client
from tests.support.servers import Server

SAYS = r"You have $9,87\u0036.54, and $50 more. It is $9,87\u0036.54."
INVENTED = f"[[call account_balances_query {{}}]] [[then raw {SAYS}]] for fifty dollars"
"""The model says $9,876.54, which stands like this in nobody's words, and the $50 of the question."""

COUNTED = 'chat_ungrounded_amounts_total{employee="prime-boss"}'


def counted(server: Server) -> float:
    lines = httpx.get(f"{server.address}/metrics").text.splitlines()
    return sum(float(line.removeprefix(COUNTED)) for line in lines if line.startswith(COUNTED))


def test_done_names_an_amount_that_the_model_invented(scripted_user: Client) -> None:
    answer = scripted_user.ask(INVENTED)
    assert answer.text == "You have $9,876.54, and $50 more. It is $9,876.54."
    assert answer.last["untraced_amounts"] == ["$9,876.54"]


def test_without_streaming_the_answer_names_it(scripted_user: Client) -> None:
    whole = scripted_user.post("/api/chat", json={"message": INVENTED, "stream": False}).json()
    assert whole["untraced_amounts"] == ["$9,876.54"]


def test_a_resumed_stream_names_it_again(scripted_user: Client) -> None:
    answer = scripted_user.ask(INVENTED)
    assert scripted_user.follow(answer.run).last == answer.last


def test_it_is_counted_and_logged_without_the_amount(scripted: Server, scripted_user: Client) -> None:
    before = counted(scripted)
    answer = scripted_user.ask(INVENTED)
    lines = [
        line for line in scripted.log.read_text().splitlines() if answer.run in line and "ungrounded_amounts" in line
    ]
    [logged] = map(json.loads, lines)
    assert counted(scripted) == before + 1
    assert (logged["event"], logged["count"], logged["level"]) == ("ungrounded_amounts", 1, "warning")
    assert "9,876" not in lines[0]


def test_an_answer_without_such_an_amount_says_nothing_of_it(scripted_user: Client) -> None:
    assert "untraced_amounts" not in scripted_user.ask("I have $9,876.54 to spend").last
