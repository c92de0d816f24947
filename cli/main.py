"""The `tradeloom` command: one word each for what one does with a system. Commands are imported when they are used."""

import importlib
import os
import sys

import click

from cli.problem import Exit, Problem

COMMANDS = {
    "up": "cli.up:up",
    "down": "cli.down:down",
    "status": "cli.status:status",
    "demo": "cli.demo:demo",
    "logs": "cli.logs:logs",
    "doctor": "cli.doctor:doctor",
}


class LazyGroup(click.Group):
    """A group that imports a command only when it runs or its help is shown."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Name the commands in the order in which one meets them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import one command."""
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name].partition(":")
        command = getattr(importlib.import_module(module), name)
        assert isinstance(command, click.Command)
        return command


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="tradeloom")
def tradeloom() -> None:
    """Run Tradeloom on this machine and look at it.

    Exit codes: 0 done, 1 refused, 2 wrong usage, 3 not allowed, 4 not available, 130 interrupted.
    """


def main() -> None:
    """Run the command; whatever goes wrong becomes one sentence and an exit code."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """Run the command and return its exit code."""
    try:
        code = tradeloom.main(arguments, prog_name="tradeloom", standalone_mode=False)
    except click.exceptions.Exit as done:
        return done.exit_code
    except click.ClickException as error:
        error.show()
        return Exit.USAGE
    except (click.Abort, KeyboardInterrupt):
        click.echo("interrupted", err=True)
        return Exit.INTERRUPTED
    except BrokenPipeError:  # the reader of a pipe has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Exit.OK
    except Problem as problem:
        click.echo(f"ERROR {problem}", err=True)
        return problem.code
    except Exception as error:
        if os.environ.get("TRADELOOM_DEBUG"):
            raise
        click.echo(f"ERROR {type(error).__name__}: {error} (TRADELOOM_DEBUG=1 shows where)", err=True)
        return Exit.REFUSED
    return code if isinstance(code, int) else Exit.OK


if __name__ == "__main__":
    main()
