"""Sets a clone up: virtual environment, locked packages, QuickFIX, the project itself.

Runs on the standard library of Python 3.11 or newer, before anything is installed. Packages come from
wherever pip and uv are configured to look, and only with the hashes of the lock.

Usage: python3 local/setup.py [run|dev]   (run: what `make up` needs; dev: the tests' and tools' packages too)
"""

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
LOCKS = {"run": ROOT / "requirements.lock", "dev": ROOT / "requirements-dev.lock"}


class SetupError(RuntimeError):
    """The set-up cannot go on; the text says why and what to do."""


def stamp_of(profile: str) -> str:
    """Return what the environment depends on, as one hash."""
    digest = hashlib.sha256(f"{sys.version}\n{ROOT}\n".encode())
    for file in (LOCKS[profile], ROOT / "pyproject.toml", ROOT / "local" / "quickfix_wheel.py"):
        digest.update(file.read_bytes())
    return digest.hexdigest()


def stamp_file(profile: str) -> Path:
    """Return where the hash of the last whole set-up is kept."""
    return VENV / f".tradeloom-{profile}"


def is_current(profile: str) -> bool:
    """Say whether the last set-up was made from what lies here now."""
    file = stamp_file(profile)
    return PYTHON.exists() and file.exists() and file.read_text() == stamp_of(profile)


def run(command: list[str], *, cwd: Path = ROOT) -> str:
    """Run one command and return its output; its last words become the error."""
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True)
    if done.returncode != 0:
        words = (done.stderr or done.stdout).strip()
        raise SetupError(f"{' '.join(command[:5])} … failed:\n{words[-1200:]}")
    return done.stdout


def make_environment() -> None:
    """Make the virtual environment, anew when the interpreter it was made with is gone."""
    if PYTHON.exists():
        version = subprocess.run([PYTHON, "-c", "import sys; print(sys.version)"], capture_output=True, text=True)
        if version.stdout.strip() == sys.version:
            return
    if (VENV / "pyvenv.cfg").exists():
        shutil.rmtree(VENV)
    try:
        run([sys.executable, "-m", "venv", str(VENV)])
    except SetupError as error:
        shutil.rmtree(VENV, ignore_errors=True)
        raise SetupError(f"{error}\nOn Debian the module comes with: apt-get install python3-venv") from None


def locked(name: str) -> str:
    """Return one package's lines of the lock, with its hashes."""
    text = LOCKS["run"].read_text()
    found = re.search(rf"^{re.escape(name)}==.*?(?=^\S|\Z)", text, re.MULTILINE | re.DOTALL)
    if found is None:
        raise SetupError(f"{name} is not in {LOCKS['run'].name}")
    return found.group()


def install_uv() -> None:
    """Install uv itself, from the lock: it installs the rest ten times faster than pip."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "uv.txt"
        file.write_text(locked("uv"))
        run(
            [
                str(PYTHON),
                "-m",
                "pip",
                "install",
                "-q",
                "--disable-pip-version-check",
                "--require-hashes",
                "-r",
                str(file),
            ]
        )


def install(arguments: list[str]) -> None:
    """Install with uv, or with pip where only pip is configured to reach the packages."""
    # Compiled now, once, and not by fifteen processes at the first start; pip does so anyway.
    command = [str(VENV / "bin" / "uv"), "pip", "install", "-q", "--compile-bytecode", "--python", str(PYTHON)]
    try:
        run([*command, *arguments])
    except (SetupError, OSError) as error:
        print(f"  uv could not ({str(error).splitlines()[-1][:160]}); trying pip", flush=True)
        run([str(PYTHON), "-m", "pip", "install", "-q", "--disable-pip-version-check", *arguments])


def install_packages(profile: str) -> None:
    """Install what the lock names, hash by hash."""
    install(["--require-hashes", "-r", str(LOCKS[profile])])


def install_quickfix() -> None:
    """Build the QuickFIX wheel unless it is in the cache, and install it."""
    command = [str(PYTHON), str(ROOT / "local" / "quickfix_wheel.py")]
    # Its progress goes to standard error, straight to the user.
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    if done.returncode != 0:
        raise SetupError("QuickFIX could not be built (above)")
    install(["--no-deps", done.stdout.strip()])


def install_project() -> None:
    """Install the project in place, so that `python -m services.…` works from anywhere."""
    install(["--no-deps", "--no-build-isolation", "-e", str(ROOT)])


def step(number: int, total: int, name: str, action: Callable[[], None]) -> None:
    """Do one step and show it with its time."""
    print(f"[{number}/{total}] {name} …", flush=True)
    started = time.monotonic()
    action()
    print(f"[{number}/{total}] {name}: done in {time.monotonic() - started:.1f} s", flush=True)


def set_up(profile: str) -> None:
    """Do all steps and remember what they were done from."""
    stamp_file(profile).unlink(missing_ok=True)
    steps: list[tuple[str, Callable[[], None]]] = [
        ("virtual environment", make_environment),
        ("installer", install_uv),
        (f"packages of {LOCKS[profile].name}", lambda: install_packages(profile)),
        ("QuickFIX", install_quickfix),
        ("Tradeloom", install_project),
    ]
    for number, (name, action) in enumerate(steps, 1):
        step(number, len(steps), name, action)
    # The developer's packages include all that running needs.
    for done in ("run", "dev") if profile == "dev" else ("run",):
        stamp_file(done).write_text(stamp_of(done))


def main(arguments: list[str]) -> int:
    """Set up unless nothing changed since the last time."""
    profile = arguments[0] if arguments else "dev"
    if profile not in LOCKS or len(arguments) > 1:
        print("usage: python3 local/setup.py [run|dev]", file=sys.stderr)
        return 2
    if sys.version_info < (3, 11):  # noqa: UP036 - an older Python must get a sentence, not a traceback
        print(f"ERROR Python 3.11 or newer is needed; {sys.executable} is {sys.version.split()[0]}", file=sys.stderr)
        return 1
    if is_current(profile):
        if not os.environ.get("TRADELOOM_QUIET"):
            print(f"set up already ({profile})")
        return 0
    try:
        set_up(profile)
    except SetupError as error:
        print(f"ERROR {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
