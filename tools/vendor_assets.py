"""Bring the third-party front-end files to where pages and documents find them.

`package.json` names them with exact versions, `package-lock.json` holds their digests. They are
installed with npm and the few files that pages need are copied, with their licences, into
`panshi/console/static/vendor/NAME-VERSION/`; two cuts of Noto Sans SC go to `panshi/kit/vendor/`
for documents and screenshots. Neither folder is committed. `manifest.json` beside the copies holds
the SHA-256 of each file. A second run with nothing changed only reads the manifest.

Run with any Python from 3.11: `python tools/vendor_assets.py`.
"""

import base64
import hashlib
import json
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TextIO

ROOT: Final = Path(__file__).resolve().parent.parent
PAGES: Final = ROOT / "panshi/console/static/vendor"
DOCUMENTS: Final = ROOT / "panshi/kit/vendor"
ICON_LIST: Final = ROOT / "panshi/console/icons.txt"
ICONS: Final = "@tabler/icons"
ICONS_VERSION: Final = "3.51.0"
ICONS_SHA512: Final = (
    "0pinvPZz7YeX+OSfxuEAbnEPWbocVXW5iU8h5lh41pYG8sZuQfpWECC980lxOT0clGIcNGn8xsBr+zKaRGdA/g=="
)


@dataclass(frozen=True, slots=True)
class Copy:
    """Files of one package by their path in it; a `licence` of "" stands for plain MIT."""

    package: str
    folder: str
    files: tuple[str, ...]
    licence: str = ""
    target: Path = PAGES


COPIES: Final = (
    Copy("htmx.org", "htmx", ("dist/htmx.min.js",), "LICENSE"),
    Copy("@alpinejs/csp", "alpine-csp", ("dist/cdn.min.js",)),
    Copy("@tabler/core", "tabler", ("dist/css/tabler.min.css",)),
    Copy("echarts", "echarts", ("dist/echarts.common.min.js", "NOTICE"), "LICENSE"),
    Copy(
        "maplibre-gl",
        "maplibre-gl",
        ("dist/maplibre-gl.mjs", "dist/maplibre-gl-worker.mjs", "dist/maplibre-gl.css"),
        "LICENSE.txt",
    ),
    Copy("idb", "idb", ("build/index.js",), "LICENSE"),
    Copy("signature_pad", "signature_pad", ("dist/signature_pad.min.js",), "LICENSE"),
    Copy("sortablejs", "sortablejs", ("modular/sortable.esm.js",), "LICENSE"),
    Copy(
        "@event-calendar/build",
        "event-calendar",
        ("dist/event-calendar.min.js", "dist/event-calendar.min.css"),
    ),
    Copy(
        "@expo-google-fonts/noto-sans-sc",
        "noto-sans-sc",
        ("400Regular/NotoSansSC_400Regular.ttf", "700Bold/NotoSansSC_700Bold.ttf"),
        "LICENSE_FONT",
        DOCUMENTS,
    ),
)

MIT: Final = """\
{name} {version} is published under the MIT licence; its authors are those of the package.

Permission is hereby granted, free of charge, to any person obtaining a copy of this software and
associated documentation files (the "Software"), to deal in the Software without restriction,
including without limitation the rights to use, copy, modify, merge, publish, distribute,
sublicense, and/or sell copies of the Software, and to permit persons to whom the Software is
furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all copies or
substantial portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT
NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND
NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM,
DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM, OUT
OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.
"""


class Missing(Exception):
    """Something that this step needs is not there; the message says what to do."""


def versions() -> dict[str, str]:
    """Exact version by package, as `package.json` states them."""
    stated: dict[str, str] = json.loads((ROOT / "package.json").read_text())["dependencies"]
    return stated


def icon_names() -> list[str]:
    return sorted(ICON_LIST.read_text().split())


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def recipe() -> str:
    """A digest of all that decides what is copied."""
    parts = (ROOT / "package-lock.json", ICON_LIST, Path(__file__))
    return hashlib.sha256(b"".join(part.read_bytes() for part in parts)).hexdigest()


def in_place() -> bool:
    """Tell whether the last run had the same recipe and its files are still whole."""
    try:
        manifest = json.loads((PAGES / "manifest.json").read_text())
        return manifest["recipe"] == recipe() and all(
            sha256(ROOT / name) == digest for name, digest in manifest["files"].items()
        )
    except (FileNotFoundError, ValueError, KeyError):
        return False


