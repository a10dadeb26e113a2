"""Run by `python -m bot_api_table`, where aiogram is installed."""

import argparse

from telegram_stand_in import METHODS

from . import __doc__ as about
from . import methods, update

parser = argparse.ArgumentParser(
    prog="python -m bot_api_table",
    description=about,
    formatter_class=argparse.RawDescriptionHelpFormatter,
)
parser.add_argument(
    "--methods", action="store_true", help="only write docs/methods.md, which needs no aiogram"
)
if parser.parse_args().methods:
    methods.PAGE.write_text(methods.text(METHODS))
else:
    print("\n".join(update()[1]))
