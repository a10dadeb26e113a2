"""Break lambda/ in every small way, one at a time, and see that a test fails for each.

It works in a temporary copy, takes more than an hour, and isn't part of scripts/test.
Every survivor is printed, as a diff; the score counts all mutants but those listed as equivalent.

Exit code: 0 if none survived, 1 if one did, is wrongly listed or was not tried, 2 if an argument is
wrong.
"""

from __future__ import annotations

import argparse
import json
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from telegram_bot_aws.local.project import LAMBDA, ROOT

WORKERS = 2
SECONDS = 300  # for the tests of a mutant that no fork noticed: other programs also use the machine
PYTEST = (sys.executable, "-B", "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider")

# The tests of each module, those that fail soonest first.
TESTS = {
    "bot": ["echo/test_bot"],
    "botkit/allowed": ["unit/steps/test_allow"],
    "botkit/aws": ["unit/test_aws", "unit/test_telegram_call"],
    "botkit/bot_module": [
        "unit/test_bot_module",
        "unit/test_interrupt",
        "unit/test_outcome",
        "unit/steps/test_session",
        "unit/release/test_registration",
        "unit/release/test_check",
    ],
    "botkit/calls": ["unit/test_calls", "unit/sources/test_event", "unit/sources/test_replay"],
    "botkit/commands": ["unit/test_commands"],
    "botkit/conversation": ["unit/test_conversation"],
    "botkit/current": [
        "unit/test_current",
        "unit/test_place",
        "unit/sources/test_webhook",
        "unit/test_telegram_call",
        "unit/test_stream",
        "unit/sources/test_event",
        "unit/steps/test_session",
        "unit/frameworks/test_adapter",
    ],
    "botkit/deadline": [
        "unit/test_deadline",
        "unit/http/test_exchange",
        "unit/test_handler",
        "unit/sources/test_queue",
        "unit/sources/test_event",
        "unit/sources/test_replay",
        "unit/steps/test_session",
    ],
    "botkit/errors": [
        "unit/test_errors",
        "unit/test_telegram",
        "unit/sources/test_webhook",
        "unit/test_outcome",
        "integration/test_runtime",
    ],
    "botkit/failed": [
        "unit/test_outcome",
        "unit/test_start_error",
        "unit/test_bot_module",
        "unit/sources/test_webhook",
        "unit/sources/test_event",
        "integration/test_runtime",
    ],
    "botkit/failed_queue": ["unit/sources/test_replay"],
    "botkit/fakes/cron": ["unit/fakes/test_cron"],
    "botkit/fakes/files": ["unit/fakes/test_services"],
    "botkit/fakes/host": ["unit/test_testing"],
    "botkit/fakes/services": [
        "unit/fakes/test_services",
        "unit/test_testing",
        "unit/sources/test_event",
        "unit/sources/test_replay",
        "unit/steps/test_limit",
    ],
    "botkit/frameworks/adapter": [
        "unit/frameworks/test_adapter",
        "unit/frameworks/test_contract",
        "unit/test_on_aiogram",
        "unit/test_on_ptb",
        "unit/test_on_telebot",
        "integration/test_frameworks",
    ],
    "botkit/frameworks/event_loop": ["unit/frameworks/test_adapter", "unit/test_on_aiogram"],
    "botkit/http/arriving": ["unit/http/test_arriving"],
    "botkit/http/connection": ["unit/http/test_connection", "unit/http/test_arriving"],
    "botkit/http/event_stream": ["unit/http/test_event_stream", "unit/test_aws"],
    "botkit/http/exchange": [
        "unit/http/test_exchange",
        "unit/http/test_connection",
        "unit/http/test_arriving",
    ],
    "botkit/http/multipart": ["unit/http/test_multipart"],
    "botkit/http/tunnel": ["unit/http/test_connection"],
    "botkit/in_response": [
        "unit/test_calls",
        "unit/steps/test_session",
        "unit/sources/test_replay",
    ],
    "botkit/init_data": ["unit/test_init_data"],
    "botkit/later": ["unit/test_later"],
    "botkit/on_aiogram": [
        "unit/test_on_aiogram",
        "unit/frameworks/test_contract",
        "integration/test_frameworks",
    ],
    "botkit/on_ptb": [
        "unit/test_on_ptb",
        "unit/frameworks/test_contract",
        "integration/test_frameworks",
    ],
    "botkit/on_telebot": [
        "unit/test_on_telebot",
        "unit/frameworks/test_contract",
        "integration/test_frameworks",
    ],
    "botkit/outcome": [
        "unit/test_outcome",
        "unit/test_errors",
        "unit/sources/test_webhook",
        "unit/sources/test_page",
        "unit/sources/test_queue",
        "unit/sources/test_event",
        "unit/steps/test_limit",
        "integration/test_runtime",
    ],
    "botkit/packed": ["unit/steps/test_session", "unit/sources/test_replay"],
    "botkit/place": [
        "unit/test_place",
        "unit/steps/test_session",
        "unit/sources/test_queue",
        "unit/test_on_telebot",
        "unit/test_stream",
    ],
    "botkit/raised": [
        "unit/test_outcome",
        "unit/test_start_error",
        "unit/test_bot_module",
        "integration/test_runtime",
    ],
    "botkit/release/check": ["unit/release/test_check", "unit/test_bot_module"],
    "botkit/release/drain": ["unit/release/test_drain"],
    "botkit/release/registration": [
        "unit/release/test_registration",
        "unit/release/test_check",
        "unit/test_bot_module",
        "unit/release/test_watch",
    ],
    "botkit/release/watch": ["unit/release/test_watch", "integration/test_runtime"],
    "botkit/rich/markdown": ["unit/rich/test_markdown"],
    "botkit/session": [
        "unit/test_session",
        "unit/steps/test_session",
        "unit/test_conversation",
        "integration/test_sessions",
    ],
    "botkit/session_key": [
        "unit/steps/test_session",
        "unit/release/test_check",
        "unit/sources/test_queue",
    ],
    "botkit/settings": ["unit/test_settings"],
    "botkit/signature": ["unit/release/test_check"],
    "botkit/sources/__init__": [
        "unit/test_handler",
        "unit/sources/test_terraform",
        "unit/sources/test_queue",
        "unit/sources/test_webhook",
        "integration/test_hostile",
    ],
    "botkit/sources/event": [
        "unit/sources/test_event",
        "unit/sources/test_replay",
        "integration/test_runtime",
    ],
    "botkit/sources/page": [
        "unit/sources/test_page",
        "unit/steps/test_allow",
        "integration/test_hostile",
    ],
    "botkit/sources/queue": ["unit/sources/test_queue", "unit/test_turns", "unit/steps/test_limit"],
    "botkit/sources/replay": ["unit/sources/test_replay", "integration/test_together"],
    "botkit/sources/terraform": [
        "unit/sources/test_terraform",
        "unit/release/test_registration",
        "unit/release/test_check",
        "unit/sources/test_replay",
    ],
    "botkit/sources/webhook": [
        "unit/sources/test_webhook",
        "unit/test_current",
        "unit/steps/test_limit",
        "integration/test_hostile",
        "integration/test_runtime",
    ],
    "botkit/sqs": ["unit/sources/test_queue", "unit/sources/test_replay"],
    "botkit/start_error": [
        "unit/test_start_error",
        "unit/test_bot_module",
        "unit/release/test_check",
        "unit/test_outcome",
        "unit/test_settings",
        "unit/frameworks/test_contract",
    ],
    "botkit/steps/__init__": ["unit/sources/test_webhook"],
    "botkit/steps/again": ["unit/sources/test_event"],
    "botkit/steps/allow": ["unit/steps/test_allow"],
    "botkit/steps/answer": [
        "unit/sources/test_webhook",
        "unit/release/test_check",
        "unit/sources/test_replay",
    ],
    "botkit/steps/due": ["unit/sources/test_event"],
    "botkit/steps/enqueue": ["unit/sources/test_queue", "unit/test_turns"],
    "botkit/steps/give_back": ["unit/sources/test_event", "unit/sources/test_replay"],
    "botkit/steps/handled": ["unit/sources/test_replay"],
    "botkit/steps/keep": ["unit/sources/test_replay", "unit/test_turns"],
    "botkit/steps/limit": ["unit/steps/test_limit"],
    "botkit/steps/on_event": ["unit/sources/test_event", "unit/sources/test_replay"],
    "botkit/steps/on_failure": ["unit/steps/test_on_failure"],
    "botkit/steps/on_limit": ["unit/steps/test_limit", "unit/sources/test_replay"],
    "botkit/steps/once": [
        "unit/sources/test_webhook",
        "unit/test_current",
        "unit/test_turns",
        "unit/sources/test_queue",
        "unit/sources/test_replay",
    ],
    "botkit/steps/over": ["unit/sources/test_event"],
    "botkit/steps/session": [
        "unit/steps/test_session",
        "unit/test_turns",
        "unit/release/test_check",
        "unit/sources/test_replay",
        "integration/test_sessions",
    ],
    "botkit/steps/turns": ["unit/test_turns", "integration/test_together"],
    "botkit/store": [
        "unit/test_session",
        "unit/test_store",
        "unit/steps/test_session",
        "integration/test_sessions",
    ],
    "botkit/stored_token": ["unit/test_telegram_call", "unit/sources/test_page"],
    "botkit/stream": ["unit/test_stream", "integration/test_stream"],
    "botkit/telegram": [
        "unit/test_telegram",
        "unit/test_telegram_call",
        "unit/sources/test_page",
        "unit/test_calls",
        "unit/test_outcome",
        "unit/test_current",
    ],
    "botkit/testing": ["unit/test_testing"],
    "botkit/turns": ["unit/test_turns", "integration/test_together"],
    "botkit/types": ["unit/test_types"],
    "botkit/ways": [
        "unit/sources/test_webhook",
        "unit/sources/test_queue",
        "unit/test_turns",
        "unit/sources/test_replay",
        "unit/steps/test_limit",
    ],
    "handler": [
        "unit/test_handler",
        "unit/sources/test_replay",
        "unit/sources/test_queue",
        "unit/release/test_registration",
        "unit/test_bot_module",
        "integration/test_hostile",
        "integration/test_runtime",
        "integration/test_startup",
    ],
}

