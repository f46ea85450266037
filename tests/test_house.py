"""The promises of the house that a walk over the code can check."""

import ast
import importlib
import inspect
import re
import subprocess
import tomllib
from collections.abc import Iterator
from dataclasses import is_dataclass
from functools import cache
from pathlib import Path

import pytest
from django.apps import apps
from django.db import models
from polib import POEntry

from panshi.kit.facts import REGISTRY, Fact
from panshi.kit.verbs import QUESTIONS, VERBS
from panshi.ledger.queries import entries
from tools import messages

pytestmark = pytest.mark.plain
ROOT = Path(__file__).parent.parent
HOUSE = ROOT / "panshi"
LONGEST_FILE = 500


def _sources() -> Iterator[Path]:
    for path in sorted([*HOUSE.rglob("*.py"), *(ROOT / "tests").rglob("*.py")]):
        if "migrations" not in path.parts:
            yield path


@cache
def _parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def _tracked() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split("\n")
    return [ROOT / name for name in listed if name and (ROOT / name).is_file()]


def _decorated(path: Path, name: str) -> Iterator[ast.FunctionDef]:
    for node in _parsed(path).body:
        if isinstance(node, ast.FunctionDef) and any(
            isinstance(d, ast.Name) and d.id == name for d in node.decorator_list
        ):
            yield node


def _room(path: Path) -> str:
    return path.relative_to(HOUSE).parts[0]


def _room_files(*names: str) -> Iterator[Path]:
    for path in _sources():
        if path.is_relative_to(HOUSE) and "tests" not in path.parts:
            inside = path.relative_to(HOUSE).parts[1:]
            if inside and inside[0].removesuffix(".py") in names:
                yield path


def test_no_file_grows_past_its_length() -> None:
    long = {str(p.relative_to(ROOT)) for p in _sources() if len(_lines(p)) > LONGEST_FILE}
    assert long == set()


def _lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines()


def test_no_file_is_called_utils() -> None:
    vague = {"utils.py", "helpers.py", "misc.py", "common_utils.py"}
    assert [p for p in _sources() if p.name in vague] == []


def test_verbs_take_keywords_an_actor_and_a_moment() -> None:
    wrong = []
    for name, function in VERBS.items():
        signature = inspect.signature(function)
        kinds = {p.kind for p in signature.parameters.values()}
        if kinds != {inspect.Parameter.KEYWORD_ONLY} or not {"actor", "at"} <= set(
            signature.parameters
        ):
            wrong.append(name)
    assert wrong == []


def test_questions_take_keywords_and_an_actor() -> None:
    wrong = [
        name
        for name, function in QUESTIONS.items()
        if {p.kind for p in inspect.signature(function).parameters.values()}
        != {inspect.Parameter.KEYWORD_ONLY}
        or "actor" not in inspect.signature(function).parameters
    ]
    assert wrong == []


def test_verbs_and_questions_say_what_they_promise() -> None:
    silent = [n for n, f in {**VERBS, **QUESTIONS}.items() if not inspect.getdoc(f)]
    assert silent == []


def test_verbs_answer_facts() -> None:
    wrong = []
    for name, function in VERBS.items():
        answer = inspect.signature(function, eval_str=True).return_annotation
        kinds = getattr(answer, "__args__", (answer,))
        if not all(isinstance(kind, type) and issubclass(kind, Fact) for kind in kinds):
            wrong.append(name)
    assert wrong == []


def test_facts_are_frozen() -> None:
    assert [n for n, f in REGISTRY.items() if not _frozen(f)] == []


def _frozen(kind: type) -> bool:
    return is_dataclass(kind) and kind.__setattr__ is not object.__setattr__


def test_every_verb_asks_for_its_permission() -> None:
    """Inside itself or in a function of its room that it calls; own things need no permission."""
    own = {"notify.mark_messages_read"}
    files = list(_room_files("services"))
    asking = {(_room(path), name) for path in files for name in _asking(path)}
    silent = []
    for path in files:
        for verb in _decorated(path, "verb"):
            room = _room(path)
            names = {verb.name, *_called(verb)}
            if not any((room, name) in asking for name in names):
                silent.append(f"{room}.{verb.name}")
    assert set(silent) - own == set()


def _asking(path: Path) -> Iterator[str]:
    """The functions of a file that ask for a permission themselves."""
    source = path.read_text(encoding="utf-8")
    for node in ast.parse(source).body:
        if isinstance(node, ast.FunctionDef):
            text = ast.get_source_segment(source, node) or ""
            if ".must(" in text:
                yield node.name


def _called(function: ast.FunctionDef) -> Iterator[str]:
    for node in ast.walk(function):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            yield node.func.id


def test_the_walls_list_no_exception() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    walls = settings["tool"]["importlinter"]
    assert walls["contracts"]
    assert [wall for wall in (walls, *walls["contracts"]) if "ignore_imports" in wall] == []


