"""`python -m local run`, and what installs Azurite, the linter and the console in its place; what `make` calls."""

import functools
import os
import sys
from collections.abc import Callable
from pathlib import Path

from local.azurite import install_node_packages
from local.console import install_console
from local.folder import VENV, DataFolder, StartError, describe

HERE = Path(__file__).parent


def run() -> None:
    """Run LabelAPI until Ctrl-C or SIGTERM. Raises StartError, OSError."""
    # The installation needs neither, and runs before the application's packages are complete.
    from local.launcher import Launcher
    from local.options import read_options

    options = read_options(os.environ)
    folder = DataFolder(options.data_folder)
    folder.make()
    with folder.locked():
        Launcher(options, folder).run()


COMMANDS: dict[str, Callable[[], object]] = {
    "run": run,
    "install-azurite": functools.partial(install_node_packages, HERE, VENV / "azurite"),
    "install-linter": functools.partial(install_node_packages, HERE.parent / "tests/linter", VENV / "linter"),
    "install-console": install_console,
    "install-console-for-checks": functools.partial(install_console, for_checks=True),
}


def main(arguments: list[str]) -> int:
    """Return the exit status; trouble is one line on standard error."""
    if len(arguments) != 1 or arguments[0] not in COMMANDS:
        print(f"usage: python -m local {' | '.join(COMMANDS)}", file=sys.stderr)
        return 2
    try:
        COMMANDS[arguments[0]]()
    except StartError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    except OSError as error:
        print(describe(error), file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
