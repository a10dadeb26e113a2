"""The command for authors and operators: begin a bot, try it, let it answer, look after it.

What it needs of others isn't installed as packages: the stand-in for Telegram, the two modules of
scripts/, which Terraform's package needs too, and botkit.
"""

import sys

from telegram_bot_aws.local.project import LAMBDA, SCRIPTS, STAND_IN

sys.path += [str(path) for path in (STAND_IN, SCRIPTS, LAMBDA) if str(path) not in sys.path]
