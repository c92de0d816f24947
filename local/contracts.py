"""Makes gen/ from proto/, and checks that the committed gen/ is what would be made now.

Usage: python -m local.contracts [--check]
"""

import filecmp
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from local.paths import ROOT

PROTO, VENDOR, GEN = ROOT / "proto", ROOT / "proto" / "vendor", ROOT / "gen"
# google.* comes with installed packages; these rules have no package that Google's runtime could read.
VALIDATE = "buf/validate/validate.proto"
# Not imported by any contract, but the gateway writes the details of errors as JSON.
ERROR_DETAILS = "google/rpc/error_details.proto"
DESCRIPTORS = "tradeloom.binpb"


class ContractError(Exception):
    """The generator refuses a contract; the text is its own."""


def generate(into: Path) -> None:
    """Make everything anew in an empty folder."""
    ours = sorted(str(path.relative_to(PROTO)) for path in (PROTO / "tradeloom").rglob("*.proto"))
    outputs = [f"--{kind}_out={into}" for kind in ("python", "pyi", "grpc_python", "mypy_grpc")]
    _protoc([*outputs, *ours])
    _protoc([f"--python_out={into}", f"--pyi_out={into}", VALIDATE])
    whole = ["--include_imports", "--include_source_info", f"--descriptor_set_out={into / DESCRIPTORS}"]
    _protoc([*whole, *ours, ERROR_DETAILS])


def _protoc(arguments: list[str]) -> None:
    command = [sys.executable, "-m", "grpc_tools.protoc", "-I", str(PROTO), "-I", str(VENDOR), *arguments]
    # The plug-in that types the stubs lies beside the interpreter.
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    done = subprocess.run(command, cwd=ROOT, env={**os.environ, "PATH": path}, capture_output=True, text=True)
    if done.returncode != 0:
        raise ContractError(done.stderr.strip())


def replace() -> None:
    """Bring gen/ to what is made now: only files that differ are touched, and what is no longer made goes."""
    with tempfile.TemporaryDirectory(dir=ROOT, prefix=".gen-") as folder:
        fresh = Path(folder)
        generate(fresh)
        for name in _files(GEN) - _files(fresh):
            (GEN / name).unlink()
        for name in _different(fresh):
            (GEN / name).parent.mkdir(parents=True, exist_ok=True)
            (fresh / name).replace(GEN / name)


def differences() -> list[str]:
    """Return every file that the committed gen/ lacks, has too much or has otherwise."""
    with tempfile.TemporaryDirectory() as folder:
        fresh = Path(folder)
        generate(fresh)
        extra = sorted(_files(GEN) - _files(fresh))
        return [f"no longer made: {name}" for name in extra] + [f"differs: {name}" for name in _different(fresh)]


def _different(fresh: Path) -> list[str]:
    def same(name: str) -> bool:
        return (GEN / name).exists() and filecmp.cmp(fresh / name, GEN / name, shallow=False)

    return sorted(name for name in _files(fresh) if not same(name))


def _files(folder: Path) -> set[str]:
    paths = (path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    return {str(path.relative_to(folder)) for path in paths}


def main(arguments: list[str]) -> int:
    """Make gen/, or with --check say what differs."""
    try:
        if arguments != ["--check"]:
            replace()
            return 0
        found = differences()
    except ContractError as error:
        print(f"ERROR {error}", file=sys.stderr)
        return 1
    for line in found:
        print(f"gen/ is stale, run `make gen`: {line}", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
