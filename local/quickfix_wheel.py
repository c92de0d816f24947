"""Builds the QuickFIX wheel from its source distribution, once per machine.

PyPI has QuickFIX as source only, and setuptools compiles its 54 C++ files one after another, which
takes more than five minutes. Nearly all of that is the same headers read 54 times. So here the engine
is one translation unit and the generated binding another; they compile side by side in a good minute,
setuptools only links them, and the wheel stays in the user's cache.

Runs on the standard library and setuptools. Usage: python local/quickfix_wheel.py (prints the wheel's path)
"""

import hashlib
import os
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

VERSION = "1.16.0"
SDIST_SHA256 = "825aceb72cfd69c30fbbf5b380b66f464abe1fe3188374f13d8c9987dd8eb4e9"
BINDING = "QuickfixPython.cpp"  # 5.8 MB, made by SWIG
FLAGS = ["-std=c++17", "-fPIC", "-pthread", "-w", "-g0", "-DNDEBUG", "-fwrapv", "-D__cpp_noexcept_function_type"]
# More optimisation of the binding costs memory and a minute, and gains nothing: it only passes arguments on.
BINDING_LEVEL, ENGINE_LEVEL = "-O1", "-O2"

# QuickFIX's own setup.py, with its list of sources replaced by the compiled objects.
LINK = """
import runpy, sys, setuptools
original, objects, target = setuptools.Extension, sys.argv[1:3], sys.argv[3]
setuptools.Extension = lambda name, sources, **_: original(name, [], extra_objects=objects, language="c++")
sys.argv = ["setup.py", "-q", "bdist_wheel", "--dist-dir", target]
runpy.run_path("setup.py", run_name="__main__")
"""


class BuildError(RuntimeError):
    """The wheel cannot be built; the text says why and what to do."""


def cache_folder() -> Path:
    """Return where wheels for this interpreter and this source are kept."""
    root = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    tag = sysconfig.get_config_var("SOABI") or sys.implementation.cache_tag
    return root / "tradeloom" / "wheels" / f"{tag}-{SDIST_SHA256[:16]}"


def cached_wheel(cache: Path) -> Path | None:
    """Return the wheel built before, if any."""
    return next(iter(sorted(cache.glob("quickfix-*.whl"))), None)


def wheel(cache: Path) -> Path:
    """Return the wheel, built now unless it was before."""
    found = cached_wheel(cache)
    if found:
        return found
    compiler = find_compiler()
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="quickfix-") as scratch:
        source = unpack(download(Path(scratch)), Path(scratch))
        built = link(source, compile_objects(compiler, source, Path(scratch)), Path(scratch))
        # Into the cache under its name only when whole: two set-ups may run at once.
        half = cache / f"{built.name}.{os.getpid()}"
        shutil.copy2(built, half)
        return half.rename(cache / built.name)


def find_compiler() -> str:
    """Return the C++ compiler, or say how to get one."""
    compiler = os.environ.get("CXX") or shutil.which("g++") or shutil.which("c++") or shutil.which("clang++")
    if not compiler:
        raise BuildError(
            "QuickFIX has to be compiled once and there is no C++ compiler; on Debian: apt-get install g++"
        )
    if not (Path(sysconfig.get_path("include")) / "Python.h").exists():
        raise BuildError(
            "QuickFIX has to be compiled once and Python.h is missing; on Debian: apt-get install python3-dev"
        )
    return compiler


def download(folder: Path) -> Path:
    """Fetch the source distribution with pip, from wherever pip is configured to look, and check its hash."""
    say(f"downloading the source of QuickFIX {VERSION}")
    command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--no-binary", "quickfix"]
    command += ["--no-build-isolation", "--disable-pip-version-check", "-d", str(folder), f"quickfix=={VERSION}"]
    done = subprocess.run(command, capture_output=True, text=True)
    sdist = folder / f"quickfix-{VERSION}.tar.gz"
    if done.returncode != 0 or not sdist.exists():
        raise BuildError(f"pip could not download the source of QuickFIX: {done.stderr.strip()[-600:]}")
    if hashlib.sha256(sdist.read_bytes()).hexdigest() != SDIST_SHA256:
        raise BuildError("the downloaded source of QuickFIX is not the one that is locked; nothing was built")
    return sdist


def unpack(sdist: Path, folder: Path) -> Path:
    """Unpack the source distribution and return its folder."""
    with tarfile.open(sdist) as archive:
        archive.extractall(folder)  # noqa: S202 - its hash was checked, so its names can be trusted
    return folder / f"quickfix-{VERSION}"


def compile_objects(compiler: str, source: Path, folder: Path) -> list[Path]:
    """Compile the binding and the engine side by side."""
    engine = folder / "engine.cpp"
    parts = sorted(path for path in (source / "C++").glob("*.cpp") if path.name != BINDING)
    engine.write_text("".join(f'#include "{path}"\n' for path in parts))
    say(f"compiling QuickFIX: the binding and {len(parts)} files of the engine, side by side (a good minute)")
    started = time.monotonic()
    jobs = {"binding": (source / "C++" / BINDING, BINDING_LEVEL), "engine": (engine, ENGINE_LEVEL)}
    with ThreadPoolExecutor(len(jobs)) as pool:
        running = {
            pool.submit(compile_one, compiler, source, file, level, folder / f"{name}.o"): name
            for name, (file, level) in jobs.items()
        }
        for future in as_completed(running):
            future.result()
            say(f"compiled the {running[future]} ({time.monotonic() - started:.0f} s)")
    return [folder / f"{name}.o" for name in jobs]


def compile_one(compiler: str, source: Path, file: Path, level: str, target: Path) -> None:
    """Compile one translation unit."""
    folders = [f"-I{source / 'C++'}", f"-I{source / 'swig'}", f"-I{sysconfig.get_path('include')}"]
    command = [*compiler.split(), *FLAGS, level, *folders, "-c", str(file), "-o", str(target)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        hint = " (out of memory? it needs about 2.5 GB)" if done.returncode < 0 or "Killed" in done.stderr else ""
        raise BuildError(f"{file.name} does not compile{hint}: {done.stderr.strip()[-800:]}")


def link(source: Path, objects: list[Path], folder: Path) -> Path:
    """Let setuptools link the objects and make the wheel."""
    command = [sys.executable, "-c", LINK, *map(str, objects), str(folder / "dist")]
    done = subprocess.run(command, cwd=source, capture_output=True, text=True)
    built = cached_wheel(folder / "dist")
    if done.returncode != 0 or built is None:
        raise BuildError(f"the QuickFIX wheel could not be made: {done.stderr.strip()[-800:]}")
    return built


def say(text: str) -> None:
    """Show progress; standard output is for the result."""
    print(f"  {text}", file=sys.stderr, flush=True)


def main() -> int:
    """Print the path of the wheel."""
    try:
        print(wheel(cache_folder()))
    except BuildError as error:
        print(f"ERROR {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