def npm(*arguments: str, cwd: Path = ROOT) -> str:
    """Run npm and answer its output. Raises Missing with npm's own words when it fails."""
    program = shutil.which("npm")
    if program is None:
        raise Missing(
            "npm was not found. The pages need it once, to fetch their front-end files:\n"
            "  Debian, Ubuntu: apt-get install nodejs npm; elsewhere: install Node.js 20 or newer."
        )
    ended = subprocess.run([program, *arguments], cwd=cwd, capture_output=True, text=True)
    if ended.returncode:
        raise Missing(f"npm {' '.join(arguments)} failed:\n{ended.stderr.strip()}")
    return ended.stdout


def copy_packages(stage: dict[Path, Path]) -> None:
    stated = versions()
    for copy in COPIES:
        version = stated[copy.package]
        source = ROOT / "node_modules" / copy.package
        folder = stage[copy.target] / f"{copy.folder}-{version}"
        folder.mkdir(parents=True)
        for name in copy.files:
            shutil.copyfile(source / name, folder / Path(name).name)
        if copy.licence:
            shutil.copyfile(source / copy.licence, folder / "LICENSE.txt")
        else:
            licence = MIT.format(name=copy.package, version=version)
            (folder / "LICENSE.txt").write_text(licence)
        if copy.folder == "tabler":
            put_into_layer(folder / "tabler.min.css")


def put_into_layer(sheet: Path) -> None:
    """Wrap a style sheet in a cascade layer, so that our own rules win without !important."""
    text = sheet.read_text().replace('@charset "UTF-8";', "", 1)
    text = re.sub(r"/\*# sourceMappingURL=.*?\*/", "", text)
    sheet.write_text(f'@charset "UTF-8";@layer tabler{{{text}}}\n')


def build_sprite(folder: Path) -> None:
    """Make one SVG file of the listed outline icons. Raises Missing for a name not in the pack."""
    with tempfile.TemporaryDirectory() as scratch:
        npm("pack", f"{ICONS}@{ICONS_VERSION}", "--pack-destination", scratch, "--loglevel=error")
        (archive,) = Path(scratch).glob("*.tgz")
        digest = base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()
        if digest != ICONS_SHA512:
            raise Missing(f"{ICONS} {ICONS_VERSION} has SHA-512 {digest}, not the pinned one.")
        with tarfile.open(archive) as pack:
            symbols = [symbol(pack, name) for name in icon_names()]
            licence = pack.extractfile("package/LICENSE")
            words = licence.read() if licence else b""
    folder.mkdir(parents=True)
    sprite = '<svg xmlns="http://www.w3.org/2000/svg">\n' + "\n".join(symbols) + "\n</svg>\n"
    (folder / "sprite.svg").write_text(sprite)
    (folder / "LICENSE.txt").write_bytes(words)


def symbol(pack: tarfile.TarFile, name: str) -> str:
    try:
        member = pack.extractfile(f"package/icons/outline/{name}.svg")
    except KeyError:
        member = None
    if member is None:
        raise Missing(f"{ICONS} {ICONS_VERSION} has no outline icon “{name}” ({ICON_LIST.name}).")
    drawing = re.sub(r"<!--.*?-->", "", member.read().decode(), flags=re.DOTALL)
    inner = re.sub(r"^.*?<svg[^>]*>|</svg>\s*$", "", drawing, flags=re.DOTALL)
    inner = re.sub(r'<path stroke="none" d="M0 0h24v24H0z" fill="none"\s*/>', "", inner)
    return (
        f'<symbol id="{name}" viewBox="0 0 24 24">{"".join(inner.split(chr(10))).strip()}</symbol>'
    )


def replace(stage: dict[Path, Path]) -> dict[str, str]:
    """Put the staged folders where they belong; answers SHA-256 by path from the root."""
    digests = {}
    for target, staged in stage.items():
        shutil.rmtree(target, ignore_errors=True)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(staged, target)
        for path in sorted(target.rglob("*")):
            if path.is_file():
                digests[path.relative_to(ROOT).as_posix()] = sha256(path)
    return digests


def say(words: str, to: TextIO = sys.stdout) -> None:
    to.write(f"Front-end files: {words}\n")
    to.flush()


def main() -> int:
    if in_place():
        return 0
    say("fetching")
    try:
        npm("ci", "--loglevel=error", "--no-progress")
        with tempfile.TemporaryDirectory(dir=ROOT, prefix=".vendor-") as scratch:
            stage = {PAGES: Path(scratch) / "pages", DOCUMENTS: Path(scratch) / "documents"}
            copy_packages(stage)
            build_sprite(stage[PAGES] / f"tabler-icons-{ICONS_VERSION}")
            digests = replace(stage)
    except Missing as missing:
        say(str(missing), to=sys.stderr)
        return 1
    manifest = {"recipe": recipe(), "files": digests}
    (PAGES / "manifest.json").write_text(json.dumps(manifest, indent=1) + "\n")
    say(f"{len(digests)} files in place")
    return 0


if __name__ == "__main__":
    sys.exit(main())