# Annotations are never evaluated. Elsewhere `|` joins dicts or patterns, as no other operator does.
NOT_RUN = "core/ReplaceBinaryOperator_BitOr_.*"

# Mutants that no test can tell from the original, and why. A mutant's name is the function that it
# is in, cosmic-ray's operator, and a number: which of the operator's mutants in that function.
# So an edit elsewhere leaves the name as it is.
SAME_TYPE = "types are equal if they are the same"
TWO_MODES = "variables.tf takes only these two"
UNREAD = "it isn't read before it is set"
TOO_LONG = "a test would have to wait as long"
LOWEST_STATUS = "there is no lower status"
CHECKED_ABOVE = "the line above raises at 400"
AT_ONCE = "join takes both for no time at all"
ANY_NUMBER = "any number will do"
EMPTY_IS_LAST = "the JSON of no other object sorts after it"
NO_COMMON_BIT = "the two have no bit in common"
ROOMY = "it has room for ids of more digits than Telegram's"
LAMBDAS_LIMIT = "no invocation has more"
SMALL_NUMBER = "small numbers are one"
NAMED = "callers name the arguments"
PASSED = "the library passes all arguments"
SAME_OBJECT = "they are equal if they are the same"
LONG_AGO = "any time long ago will do"
NO_BODY = "it is the limit of a proxy's answer, whose body isn't read"
EQUIVALENT = {
    "bot": {
        "is_secret_quiz ReplaceComparisonOperator_Eq_LtE 1": "the other type is regular",
        "on_message ReplaceComparisonOperator_Eq_LtE 1": "no message_id is below 0",
    },
    "botkit/frameworks/adapter": {
        "put ReplaceComparisonOperator_Eq_Is 1": "to write the same changes nothing",
    },
    "botkit/frameworks/event_loop": {"<module> NumberReplacer 1": ANY_NUMBER},
    "botkit/aws": {
        "_connection ReplaceComparisonOperator_Eq_LtE 1": "no other suffix sorts before it",
        "call ReplaceBinaryOperator_Mul_Div 1": NAMED,
        "call ReplaceComparisonOperator_NotEq_Gt 1": LOWEST_STATUS,
        "events ReplaceBinaryOperator_Mul_Div 1": NAMED,
    },
    "botkit/bot_module": {
        "__init__ ReplaceComparisonOperator_Is_Eq 1": SAME_OBJECT,
        "ask NumberReplacer 1": ANY_NUMBER,
        "ask NumberReplacer 2": ANY_NUMBER,
    },
    "botkit/conversation": {
        "_answer ReplaceComparisonOperator_Gt_IsNot 1": SMALL_NUMBER,
        "_answer ReplaceComparisonOperator_Gt_NotEq 1": "no answer is taken back",
        "ask ReplaceBinaryOperator_Mul_Div 1": NAMED,
        "ask_message ReplaceBinaryOperator_Mul_Div 1": NAMED,
        "ask_photo ReplaceBinaryOperator_Mul_Div 1": NAMED,
        "ask_press ReplaceBinaryOperator_Mul_Div 1": NAMED,
        "reply_with ReplaceBinaryOperator_Mul_Div 1": NAMED,
    },
    "botkit/http/event_stream": {
        "_headers ReplaceComparisonOperator_Eq_Is 1": SMALL_NUMBER,
        "messages NumberReplacer 2": "only the first 8 bytes are needed",
    },
    "botkit/init_data": {
        "verify ReplaceComparisonOperator_IsNot_NotEq 1": SAME_TYPE,
        "verify ReplaceComparisonOperator_Lt_IsNot 1": "never more; small numbers are one",
        "verify ReplaceComparisonOperator_Lt_NotEq 1": "there are never more fields than pairs",
    },
    "botkit/sources/page": {
        "status_and_json ReplaceComparisonOperator_Is_Eq 1": SAME_TYPE,
        "ask_bot ReplaceComparisonOperator_Eq_LtE 1": LOWEST_STATUS,
        "ask_bot ReplaceComparisonOperator_Eq_LtE 2": "no other name sorts before it",
        "ask_bot ReplaceComparisonOperator_Eq_LtE 3": "the other status is 503",
    },
    "botkit/turns": {
        "_parts NumberReplacer 1": LONG_AGO,
        "_parts NumberReplacer 2": LONG_AGO,
        "_parts NumberReplacer 3": "without bursts none goes on",
        "_parts NumberReplacer 4": "without bursts none goes on",
        "_parts NumberReplacer 5": LONG_AGO,
        "_parts NumberReplacer 6": LONG_AGO,
        "_is_part ReplaceComparisonOperator_Eq_LtE 2": "no offset is below 0",
        "turn ReplaceComparisonOperator_Eq_GtE 1": "there are never more",
        "turn ReplaceComparisonOperator_Eq_Is 1": SMALL_NUMBER,
    },
    "botkit/release/check": {
        "_check_bot NumberReplacer 1": ANY_NUMBER,
        "_check_bot NumberReplacer 2": ANY_NUMBER,
    },
    "botkit/release/registration": {
        "_await_name ReplaceComparisonOperator_Eq_GtE 1": "no scheme but http and https",
        "_remove_menu_button ReplaceComparisonOperator_Eq_GtE 1": "no type sorts after web_app",
        "remove ReplaceComparisonOperator_Eq_LtE 2": "the other name sorts after it",
    },
    "botkit/packed": {
        "_without_files ReplaceFalseWithTrue 1": "reading base64 skips a newline",
    },
    "botkit/release/watch": {
        "watch NumberReplacer 3": LONG_AGO,
        "watch NumberReplacer 4": LONG_AGO,
        "watch ReplaceComparisonOperator_Gt_NotEq 1": "no count is below 0",
    },
    "botkit/http/arriving": {
        "post ReplaceComparisonOperator_NotEq_Gt 1": "an interim response has no body",
        "chunks NumberReplacer 7": "the limit has room for more than a byte",
        "chunks NumberReplacer 8": "the limit has room for more than a byte",
        "chunks NumberReplacer 10": "a line feed before a number is skipped",
    },
    "botkit/http/connection": {
        "<module> NumberReplacer 1": TOO_LONG,
        "<module> NumberReplacer 2": TOO_LONG,
        "__init__ NumberReplacer 11": UNREAD,
        "__init__ NumberReplacer 12": UNREAD,
        "__init__ ReplaceComparisonOperator_Eq_GtE 1": "environment.tf takes only http and https",
        "_take ReplaceBinaryOperator_Sub_Mod 1": "now is less than twice an earlier time",
        "_is_quiet NumberReplacer 1": "how much is asked for doesn't matter",
        "run NumberReplacer 1": "any but 0 is on",
        "wait NumberReplacer 2": AT_ONCE,
    },
    "botkit/http/exchange": {
        "__init__ NumberReplacer 1": NO_BODY,
        "__init__ NumberReplacer 2": NO_BODY,
        "readinto ReplaceBinaryOperator_Add_BitOr 1": NO_COMMON_BIT,
        "readinto ReplaceBinaryOperator_Add_BitXor 1": NO_COMMON_BIT,
    },
    "botkit/http/multipart": {
        "encode NumberReplacer 1": "as unlikely in a file",
        "encode NumberReplacer 2": "as unlikely in a file",
    },
    "botkit/later": {
        "_check_cron ReplaceComparisonOperator_Eq_Is 1": "there is one True and one False",
        "_check_cron ReplaceComparisonOperator_NotEq_IsNot 1": SMALL_NUMBER,
        "_check_cron ReplaceTrueWithFalse 1": "the lengths are compared above",
    },
    "botkit/on_aiogram": {
        "_take_over ReplaceComparisonOperator_Is_Eq 1": SAME_TYPE,
        "make_request NumberReplacer 1": "a 201 is a success, too",
        "stream_content NumberReplacer 1": PASSED,
        "stream_content NumberReplacer 2": PASSED,
        "stream_content NumberReplacer 3": PASSED,
        "stream_content NumberReplacer 4": PASSED,
        "stream_content ReplaceTrueWithFalse 1": PASSED,
    },
    "botkit/on_ptb": {
        "__init__ ReplaceFalseWithTrue 4": "there is no cache of them",
        "_ended ReplaceComparisonOperator_Eq_Is 1": SMALL_NUMBER,
        "_check ReplaceComparisonOperator_IsNot_NotEq 1": SAME_OBJECT,
        "_check ReplaceComparisonOperator_IsNot_NotEq 2": SAME_OBJECT,
        "_check ReplaceComparisonOperator_IsNot_NotEq 3": SAME_TYPE,
        "do_request NumberReplacer 3": "a 201 is a success, too",
        "do_request NumberReplacer 9": "a 201 is a success, too",
        "do_request NumberReplacer 11": "a 201 is a success, too",
        "do_request ReplaceComparisonOperator_Eq_LtE 2": "the other method is POST",
        "do_request ReplaceTrueWithFalse 1": "the library goes by the status",
    },
    "botkit/on_telebot": {
        "_get_key ReplaceComparisonOperator_Eq_GtE 1": "another place is refused anyway",
        "_get_key ReplaceComparisonOperator_Eq_LtE 1": "another place is refused anyway",
        "_refuse_others ReplaceComparisonOperator_Eq_LtE 1": "the other name sorts after it",
        "_refuse_others ReplaceFalseWithTrue 2": "its chat isn't the update's",
        "check ReplaceComparisonOperator_Is_Eq 1": SAME_OBJECT,
        "filter ReplaceComparisonOperator_NotEq_IsNot 1": "a module's path is that of its code",
        "filter ReplaceComparisonOperator_NotEq_IsNot 2": SMALL_NUMBER,
        "filter ReplaceComparisonOperator_NotEq_Lt 2": "telebot logs nothing of a higher level",
        "_send ReplaceBinaryOperator_Mul_Div 1": NAMED,
        "register_handler ReplaceComparisonOperator_IsNot_NotEq 1": SAME_OBJECT,
        "use_ours ReplaceComparisonOperator_IsNot_NotEq 1": SAME_OBJECT,
    },
    "botkit/rich/markdown": {
        "_fence NumberReplacer 1": "all of its characters are the same",
        "_fence NumberReplacer 2": "all of its characters are the same",
        "_fenced ReplaceComparisonOperator_Gt_NotEq 1": "no fence is shorter",
        "messages NumberReplacer 1": UNREAD,
        "messages NumberReplacer 2": UNREAD,
        "__init__ NumberReplacer 4": "a line before the first one is blank",
        "__init__ NumberReplacer 7": UNREAD,
        "__init__ NumberReplacer 8": UNREAD,
        "__init__ NumberReplacer 10": "no line is before the first one",
        "_units ReplaceBinaryOperator_FloorDiv_Div 1": "the bytes are even in number",
        "inline ReplaceBinaryOperator_Mul_Div 1": NAMED,
        "messages ReplaceBinaryOperator_Mul_Div 1": NAMED,
        "_add NumberReplacer 5": ANY_NUMBER,
        "_add NumberReplacer 6": ANY_NUMBER,
        "_add ReplaceBinaryOperator_Add_BitOr 7": NO_COMMON_BIT,
        "_add ReplaceBinaryOperator_Add_BitXor 7": NO_COMMON_BIT,
        "_add ReplaceComparisonOperator_NotEq_IsNot 1": SMALL_NUMBER,
        "inline ReplaceBinaryOperator_Add_LShift 1": "a mark has three characters at most",
        "blocks ReplaceComparisonOperator_Lt_LtE 1": "a blank line after the last one ends nothing",
        "blocks ReplaceComparisonOperator_Lt_NotEq 1": "it never goes beyond the end",
    },
    "botkit/stream": {
        "answer ReplaceTrueWithFalse 1": "without pieces there is no text",
        "_split ReplaceBinaryOperator_Div_FloorDiv 1": "places are whole numbers",
        "_split ReplaceComparisonOperator_Lt_NotEq 1": "a part is never longer",
        "_try ReplaceComparisonOperator_Eq_LtE 2": "there is no lower code",
        "_try ReplaceComparisonOperator_Eq_LtE 3": "no other method sorts before it",
        "count NumberReplacer 1": ANY_NUMBER,
        "count NumberReplacer 3": ANY_NUMBER,
        "count ReplaceBinaryOperator_Add_Sub 1": ANY_NUMBER,
        "is_stopped NumberReplacer 2": ANY_NUMBER,
        "is_stopped ReplaceComparisonOperator_NotEq_IsNot 1": SMALL_NUMBER,
        "is_stopped ReplaceComparisonOperator_NotEq_Lt 1": "the count only grows",
        "show NumberReplacer 4": "all of them change at once",
        "show NumberReplacer 2": "the clock never goes back",
        "show ReplaceComparisonOperator_Eq_Is 1": "_try_each compares them, too",
    },
    "botkit/store": {
        "<module> NumberReplacer 5": ROOMY,
        "<module> NumberReplacer 6": ROOMY,
        "id_of ReplaceComparisonOperator_Eq_GtE 1": "half a pair comes back as ?, before it",
        "_newest ReplaceComparisonOperator_Eq_GtE 2": "there is no higher state",
        "_newest ReplaceComparisonOperator_Eq_Is 1": "the newest is one of them",
        "_newest ReplaceComparisonOperator_Eq_Is 2": SMALL_NUMBER,
        "_newest ReplaceComparisonOperator_NotEq_IsNot 1": SMALL_NUMBER,
        "_write ReplaceBinaryOperator_Add_BitOr 1": NO_COMMON_BIT,
        "_write ReplaceBinaryOperator_Add_BitXor 1": NO_COMMON_BIT,
        "_write NumberReplacer 5": "no call takes a byte",
        "_write NumberReplacer 6": "no call takes less than nothing",
        "calls ReplaceComparisonOperator_Eq_Is 1": SMALL_NUMBER,
        "keep ReplaceComparisonOperator_Eq_GtE 2": EMPTY_IS_LAST,
        "note ReplaceComparisonOperator_Eq_GtE 1": EMPTY_IS_LAST,
    },
    "botkit/stored_token": {
        "<module> NumberReplacer 3": UNREAD,
        "<module> NumberReplacer 4": UNREAD,
    },
    "botkit/telegram": {
        "_integers ReplaceComparisonOperator_Is_Eq 1": SAME_TYPE,
        "call ReplaceComparisonOperator_Eq_LtE 1": "there is no lower code",
        "download NumberReplacer 12": CHECKED_ABOVE,
        "download ReplaceComparisonOperator_Eq_LtE 1": LOWEST_STATUS,
        "download ReplaceComparisonOperator_Lt_LtE 1": CHECKED_ABOVE,
        "post ReplaceComparisonOperator_Is_Eq 2": SAME_TYPE,
    },
    "botkit/fakes/host": {
        "<module> NumberReplacer 1": ANY_NUMBER,
        "<module> NumberReplacer 2": ANY_NUMBER,
    },
    "botkit/calls": {
        "checked ReplaceComparisonOperator_IsNot_NotEq 1": SAME_TYPE,
    },
    "botkit/current": {
        "excuses ReplaceComparisonOperator_Eq_LtE 1": "no other answer to a query sorts before it",
    },
    "botkit/deadline": {
        "<module> NumberReplacer 9": LAMBDAS_LIMIT,
        "<module> NumberReplacer 13": LAMBDAS_LIMIT,
        "<module> NumberReplacer 14": LAMBDAS_LIMIT,
        "<module> NumberReplacer 17": LAMBDAS_LIMIT,
        "<module> NumberReplacer 18": LAMBDAS_LIMIT,
    },
    "botkit/in_response": {
        "put_last ReplaceComparisonOperator_Eq_Is 1": SMALL_NUMBER,
    },
    "botkit/sources/queue": {
        "receive ReplaceComparisonOperator_Gt_NotEq 1": "it has been received at least once",
        "settle ReplaceComparisonOperator_Eq_LtE 1": LOWEST_STATUS,
    },
    "botkit/sources/replay": {
        "_parsed ReplaceComparisonOperator_IsNot_NotEq 1": SAME_TYPE,
        "_receive NumberReplacer 6": "there is one at most",
        "run ReplaceBinaryOperator_Div_FloorDiv 1": "any third will do",
        "run ReplaceComparisonOperator_Gt_NotEq 1": "there are never fewer",
    },
    "botkit/sources/webhook": {
        "parse ReplaceComparisonOperator_IsNot_NotEq 1": SAME_TYPE,
        "settle ReplaceComparisonOperator_Eq_LtE 1": LOWEST_STATUS,
    },
    "botkit/steps/keep": {
        "step ReplaceComparisonOperator_NotEq_Lt 1": "the other name sorts before it",
    },
    "botkit/steps/on_limit": {
        "step ReplaceComparisonOperator_NotEq_Gt 1": "the other name sorts after it",
    },
    "botkit/steps/due": {
        "take ReplaceComparisonOperator_Eq_GtE 1": "no invocation's id sorts after it",
    },
    "botkit/steps/session": {
        "finish ReplaceComparisonOperator_Eq_Is 1": SMALL_NUMBER,
        "finish ReplaceComparisonOperator_Eq_Is 2": SMALL_NUMBER,
    },
    "handler": {
        "start_up ReplaceComparisonOperator_Eq_LtE 1": TWO_MODES,
    },
}