def test_no_room_needs_a_test() -> None:
    """Tests use every room; they are folders beside the packages, so nothing may import one."""
    wrong = []
    for path in _sources():
        if not path.is_relative_to(HOUSE) or "tests" in path.parts:
            continue
        for node in ast.walk(_parsed(path)):
            if isinstance(node, ast.Import | ast.ImportFrom):
                names = [alias.name for alias in node.names]
                names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
                wrong += [f"{path.name}: {name}" for name in names if "tests" in name.split(".")]
    assert wrong == []


def test_neighbours_are_referred_to_by_name_alone() -> None:
    """A foreign key to another room is a string and gives that room no way back."""
    wrong = []
    for model in apps.get_models():
        if not model.__module__.startswith("panshi."):
            continue
        for field in model._meta.get_fields():
            if isinstance(field, models.ForeignKey):
                other = field.related_model._meta.app_label
                if other != model._meta.app_label and field.remote_field.related_name != "+":
                    wrong.append(f"{model._meta.label}.{field.name}")
    assert wrong == []


def test_templates_hold_no_inline_style_or_script() -> None:
    inline = re.compile(r"""\s(style|onclick|onchange|onsubmit|hx-on[:\w-]*)=""")
    wrong = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in HOUSE.rglob("templates/**/*.html")
        for number, line in enumerate(_lines(path), 1)
        if inline.search(line)
    ]
    assert wrong == []


def test_colours_stand_in_the_tokens_alone() -> None:
    colour = re.compile(r"#[0-9a-fA-F]{3,8}\b|\brgba?\(")
    wrong = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in HOUSE.rglob("static/**/*.css")
        if "vendor" not in path.parts and path.name != "tokens.css"
        for number, line in enumerate(_lines(path), 1)
        if colour.search(line)
    ]
    assert wrong == []


def test_nothing_is_silenced() -> None:
    silencer = re.compile(r"#\s*(type:\s*ignore|noqa|pragma: no cover)")
    wrong = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in _sources()
        for number, line in enumerate(_lines(path), 1)
        if silencer.search(line)
    ]
    assert wrong == []


def test_no_address_of_a_registry_and_no_path_of_a_machine() -> None:
    hosts = "|".join(("python" + "hosted", "npm" + "js", r"registry\.", "deb" + r"\.debian"))
    address = re.compile(
        rf"https?://[a-z0-9.-]*({hosts})|(^|[^\w.])/(ro" + r"ot|wo" + r"rk|ho" + r"me/\w+)/\w"
    )
    wrong = []
    for path in _tracked():
        try:
            lines = _lines(path)
        except UnicodeDecodeError:
            continue
        wrong += [f"{path.relative_to(ROOT)}:{n}" for n, line in enumerate(lines, 1)
                  if address.search(line)]  # fmt: skip
    assert wrong == []


def test_no_large_file_is_committed() -> None:
    large = [str(p.relative_to(ROOT)) for p in _tracked() if p.stat().st_size > 1024 * 1024]
    assert large == []


def test_every_room_explains_itself() -> None:
    rooms = [p for p in HOUSE.iterdir() if (p / "__init__.py").is_file()]
    assert [r.name for r in rooms if not (r / "README.md").is_file()] == []


def test_every_room_imports() -> None:
    for path in HOUSE.iterdir():
        if (path / "__init__.py").is_file():
            importlib.import_module(f"panshi.{path.name}")


def test_one_text_means_one_thing_in_all_rooms() -> None:
    """All rooms share one catalogue at run time: of two translations of a text one never shows."""
    said = {
        "one": [POEntry(msgid="Open", msgstr="未结")],
        "two": [POEntry(msgid="Open", msgstr="在办")],
    }
    apart = [POEntry(msgctxt="run", msgid="Open", msgstr="在办")]

    assert len(messages.rivals(said)) == 1
    assert messages.rivals({**said, "two": apart}) == []
    assert messages.rivals({room: messages.read(room) for room in messages.rooms()}) == []


def test_every_kind_of_entry_has_a_word_in_the_journal() -> None:
    kinds = set()
    for path in _room_files("services"):
        tree = _parsed(path)
        named = {
            node.target.id: node.value.value
            for node in tree.body
            if isinstance(node, ast.AnnAssign)
            and isinstance(node.target, ast.Name)
            and isinstance(node.value, ast.Constant)
        }
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and "NewEntry" in ast.unparse(node.func):
                kind = next(word.value for word in node.keywords if word.arg == "kind")
                said = kind.value if isinstance(kind, ast.Constant) else None
                kinds.add(named.get(ast.unparse(kind), said))

    assert {"VEHICLE_COST", "INSURER_PAID"} <= kinds
    assert kinds - {None} <= set(entries.KIND_WORDS)
