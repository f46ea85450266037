"""The supervisor as a process of its own, with children that misbehave."""

import io
import os
import pty
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from panshi.config import supervisor
from panshi.config.cluster import Cluster
from panshi.config.home import Home
from panshi.config.supervisor import Child, Status, read_status
from panshi.config.tests.conftest import only_linux
from panshi.config.tests.tools import PROJECT, is_gone, wait_for

pytestmark = pytest.mark.plain

PREAMBLE = """
import os, sys
from pathlib import Path
from panshi.config.supervisor import Child, run
folder = Path(sys.argv[1])

def python(name, code, **more):
    return Child(name=name, argv=[sys.executable, "-c", code, str(folder)], **more)

def sleeper(name, **more):
    return Child(name=name, argv=["sleep", "600"], **more)

TELL = '''
import signal, sys, time
from pathlib import Path
def end(*_):
    with open(Path(sys.argv[1]) / "order", "a") as file: file.write(NAME + " ")
    sys.exit()
signal.signal(signal.SIGTERM, end)
(Path(sys.argv[1]) / NAME).touch()
time.sleep(600)
'''
DEAF = '''
import signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
grandchild = subprocess.Popen(["sleep", "600"])
print("grandchild", grandchild.pid, flush=True)
time.sleep(600)
'''
"""


ENDING = """
more = globals().get("more", {})
sys.exit(run(children, status_file=folder / "supervisor.json", **more))
"""


class Run:
    """A supervisor under test: `code` makes the list `children`."""

    def __init__(self, folder: Path, code: str, **streams: int) -> None:
        self.folder = folder
        self.log = folder / "log"
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-c", f"{PREAMBLE}\n{code}\n{ENDING}", str(folder)],
                cwd=PROJECT,
                stdin=subprocess.DEVNULL,
                stdout=streams.get("stdout", log),
                stderr=log,
                start_new_session=True,
            )

    @property
    def text(self) -> str:
        return self.log.read_text()

    def status(self) -> Status:
        status = read_status(self.folder)
        assert status is not None, self.text
        return status

    def is_up(self) -> bool:
        status = read_status(self.folder)
        return status is not None and status.ready and "all processes are up" in self.text

    def pid(self, name: str) -> int:
        (pid,) = [child.pid for child in self.status().children if child.name == name]
        assert pid is not None
        return pid

    def restarts(self, name: str) -> int:
        return next(each.restarts for each in self.status().children if each.name == name)

    def stop(self, sign: signal.Signals = signal.SIGTERM) -> int:
        self.process.send_signal(sign)
        return self.process.wait(20)


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[[str], Run]]:
    runs: list[Run] = []

    def begin(code: str) -> Run:
        runs.append(Run(tmp_path, code))
        return runs[-1]

    yield begin
    for run in runs:
        with suppress(ProcessLookupError):
            run.process.send_signal(signal.SIGTERM)
        try:
            run.process.wait(20)
        except subprocess.TimeoutExpired:
            run.process.kill()
            run.process.wait()
            raise


def test_starts_all_tells_the_status_and_stops(start: Callable[[str], Run]) -> None:
    run = start("children = [sleeper('web'), sleeper('worker')]")
    wait_for(run.is_up)

    status = run.status()
    assert status.pid == run.process.pid
    assert [(each.name, each.state, each.restarts) for each in status.children] == [
        ("web", "READY", 0),
        ("worker", "READY", 0),
    ]
    pids = [run.pid("web"), run.pid("worker")]

    assert run.stop() == 0
    assert all(map(is_gone, pids))
    assert read_status(run.folder) is None


def test_a_killed_child_is_started_again(start: Callable[[str], Run]) -> None:
    run = start("children = [sleeper('web'), sleeper('worker')]")
    wait_for(run.is_up)
    web, worker = run.pid("web"), run.pid("worker")

    os.kill(web, signal.SIGKILL)

    assert wait_for(lambda: run.restarts("web") == 1 and run.status().ready) < 2
    assert run.pid("web") != web
    assert run.pid("worker") == worker
    assert "web ended by signal 9; starting it again" in run.text


