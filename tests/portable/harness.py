"""Runs the `check_…` functions of a file; portable, as the check files are."""

import sys


def run(names):
    """Calls every check_… function of `names` (a globals() dict), a line for each; exits 1 on a failure."""
    failures = 0
    for name in sorted(names):
        if name.startswith("check_"):
            try:
                names[name]()
                print("ok", name)
            except Exception as error:
                failures += 1
                print("FAIL", name)
                _print_trace(error)
    print("failures:", failures)
    sys.exit(1 if failures else 0)


def raised(error_type, call, *arguments):
    """The error of that type that the call raised. AssertionError when it raised none."""
    try:
        call(*arguments)
    except error_type as error:
        return error
    raise AssertionError("nothing was raised for " + repr(arguments))


def _print_trace(error):
    if hasattr(sys, "print_exception"):  # MicroPython
        sys.print_exception(error)
    else:
        import traceback

        traceback.print_exception(error)
