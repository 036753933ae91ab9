"""Every table, every verb, every identity: what comes of it is what is stated.

python -m tests.audit.matrix
"""

import uuid

from tests.audit.database import own_database
from tests.audit.line import Line
from tests.migrations.test_isolation_matrix import OTHERWISE, USERS_ROWS, VERBS, World, attempt
from tests.support.fakes.seed_every_table import furnished


def measure() -> Line:
    a, b = str(uuid.uuid4()), str(uuid.uuid4())
    cells = wrong = 0
    with own_database() as (admin_url, server_url), furnished(admin_url, a, b) as filler:
        world = World(admin_url, server_url, filler, a, b)
        for who, stated in USERS_ROWS.items():
            with world.acting(who) as connection:
                for table in world.of_users:
                    for verb in VERBS:
                        found = attempt(connection, verb, table, world)
                        wrong += found != OTHERWISE.get((who, table.name, verb), stated[verb])
                        cells += 1
    return Line(
        "Nobody reads or changes another's row in any table, whatever the claims",
        f"{wrong} of {cells:,} cells other than stated ({len(world.of_users)} tables, {len(VERBS)} verbs, "
        f"{len(USERS_ROWS)} identities)",
        not wrong,
    )


if __name__ == "__main__":
    print(measure())
