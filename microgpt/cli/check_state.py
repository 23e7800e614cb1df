"""Check a model against an llm.c debug state: logits, loss and every gradient."""

import argparse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("model", metavar="MODEL.bin", help="an llm.c model file (version 1, 3, 5)")
    parser.add_argument("state", metavar="STATE.bin", help="the debug state it belongs to")
    parser.add_argument("--tolerance", type=float, help="for logits and loss (default: 1e-4 at the "
                        "largest difference, for logits times the largest of them if that is above "
                        "1; a bfloat16 file: 2e-2 in norm)")  # fmt: skip
    parser.add_argument("--gradient-tolerance", type=float, help="for each gradient, relative in "
                        "norm (default: 2e-4; a bfloat16 file: 5e-2)")  # fmt: skip
    parser.add_argument("--json", action="store_true", help="print JSON instead of the table")


def run(options: argparse.Namespace) -> int:
    from microgpt.parity.debug_state import check_state

    report = check_state(
        options.model, options.state, options.tolerance, options.gradient_tolerance
    )
    print(report.to_json() if options.json else report)
    return 0 if report.passed else 1
