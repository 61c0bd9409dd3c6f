#!/bin/sh
# Prints the newest Python that can make the virtual environment, or one line that says what is missing.
# Candidates are run, not only looked up: a version manager leaves commands behind that exist and fail.
unfit=''
without_venv=''
for candidate in python3.13 python3.12 python3.11 python3; do
    command -v "$candidate" >/dev/null 2>&1 || continue
    version=$("$candidate" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null </dev/null) || continue
    case $version in
        3.11 | 3.12 | 3.13) ;;
        *)
            unfit=$version
            continue
            ;;
    esac
    if "$candidate" -c 'import ensurepip, venv' 2>/dev/null </dev/null; then
        printf '%s\n' "$candidate"
        exit 0
    fi
    without_venv=${without_venv:-$version}
done
if [ -n "$without_venv" ]; then
    echo "Python $without_venv is here without its module venv; install it, for example: apt-get install python$without_venv-venv" >&2
elif [ -n "$unfit" ]; then
    echo "LabelAPI runs on Python 3.11, 3.12 or 3.13; this machine has Python $unfit." >&2
else
    echo "LabelAPI needs Python 3.11, 3.12 or 3.13, and none was found: apt-get install python3 python3-venv" >&2
fi
exit 1
