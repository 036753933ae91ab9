"""The settings of the embedded PostgreSQL server."""

import sys
from collections.abc import Mapping

SERVER_SETTINGS: Mapping[str, str] = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",  # a socket's path is limited to 107 bytes, and `home` can be longer
    "max_connections": "100",
    "shared_buffers": "64MB",
    "timezone": "UTC",
    "log_timezone": "UTC",
    # After a crash PostgreSQL would sync file by file, which takes seconds. Only Linux syncs a whole file system at once.
    **({"recovery_init_sync_method": "syncfs"} if sys.platform == "linux" else {}),
    # Parallel plans and index builds need more of /dev/shm than the 64 MB of a container.
    "max_parallel_workers_per_gather": "0",
    "max_parallel_maintenance_workers": "0",
    # No value may reach the log. Error messages quote values, so errors go to the client only ("log" ranks above "error").
    # The detail of a crash quotes the running statement, so log entries are terse.
    "log_min_messages": "log",
    "log_error_verbosity": "terse",
    "log_min_error_statement": "panic",
    "log_statement": "none",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
}