def test_a_child_that_keeps_dying_is_started_ever_more_slowly(start: Callable[[str], Run]) -> None:
    run = start("children = [Child(name='web', argv=['false'])]")

    wait_for(lambda: run.text.count("ended with code 1") >= 4)
    ends = [line for line in run.text.splitlines() if "ended with code 1" in line]

    began = time.monotonic()
    wait_for(lambda: run.text.count("ended with code 1") > len(ends))
    assert 0.5 < time.monotonic() - began < 4  # 0.2, 0.4, 0.8, and now 1.6 seconds.
    assert run.stop() == 0


def test_a_child_that_ignores_sigterm_is_killed_with_its_group(
    start: Callable[[str], Run],
) -> None:
    run = start("children = [python('deaf', DEAF, grace=0.5)]")
    wait_for(lambda: run.is_up() and "grandchild" in run.text)
    deaf = run.pid("deaf")
    grandchild = int(run.text.split("grandchild ")[1].split()[0])

    began = time.monotonic()
    assert run.stop() == 0

    assert 0.4 < time.monotonic() - began < 3
    assert is_gone(deaf)
    wait_for(lambda: is_gone(grandchild), 2)
    assert "deaf did not stop; killing it" in run.text


def test_what_a_dead_child_left_behind_is_killed_before_the_restart(
    start: Callable[[str], Run],
) -> None:
    run = start("children = [python('web', DEAF, grace=0.2)]")
    wait_for(lambda: run.is_up() and "grandchild" in run.text)
    grandchild = int(run.text.split("grandchild ")[1].split()[0])

    os.kill(run.pid("web"), signal.SIGKILL)

    wait_for(lambda: run.text.count("grandchild") == 2)
    assert is_gone(grandchild)


ORDERED = """
def told(name):
    return (folder / name).exists
children = [
    python(name, f"NAME = {name!r}\\n" + TELL, ready=told(name)) for name in ("a", "b", "c")
]
"""


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_stops_in_the_opposite_order(start: Callable[[str], Run], sign: signal.Signals) -> None:
    run = start(ORDERED)
    wait_for(run.is_up)

    # As a terminal does at Ctrl-C: to the whole foreground group.
    os.killpg(run.process.pid, sign)

    assert run.process.wait(10) == 0
    assert (run.folder / "order").read_text() == "c b a "
    assert f"{sign.name}: stopping" in run.text


def test_starts_the_next_when_the_one_before_is_ready(start: Callable[[str], Run]) -> None:
    run = start("children = [sleeper('first', ready=(folder / 'go').exists), sleeper('second')]")
    wait_for(lambda: read_status(run.folder) is not None)
    time.sleep(0.3)
    assert [each.state for each in run.status().children] == ["STARTING", "WAITING"]
    assert not run.status().ready

    (run.folder / "go").touch()

    wait_for(run.is_up)


def test_gives_up_when_a_child_is_never_ready(start: Callable[[str], Run]) -> None:
    run = start(
        "children = [sleeper('first', ready=lambda: False), sleeper('second')]\n"
        "more = {'ready_within': 0.5}"
    )
    assert run.process.wait(10) == 1
    assert "first was not ready within" in run.text


def test_a_question_that_fails_is_reported_and_asked_again(start: Callable[[str], Run]) -> None:
    run = start(
        "def ready():\n"
        "    if (folder / 'go').exists(): return True\n"
        "    raise OSError('no such luck')\n"
        "children = [sleeper('first', ready=ready)]"
    )
    wait_for(lambda: "first is not ready: no such luck" in run.text)
    (run.folder / "go").touch()
    wait_for(run.is_up)
    assert run.text.count("no such luck") == 1


def test_a_second_signal_does_not_wait_for_the_grace(start: Callable[[str], Run]) -> None:
    run = start("children = [python('deaf', DEAF, grace=60)]")
    wait_for(lambda: run.is_up() and "grandchild" in run.text)

    run.process.send_signal(signal.SIGINT)
    wait_for(lambda: "SIGINT: stopping" in run.text)
    assert run.stop(signal.SIGINT) == 0

    assert "killing what is left" in run.text


