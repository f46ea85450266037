"""What the front-end files promise by themselves: versions, icons, contrast, no inline style."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from panshi.kit import fonts, navigation, static, vendored
from tools import vendor_assets

pytestmark = pytest.mark.plain
PACKAGE = Path(__file__).resolve().parents[2]
ROOT = PACKAGE.parent
STATIC = PACKAGE / "console/static"
TOKENS = (STATIC / "console/tokens.css").read_text()


def templates() -> Iterator[Path]:
    yield from PACKAGE.glob("*/templates/**/*.html")


def test_the_lock_names_no_registry() -> None:
    lock = json.loads((ROOT / "package-lock.json").read_text())

    assert not [name for name, entry in lock["packages"].items() if "resolved" in entry]
    assert all("integrity" in entry for name, entry in lock["packages"].items() if name)


def test_every_vendored_name_is_a_pinned_version_in_place() -> None:
    stated = vendor_assets.versions() | {vendor_assets.ICONS: vendor_assets.ICONS_VERSION}
    folders = {f"{c.folder}-{stated[c.package]}" for c in vendor_assets.COPIES}
    folders.add(f"tabler-icons-{vendor_assets.ICONS_VERSION}")

    for name in vendored.FILES.values():
        assert name.split("/")[1] in folders
        assert (STATIC / name).is_file()
    assert all(re.fullmatch(r"\d+\.\d+\.\d+", version) for version in stated.values())


def test_every_vendored_folder_carries_its_licence() -> None:
    for folder in [*(STATIC / "vendor").iterdir(), fonts.folder()]:
        if folder.is_dir():
            assert (folder / "LICENSE.txt").stat().st_size > 100, folder.name


def test_a_second_vendor_run_is_silent() -> None:
    again = subprocess.run(
        [sys.executable, "tools/vendor_assets.py"], cwd=ROOT, capture_output=True, check=True
    )

    assert (again.stdout, again.stderr) == (b"", b"")


def test_a_missing_npm_is_said_in_words(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr(vendor_assets, "PAGES", tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))

    assert vendor_assets.main() == 1
    assert "npm was not found" in capsys.readouterr().err


def test_pages_use_only_icons_of_the_sprite() -> None:
    known = set(vendor_assets.icon_names())
    used = {page.icon for page in navigation._PAGES}
    for path in templates():
        used |= set(re.findall(r"""{% icon ["']([\w-]+)["']""", path.read_text()))

    sprite = (STATIC / vendored.FILES["icons"]).read_text()
    assert used - known == set()
    assert set(re.findall(r'<symbol id="([\w-]+)"', sprite)) == known


def test_no_template_breaks_the_content_policy() -> None:
    wrong = re.compile(r"""\s(?:style|on\w+|hx-on[\w:-]*)=["']|<style|javascript:""")

    found = [
        f"{path.relative_to(PACKAGE)}: {match.group().strip()}"
        for path in templates()
        for match in wrong.finditer(path.read_text())
    ]

    assert found == []


def block(selector: str) -> dict[str, str]:
    """The tokens that a rule of tokens.css sets."""
    body = TOKENS[TOKENS.index(selector) + len(selector) :]
    body = body[: body.index("}")]
    return dict(re.findall(r"--([\w-]+):\s*([^;]+);", body))


LIGHT = block(":root {")
DARK = LIGHT | block(':root[data-theme="dark"] {')


def test_the_two_ways_to_dark_agree() -> None:
    assert block(':root[data-theme="dark"] {') == block(':root[data-theme="system"] {')


def luminance(colour: str) -> float:
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


TEXT = [
    (ink, ground)
    for ink in ("ink", "ink-2", "ink-3", "accent", "ok", "warn", "bad", "info")
    for ground in ("surface-0", "surface-1")
] + [
    ("ink", "surface-2"),
    ("ink-2", "surface-2"),
    ("ink-3", "surface-2"),
    ("on-accent", "accent"),
    ("on-accent", "accent-deep"),
    ("accent", "accent-soft"),
    ("on-bad", "bad"),
    ("bad", "bad-soft"),
    ("ink", "warn-soft"),
    ("ink", "info-soft"),
    ("plate-green-ink", "plate-green"),
    ("plate-blue-ink", "plate-blue"),
    ("side-ink", "side"),
    ("side-ink-2", "side"),
    ("side-active-ink", "side-active"),
]


@pytest.mark.parametrize("mode", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize(("ink", "ground"), TEXT)
def test_text_is_legible(mode: dict[str, str], ink: str, ground: str) -> None:
    assert contrast(mode[ink], mode[ground]) >= 4.5


@pytest.mark.parametrize("mode", [LIGHT, DARK], ids=["light", "dark"])
def test_edges_of_controls_are_seen(mode: dict[str, str]) -> None:
    assert contrast(mode["line-strong"], mode["surface-1"]) >= 3
    assert contrast(mode["accent"], mode["surface-1"]) >= 3


def test_only_the_tokens_name_colours() -> None:
    for name in ("console.css", "shell.css"):
        text = (STATIC / "console" / name).read_text()
        assert re.findall(r"#[0-9a-fA-F]{3,8}\b|rgba?\(|hsl", text) == []


def test_first_visit_stays_light() -> None:
    import gzip

    own = sum(
        len(gzip.compress(path.read_bytes()))
        for path in (STATIC / "console").glob("*.js")
        if path.stem not in {"chart", "map", "cities"}
    )
    shared = ("tabler", "icons", "htmx", "alpine")
    third = sum(len(gzip.compress((STATIC / vendored.FILES[n]).read_bytes())) for n in shared)
    styles = sum(
        len(gzip.compress(path.read_bytes())) for path in (STATIC / "console").glob("*.css")
    )

    assert own <= 40_000
    assert own + third + styles <= 350_000


def test_hashed_and_vendored_files_never_change_under_their_name() -> None:
    assert static.is_immutable("", "/static/console/list.0123456789ab.js")
    assert static.is_immutable("", "/static/vendor/htmx-4.0.1/htmx.min.js")
    assert not static.is_immutable("", "/static/console/list.js")
