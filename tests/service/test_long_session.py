"""A conversation of two hundred turns stays small."""

from tests.support.clients import Client
from tests.support.servers import Server

TURNS = 200
MOST_BYTES = 1_000_000

CHECKPOINT_BYTES = """
select sum(bytes)::int as bytes, sum(rows)::int as rows from (
    select sum(pg_column_size(c.*)) as bytes, count(*) as rows from checkpoints c where thread_id = %(thread)s
    union all
    select sum(pg_column_size(b.*)), count(*) from checkpoint_blobs b where thread_id = %(thread)s
    union all
    select sum(pg_column_size(w.*)), count(*) from checkpoint_writes w where thread_id = %(thread)s
) as parts
""".replace("%(thread)s", "%s")


def test_two_hundred_turns_leave_less_than_a_megabyte_of_checkpoints(scripted: Server, scripted_user: Client) -> None:
    session = None
    for number in range(TURNS):
        session = scripted_user.ask(f"turn {number}: what else should I know?", session_id=session).session
    [kept] = scripted.sql(CHECKPOINT_BYTES, session, session, session)
    print(f"{TURNS} turns: {kept['bytes']} bytes in {kept['rows']} rows of checkpoints")
    assert scripted.sql("select message_count from chat_sessions where id = %s", session) == [
        {"message_count": 2 * TURNS}
    ]
    assert 0 < kept["bytes"] < MOST_BYTES


def test_only_the_last_turns_keep_their_checkpoints(scripted: Server, scripted_user: Client) -> None:
    session, runs = None, []
    for number in range(8):
        answer = scripted_user.ask(f"turn {number}", session_id=session)
        session = answer.session
        runs.append(answer.run)
    scripted_user.ask("one more, so that the last but one is pruned", session_id=session)
    kept = scripted.sql("select distinct metadata ->> 'run' as run from checkpoints where thread_id = %s", session)
    assert len(kept) <= 6
    assert not {row["run"] for row in kept} & set(runs[:3])