def run(folder: Path, *command: str, stdout: int = subprocess.PIPE) -> str:
    """Run a program that is installed next to this Python, and return its output."""
    program = [str(Path(sys.executable).parent / command[0]), *command[1:]]
    return subprocess.run(program, cwd=folder, check=True, stdout=stdout, text=True).stdout


def mutate(module: str) -> list[dict[str, Any]] | None:
    """Test all mutants of a module, and return the result of each.

    Returns None if its tests fail without a mutant.
    """
    tests = [f"tests/{name}.py" for name in [*TESTS[module], "integration/test_startup"]]
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary, "project")
        for name in ("docs", "lambda", "scripts", "tests", "tools"):
            shutil.copytree(ROOT / name, folder / name)
        for file in (ROOT / "conftest.py", ROOT / "pyproject.toml", *ROOT.glob("*.tf")):
            shutil.copy(file, folder)
        (folder / "config.toml").write_text(
            "[cosmic-ray]\n"
            f'module-path = "{path(module).relative_to(ROOT)}"\n'
            f"timeout = {SECONDS}.0\n"
            "excluded-modules = []\n"
            f"test-command = {json.dumps(shlex.join([*PYTEST, *tests]))}\n"
            '[cosmic-ray.distributor]\nname = "local"\n'
            f'[cosmic-ray.filters.operators-filter]\nexclude-operators = ["{NOT_RUN}"]\n'
        )
        run(folder, "cosmic-ray", "init", "config.toml", "session.sqlite")
        run(folder, "cr-filter-operators", "session.sqlite", "config.toml")
        print(f"{module}.py …", flush=True)
        forks = ("-p", "tools.maintenance.forks")
        try:
            run(folder, "cosmic-ray", "baseline", "config.toml")
            run(folder, *PYTEST, *forks, *tests, stdout=subprocess.DEVNULL)
        except subprocess.CalledProcessError:
            return None
        # A survivor in a fork is tried again in a separate process.
        run(folder, "cosmic-ray", "exec", "config.toml", "session.sqlite")
        dump = run(folder, "cosmic-ray", "dump", "session.sqlite")
    mutants = named([json.loads(line) for line in dump.splitlines()])
    return [mutant for mutant in mutants if mutant.get("diff")]  # else skipped, or not to be made


