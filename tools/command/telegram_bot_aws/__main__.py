import sys
from pathlib import Path

if __name__ == "__main__":
    # Resolved: a bot's process, which has its own /tmp, may lack the folders before a "..".
    sys.path[0] = str(Path(__file__).resolve().parents[1])
    from telegram_bot_aws.command import main

    sys.exit(main())
