"""Promises that parts of the test suite hold: those tests run, and are counted.

python -m tests.audit.suites
"""

import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from xml.etree import ElementTree

from tests.audit.line import Line

ROOT = Path(__file__).parent.parent.parent

SUITES: Mapping[str, Sequence[str]] = {
    "Every table forces row level security, the server's role owns nothing, and what runs with its owner's rights is listed": (
        "tests/migrations/test_runner.py",
    ),
    "No route, body, header or event id tells another's row from one that does not exist": (
        "tests/service/test_isolation.py",
    ),
    "No argument of a tool does, and none is SQL, a path, a template or an address that is opened": (
        *("tests/tools/test_foreign_ids.py", "tests/tools/test_hostile_arguments.py"),
    ),
    "A model that obeys whatever it reads changes nothing without its user's word on the very call": (
        *(
            "tests/service/test_hijacked.py",
            "tests/graph/turn/test_approval_gate.py",
            "tests/tools/test_untrusted_text.py",
        ),
    ),
    "Tokens come back as their owner's values, however a stream is cut; forged and foreign ones stay text": (
        *("tests/graph/redaction/unmasking/test_unmask.py", "tests/graph/redaction/unmasking/test_stream_buffer.py"),
        *("tests/graph/adapters/postgres/privacy/test_vault.py", "tests/graph/testing/test_in_memory_vault.py"),
    ),
    "A tool gets the real value, and its result is masked before the model reads it": (
        "tests/nodes/test_call_tools.py",
    ),
    "No event shows a link that its user did not write, and none shows an image": (
        *(
            "tests/graph/redaction/links/test_link_sanitizer.py",
            "tests/graph/turn/test_links.py",
            "tests/service/test_defused.py",
        ),
    ),
    "No address carries a value, whatever a hijacked model calls and writes": (
        *("tests/graph/redaction/unmasking/test_answer_stream.py", "tests/service/test_exfiltration.py"),
    ),
    "A value that was masked once comes back in clear neither after a tool call nor in a later message": (
        *("tests/graph/redaction/masking/test_known_values.py", "tests/graph/adapters/redaction/test_known_values.py"),
        "tests/nodes/test_values_after_a_call.py",
    ),
    "No tool shows a text of the ledger unmasked, whichever column holds it": ("tests/tools/test_ledger_text.py",),
    "The vault's key is changed while the service runs, and a lost one stops the start": (
        *("tests/graph/adapters/crypto/test_cipher.py", "tests/graph/adapters/postgres/privacy/test_key_rotation.py"),
        *("tests/graph/jobs/test_rotation.py", "tests/service/test_keys.py"),
    ),
    "The suite turns red when a guard is gone": ("tests/programs/audit/test_mutations.py",),
}


def measure() -> Iterator[Line]:
    results = run(sorted({file for files in SUITES.values() for file in files}))
    for promise, files in SUITES.items():
        passed, failed = (sum(results[file][kind] for file in files) for kind in ("passed", "failed"))
        complete = all(results[file]["passed"] for file in files)
        told = f"{passed} checks passed" + (f", {failed} did not" if failed else "")
        yield Line(promise, told, complete and not failed)


def run(files: Sequence[str]) -> Mapping[str, Counter[str]]:
    """How many tests of each file passed, and how many failed or broke."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-n", "2", "--dist", "loadfile", f"--junit-xml={report}", *files],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        if done.returncode:
            print(done.stdout[-4000:], file=sys.stderr)
        cases = list(ElementTree.parse(report).getroot().iter("testcase"))  # noqa: S314  # written by pytest just now
    results = {file: Counter[str]() for file in files}
    for case in cases:
        module = case.attrib["classname"] or case.attrib["name"]  # a module that breaks at import has no class
        [file] = [file for file in files if module.startswith(file.removesuffix(".py").replace("/", "."))]
        results[file][outcome(case)] += 1
    return results


def outcome(case: ElementTree.Element) -> str:
    kinds = {child.tag for child in case}
    return "failed" if kinds & {"failure", "error"} else "skipped" if "skipped" in kinds else "passed"


if __name__ == "__main__":
    for line in measure():
        print(line)