def named(dump: list[Any]) -> list[dict[str, Any]]:
    """Return the results of a dump of cosmic-ray's, each with the mutant's `name`.

    The dump holds pairs of a mutant and its result, which is None where it wasn't run.
    """
    found = [(item["mutations"][0], result or {}) for item, result in dump]
    counts: Counter[str] = Counter()
    results = []
    for mutant, result in sorted(found, key=lambda pair: int(pair[0]["occurrence"])):
        where = mutant["definition_name"] or "<module>"
        name = f"{where} {mutant['operator_name'].removeprefix('core/')}"
        counts[name] += 1
        results.append({**result, "name": f"{name} {counts[name]}"})
    return results


def lines(result: dict[str, Any]) -> list[str]:
    """Return the changed lines of a mutant's diff."""
    changed = [line for line in result["diff"].splitlines() if line[:1] in "-+"]
    return [line for line in changed if not line.startswith(("---", "+++"))]


def path(module: str) -> Path:
    return LAMBDA / f"{module}.py"


def size(module: str) -> int:
    return path(module).stat().st_size


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="scripts/mutants",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "modules", nargs="*", metavar="MODULE", help="bot, botkit/aws … (default: all)"
    )
    modules = parser.parse_args().modules or sorted(TESTS, key=size, reverse=True)
    for module in modules:
        if module not in TESTS:
            parser.error(f"there is no module {module}: name some of {', '.join(TESTS)}")
    total: Counter[str] = Counter()
    with ThreadPoolExecutor(WORKERS) as pool:
        for module, results in zip(modules, pool.map(mutate, modules), strict=True):
            if results is None:
                print(f"\n{module}.py: its tests fail without a mutant", flush=True)
                total["not tried"] += 1
                continue
            counts: Counter[str] = Counter()
            equivalents = dict(EQUIVALENT.get(module, {}))
            for result in results:
                outcome = result["test_outcome"]
                if outcome not in ("killed", "survived") or not result["output"].strip():
                    sys.exit("\n".join([f"{module}.py: its tests did not run", *lines(result)]))
                survived = outcome == "survived"
                equivalent = survived and equivalents.pop(result["name"], None)
                counts["equivalent" if equivalent else "survived" if survived else "killed"] += 1
                if survived and not equivalent:
                    print(f"\n{module}.py: {result['name']} survived", *lines(result), sep="\n")
            for name in equivalents:
                print(f"\n{module}.py: {name} is listed as equivalent, and did not survive")
                counts["wrongly listed"] += 1
            print(f"\n{module}.py: {dict(counts)}", flush=True)
            total += counts
    tried = total["killed"] + total["survived"]
    if tried:
        print(f"\n{total['killed']} of {tried} mutants killed ({total['killed'] / tried:.1%})")
        print(f"{total['equivalent']} more are equivalent")
    return int(total["survived"] + total["wrongly listed"] + total["not tried"] > 0)


if __name__ == "__main__":
    sys.exit(main())