@only_linux
def test_children_end_when_the_supervisor_is_killed(start: Callable[[str], Run]) -> None:
    run = start("children = [sleeper('web'), sleeper('worker')]")
    wait_for(run.is_up)
    pids = [run.pid("web"), run.pid("worker")]

    run.process.kill()
    run.process.wait()

    wait_for(lambda: all(map(is_gone, pids)), 3)
    assert read_status(run.folder) is None


def test_long_lines_and_binary_garbage_do_not_end_the_log(start: Callable[[str], Run]) -> None:
    code = (
        "import sys, os, time\n"
        "out = sys.stdout.buffer\n"
        "out.write(b'x' * 3_000_000 + b'\\n')\n"
        "out.write(bytes(range(256)) + b'\\n' + b'\\0' * 70_000 + b'\\n')\n"
        "out.write(b'\\x1b[2J\\x1b]0;title\\x07 tail\\r\\n')\n"
        "out.write('里程 120 km\\n'.encode()); out.flush()\n"
        "os.write(2, b'an error\\n'); out.write(b'no newline'); out.flush()\n"
        "time.sleep(600)"
    )
    run = start(f"children = [python('web', {code!r})]")

    wait_for(lambda: "an error" in run.text)
    assert run.stop() == 0

    assert run.text.count("x") >= 3_000_000
    assert "里程 120 km" in run.text
    assert "\\x1b[2J\\x1b]0;title\\x07 tail\n" in run.text
    assert run.text.rstrip().endswith("no newline")
    assert set(run.text) & set(map(chr, range(32))) <= {"\n", "\t"}
    assert all(" | " in line for line in run.text.splitlines())


