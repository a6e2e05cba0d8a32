"""What is in the wheel, built directly and through the sdist: six packages and nothing else."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from email.parser import Parser
from importlib.metadata import distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("multimodal", "text", "audio", "vision", "fusion", "app")
NOT_PERMISSIVE = re.compile(r"GPL|MPL|Mozilla|non-?commercial|CC[- ]BY-NC", re.IGNORECASE)


def run(*command: str, cwd: Path) -> str:
    result = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout[-2000:] + result.stderr[-2000:]
    return result.stdout


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the tracked files, so that nothing else can get into a build."""
    copy = tmp_path_factory.mktemp("checkout")
    for name in run("git", "ls-files", cwd=ROOT).splitlines():
        source = ROOT / name
        if source.is_file() and not name.startswith(("data/", "tests/")):
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, copy / name)
    for folder in ("tests", "data", "benchmarks"):
        (copy / folder).mkdir(exist_ok=True)
        (copy / folder / "stray.py").write_text("", "utf-8")
    return copy


def build(source: Path, out: Path, kind: str) -> Path:
    run(sys.executable, "-m", "build", "--no-isolation", f"--{kind}", "-o", str(out), cwd=source)
    (built,) = out.iterdir()
    return built


@pytest.fixture(scope="module")
def sdist(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(checkout, tmp_path_factory.mktemp("sdist"), "sdist")


@pytest.fixture(scope="module")
def direct(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(checkout, tmp_path_factory.mktemp("direct"), "wheel")


@pytest.fixture(scope="module")
def through_sdist(sdist: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    unpacked = tmp_path_factory.mktemp("unpacked")
    with tarfile.open(sdist) as archive:
        archive.extractall(unpacked, filter="data")
    (source,) = unpacked.iterdir()
    return build(source, tmp_path_factory.mktemp("indirect"), "wheel")


def contents(wheel: Path) -> set[str]:
    """The files of a wheel outside its metadata."""
    with zipfile.ZipFile(wheel) as archive:
        return {name for name in archive.namelist() if ".dist-info/" not in name}


def requirements(wheel: Path) -> list[Requirement]:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = [n for n in archive.namelist() if n.endswith(".dist-info/METADATA")]
        metadata = Parser().parsestr(archive.read(name).decode())
    return [Requirement(text) for text in metadata.get_all("Requires-Dist", [])]


def test_the_wheel_holds_the_six_packages_and_nothing_else(checkout: Path, direct: Path) -> None:
    expected = {
        path.relative_to(checkout).as_posix()
        for package in PACKAGES
        for path in (checkout / package).rglob("*")
        if path.is_file()
    }
    assert contents(direct) == expected
    assert {name.split("/")[0] for name in contents(direct)} == set(PACKAGES)
    assert {f"{package}/py.typed" for package in PACKAGES} <= contents(direct)


def test_the_wheel_is_the_same_through_the_sdist(direct: Path, through_sdist: Path) -> None:
    assert contents(through_sdist) == contents(direct)


def test_every_checkpoint_is_complete_in_the_wheel(direct: Path) -> None:
    with zipfile.ZipFile(direct) as archive:
        names = archive.namelist()
        folders = {
            name.rsplit("/", 1)[0]
            for name in names
            if re.fullmatch(r"\w+/checkpoints/[^/]+/config\.json", name)
        }
        assert {folder.split("/")[0] for folder in folders} == {"text", "audio", "vision", "fusion"}
        for folder in folders:
            config = json.loads(archive.read(f"{folder}/config.json"))
            assert {f"{folder}/{file}" for file in config["files"]} <= set(names)
            assert f"{folder}/README.md" in names


def test_the_sdist_holds_no_tests_and_no_data(sdist: Path) -> None:
    with tarfile.open(sdist) as archive:
        tops = {name.split("/")[1] for name in archive.getnames() if "/" in name}
    assert tops.isdisjoint({"tests", "data", "benchmarks"})
    assert {"LICENSE", "NOTICE", "README.md", *PACKAGES} <= tops


def test_serving_needs_no_torch(direct: Path) -> None:
    needed = requirements(direct)
    default = {r.name for r in needed if r.marker is None or r.marker.evaluate({"extra": ""})}
    train = {
        r.name for r in needed if r.marker is not None and r.marker.evaluate({"extra": "train"})
    }
    assert {"onnxruntime", "mtcnn"} <= default
    assert default.isdisjoint({"torch", "transformers", "tensorflow", "safetensors"})
    assert {"torch", "transformers"} <= train


def test_the_installed_wheel_imports(direct: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(direct) as archive:
        archive.extractall(tmp_path / "site")
    code = (
        "import sys; sys.path.insert(0, sys.argv[1]); import multimodal;"
        "from multimodal import Conversation, Role, Turn;"
        "Conversation('c1', [Turn(Role.CUSTOMER, 'x')]);"
        "print(multimodal.__file__); print({'torch', 'librosa', 'cv2'} & set(sys.modules))"
    )
    empty = tmp_path / "elsewhere"
    empty.mkdir()
    where, heavy = run(sys.executable, "-c", code, str(tmp_path / "site"), cwd=empty).splitlines()
    assert Path(where).is_relative_to(tmp_path)
    assert heavy == "set()"


def test_notice_names_every_library_that_is_not_permissive() -> None:
    """Over the whole serving install, as its installed metadata say."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    waiting = [Requirement(text) for text in project["dependencies"]]
    seen: set[str] = set()
    unnamed: dict[str, str] = {}
    notice = (ROOT / "NOTICE").read_text("utf-8")
    while waiting:
        requirement = waiting.pop()
        seen.add(requirement.name.lower())
        installed = distribution(requirement.name)
        about = installed.metadata
        classifiers = [c for c in about.get_all("Classifier") or [] if c.startswith("License")]
        licence = " ".join([about["License-Expression"] or "", *classifiers])
        if NOT_PERMISSIVE.search(licence) and requirement.name.lower() not in notice:
            unnamed[requirement.name] = licence
        for further in map(Requirement, installed.requires or []):
            extras = requirement.extras or {""}
            wanted = further.marker is None or any(
                further.marker.evaluate({"extra": extra}) for extra in extras
            )
            if wanted and further.name.lower() not in seen:
                waiting.append(further)
    assert len(seen) > 50
    assert unnamed == {}


def test_the_licence_is_the_whole_apache_licence() -> None:
    text = (ROOT / "LICENSE").read_text("utf-8")
    assert text.strip().startswith("Apache License")
    assert "TERMS AND CONDITIONS FOR USE, REPRODUCTION, AND DISTRIBUTION" in text
    assert "9. Accepting Warranty or Additional Liability." in text
    assert len(text) > 11_000
