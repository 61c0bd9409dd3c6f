"""`python -m app.embedded run` and `python -m app.embedded install-azurite`; what `make` calls."""

import os
import sys

from app.embedded.azurite import install_azurite
from app.embedded.folder import DataFolder, StartError, describe


def run() -> None:
    """Run LabelAPI until Ctrl-C or SIGTERM. Raises StartError, OSError."""
    # The installation needs neither, and runs before the application's packages are complete.
    from app.embedded.launcher import Launcher
    from app.embedded.options import read_options

    options = read_options(os.environ)
    folder = DataFolder(options.data_folder)
    folder.make()
    with folder.locked():
        Launcher(options, folder).run()


COMMANDS = {"run": run, "install-azurite": install_azurite}


def main(arguments: list[str]) -> int:
    """Return the exit status; trouble is one line on standard error."""
    if len(arguments) != 1 or arguments[0] not in COMMANDS:
        print(f"usage: python -m app.embedded {' | '.join(COMMANDS)}", file=sys.stderr)
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