def test_a_reader_of_the_log_that_goes_away_stops_nothing(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    chatter = "import time\nwhile True: print('on', flush=True); time.sleep(.01)"
    code = f"children = [python('web', {chatter!r})]"
    run = Run(tmp_path, code, stdout=writing)
    os.close(writing)
    try:
        assert os.read(reading, 100)
        os.close(reading)
        web = run.pid("web")
        time.sleep(0.3)
        os.kill(web, signal.SIGKILL)
        wait_for(lambda: run.restarts("web") == 1 and run.status().ready)
    finally:
        assert run.stop() == 0


def test_a_held_terminal_stops_nothing(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    code = "children = [python('web', 'while True: print(\"x\" * 1000)'), sleeper('worker')]"
    run = Run(tmp_path, code, stdout=writing)
    os.close(writing)
    try:
        wait_for(lambda: (status := read_status(tmp_path)) is not None and status.ready)
        time.sleep(0.5)  # The pipe is full by now, and nobody reads.
        os.kill(run.pid("worker"), signal.SIGKILL)
        wait_for(lambda: run.restarts("worker") == 1 and run.status().ready)
    finally:
        run.process.send_signal(signal.SIGTERM)
        run.process.wait(20)
        os.close(reading)


def test_a_terminal_gets_colours(tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    run = Run(
        tmp_path,
        "children = [Child(name='web', argv=['sh', '-c', 'echo hi; sleep 600'])]",
        stdout=theirs,
    )
    os.close(theirs)
    seen = b""
    while b"\x1b[33mweb    |\x1b[0m hi" not in seen:
        assert select.select([ours], [], [], 10)[0], seen
        seen += os.read(ours, 4096)
    assert run.stop() == 0
    os.close(ours)


def test_a_program_that_is_missing_is_an_error_at_once(start: Callable[[str], Run]) -> None:
    run = start("children = [sleeper('web'), Child(name='odd', argv=['/no/such/program'])]")

    assert run.process.wait(10) == 1

    assert "odd cannot start: [Errno 2] No such file or directory: '/no/such/program'" in run.text


def test_a_hook_that_fails_later_is_tried_again(start: Callable[[str], Run]) -> None:
    run = start(
        "def before():\n"
        "    if (folder / 'full').exists(): raise OSError('the disk is full')\n"
        "children = [sleeper('web', before=before)]"
    )
    wait_for(run.is_up)
    (run.folder / "full").touch()
    os.kill(run.pid("web"), signal.SIGKILL)
    wait_for(lambda: run.text.count("web cannot start: the disk is full") >= 2)

    (run.folder / "full").unlink()

    wait_for(lambda: run.status().ready)


def test_what_runs_once_is_awaited_and_not_repeated(start: Callable[[str], Run]) -> None:
    run = start(
        "children = [Child(name='migrate', argv=['sleep', '0.8'], once=True), sleeper('web')]\n"
        "more = {'ready_within': 0.4}"
    )
    wait_for(run.is_up)
    assert [each.state for each in run.status().children] == ["DONE", "READY"]
    assert run.restarts("migrate") == 0


def test_what_runs_once_and_fails_ends_all(start: Callable[[str], Run]) -> None:
    run = start(
        "migrate = Child(name='migrate', argv=['false'], once=True)\n"
        "children = [sleeper('db'), migrate, sleeper('web')]"
    )
    assert run.process.wait(10) == 1
    assert "migrate failed with code 1" in run.text


def test_environment_is_added_or_replaced(
    start: Callable[[str], Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OURS", "1")
    show = "['sh', '-c', 'env | sort | tr \"\\\\n\" \" \"; echo; sleep 600']"
    run = start(
        f"children = [Child(name='added', argv={show}, env={{'MORE': '2'}}),"
        f" Child(name='bare', argv={show}, env={{'MORE': '2', 'PATH': '/bin'}}, inherit=False)]"
    )
    wait_for(lambda: run.text.count("MORE=2") == 2)
    lines = {line.split()[1]: line for line in run.text.splitlines() if "MORE=2" in line}
    assert "OURS=1" in lines["added"]
    assert "PYTHONUNBUFFERED=1" in lines["added"]
    assert "OURS" not in lines["bare"]


def test_stops_while_a_child_waits_for_its_restart(start: Callable[[str], Run]) -> None:
    run = start("children = [sleeper('db'), Child(name='web', argv=['false'])]")
    wait_for(lambda: run.text.count("ended with code 1") >= 4)  # Now it pauses 1.6 seconds.

    began = time.monotonic()
    assert run.stop() == 0
    assert time.monotonic() - began < 1


def test_status_of_nobody_is_none(tmp_path: Path) -> None:
    assert read_status(tmp_path) is None
    (tmp_path / supervisor.STATUS_NAME).write_text("{")
    assert read_status(tmp_path) is None


def test_run_answers_in_this_process_too() -> None:
    output = io.StringIO()
    assert supervisor.run([Child(name="odd", argv=["/no/such"])], output=output) == 1
    assert "odd cannot start" in output.getvalue()


@only_linux
def test_postgres_is_the_first_child_and_comes_back(
    home: Home, start: Callable[[str], Run]
) -> None:
    run = start(
        "from panshi.config.home import Home\n"
        "from panshi.config.postgres import Server\n"
        f"server = Server(Home(Path({str(home.path)!r})))\n"
        "server.prepare()\n"
        "children = [server.child(), sleeper('web')]"
    )
    wait_for(run.is_up, 20)
    assert run.pid("postgres") == Cluster(home).postmaster()

    os.kill(run.pid("postgres"), signal.SIGKILL)
    seconds = wait_for(lambda: run.restarts("postgres") >= 1 and run.status().ready, 10)
    assert seconds < 10

    assert run.stop() == 0
    assert run.text.rstrip().endswith("database system is shut down")
    with home.hold():
        assert Cluster(home).postmaster() is None


@only_linux
def test_a_killed_supervisor_leaves_a_clean_database_and_may_start_again(
    home: Home, start: Callable[[str], Run]
) -> None:
    code = (
        "from panshi.config.home import Home\n"
        "from panshi.config.postgres import Server\n"
        f"server = Server(Home(Path({str(home.path)!r})))\n"
        "server.prepare()\n"
        "children = [server.child()]"
    )
    first = start(code)
    wait_for(first.is_up, 20)
    first.process.kill()
    first.process.wait()

    second = start(code)

    wait_for(second.is_up, 20)
    assert second.stop() == 0
    assert "was interrupted" not in second.text
