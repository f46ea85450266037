"""The encyclopedia as a directory: read and written byte for byte."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from panshi.handbook.rules.procedure import ContentFault

SHIPPED: Final = Path(__file__).with_name("content")
ROOT_FILES: Final = (
    "edition.yaml", "outline.yaml", "params.yaml", "roles.yaml", "synonyms.yaml",
)  # fmt: skip
PLAYBOOKS: Final = "playbooks"
NODE_FILES: Final = ("node.md", "policy.md", "sop.yaml", "quiz.yaml")


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """All files of one edition: those at the root, and those of each node's folder."""

    root: Mapping[str, str]
    folders: Mapping[str, Mapping[str, str]]


def read_directory(path: Path) -> Content:
    """Read a content directory; raises ContentFault when files lack, are strange, or no UTF-8."""
    if not path.is_dir():
        raise ContentFault([f"{path} is not a directory"])
    faults: list[str] = []
    strange: set[str] = set()
    root: dict[str, str] = {}
    folders: dict[str, dict[str, str]] = {}
    for file in sorted(p for p in path.rglob("*") if p.is_file()):
        name = file.relative_to(path).as_posix()
        try:
            text = file.read_bytes().decode()
        except UnicodeDecodeError:
            faults.append(f"{name} is not UTF-8")
            strange.add(name)
            continue
        folder, _, inner = name.partition("/")
        if folder == PLAYBOOKS and inner.endswith(".yaml"):
            root[name] = text
        elif not inner:
            if folder not in ROOT_FILES:
                faults.append(f"{name} is not a file of the encyclopedia")
            root[folder] = text
        elif inner in NODE_FILES or (inner.startswith("cases/") and inner.endswith(".md")):
            folders.setdefault(folder, {})[inner] = text
        else:
            faults.append(f"{name} is not a file of a node")
    faults += [f"{name} is missing" for name in ROOT_FILES if name not in {*root, *strange}]
    if faults:
        raise ContentFault(faults)
    return Content(root=root, folders=folders)


def write_directory(content: Content, path: Path) -> int:
    """Write every file as it is; answers how many. Nothing else in the directory is touched."""
    written = 0
    for name, text in content.root.items():
        target = path / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(text.encode())
        written += 1
    for folder, files in content.folders.items():
        for name, text in files.items():
            target = path / folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(text.encode())
            written += 1
    return written
