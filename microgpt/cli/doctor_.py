"""Say what is installed, what is wrong, and what to do."""

import argparse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--brief", action="store_true", help="one line")


def run(options: argparse.Namespace) -> int:
    from microgpt.diagnostics import doctor

    report = doctor(brief=options.brief)
    print(repr(report))
    return 1 if report.problems else 0
