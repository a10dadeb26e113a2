"""The actions of the module's tests on a deployment and its Telegram."""

import functools
import json
import re
import shutil

import botocore.config
import botocore.session
from acceptance import cleanup
from botocore.credentials import Credentials
from telegram_bot_aws.local.terraform import LOCK, REGION, Module

from tests.support.stubs import BOT

ROOT_USER = Credentials("test", "test")


class Deployment(Module):
    """A copy of the module with the tests' bot, whose commands share provider processes.

    A `configuration`, which calls the module, becomes the root, in the folder above it.
    """

    def __init__(self, providers, aws_url, folder, *, configuration="", user=None, **options):
        super().__init__(aws_url, folder, **options)
        shutil.copy(BOT, self.folder / "lambda")
        # The module's own names Terraform's registry. OpenTofu's init replaces that by its own.
        shutil.copy(providers.lock_file, self.folder)
        if user:
            self.become(user)
        self._providers = providers
        self.said = []  # all that Terraform wrote
        self.expected_warnings = set()
        if configuration:
            self.root = folder.parent
            (self.root / "main.tf").write_text(configuration)
            # Terraform reads only the root's.
            shutil.move(folder / LOCK, self.root)
            self.init()

    def terraform(self, *arguments, check=True, input=None):
        """Run Terraform, and fail if it warns, such as of a deprecated argument."""
        reattach = self._providers.reattach(self.root, self.environment)
        self.environment["TF_REATTACH_PROVIDERS"] = reattach
        result = super().terraform(*arguments, check=check, input=input)
        self.said.append(result.stdout + result.stderr)
        # A plan's own notes begin with "# Warning".
        warnings = set(re.findall(r'(?<!# )Warning: (?:\x1b\S*m)*([^"\n\x1b]*)', self.said[-1]))
        warnings.discard("Check block assertion known after apply")  # that of the new version
        assert warnings <= self.expected_warnings, self.said[-1]
        return result

    def become(self, user):
        """Run Terraform as this AWS user from now on."""
        self.environment["AWS_ACCESS_KEY_ID"] = user.access_key
        self.environment["AWS_SECRET_ACCESS_KEY"] = user.secret_key

    def refused(self, *arguments):
        """Apply, which must fail, and return Terraform's errors without frames and line breaks."""
        result = self.apply(*arguments, check=False)
        assert result.returncode == 1, result.stdout
        return " ".join(result.stderr.replace("│", "").split())

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        """Destroy what is applied, as the state has it: reading all of it again takes as long."""
        if self.has_state():
            self.destroy("-refresh=false")


def change(module, old, new, *, file="bot.py"):
    """Change a line of a deployment's own copy of the function."""
    path = module.folder / "lambda" / file
    source = path.read_text()
    assert old in source
    path.write_text(source.replace(old, new))


# Has the tests' bot answer an edited message as a new one.
EDITED = """    if "edited_message" in update:
        update = {"message": update["edited_message"]}
"""


def release_edits(module):
    """Have the bot notice messages, and edited ones too."""
    change(module, "Heard: ", "Noted: ")
    change(module, '    if "message" not in', EDITED + '    if "message" not in')
    change(module, '"callback_query": reply}', '"callback_query": reply, "edited_message": reply}')


@functools.cache
def session():
    """Return a session, which caches each service's description for later clients."""
    return botocore.session.get_session()


@functools.cache
def client(aws, service, user=ROOT_USER):
    """Return a botocore client of the emulated AWS, the same each time."""
    return session().create_client(
        service,
        region_name=REGION,
        endpoint_url=aws.url,
        aws_access_key_id=user.access_key,
        aws_secret_access_key=user.secret_key,
        config=botocore.config.Config(retries={"max_attempts": 0}),
    )


def create_user(aws, name, statements):
    """Create an IAM user with a policy of these statements, and return its keys."""
    policy = json.dumps({"Version": "2012-10-17", "Statement": statements})
    iam = client(aws, "iam")
    iam.create_user(UserName=name)
    if statements:
        iam.put_user_policy(UserName=name, PolicyName="policy", PolicyDocument=policy)
    key = iam.create_access_key(UserName=name)["AccessKey"]
    return Credentials(key["AccessKeyId"], key["SecretAccessKey"])


def everything(aws):
    """Return the names of all resources in the emulated AWS, of the kinds that the module makes."""
    return [f"{each}" for each in cleanup.everything(functools.partial(client, aws))]


def logged(aws, name):
    """Return all that a function logged: the emulated AWS keeps texts without their fields."""
    found = client(aws, "logs").filter_log_events(logGroupName=f"/aws/lambda/{name}")
    return "\n".join(event["message"] for event in found["events"])


def texts(telegram):
    """Return the texts of the bot's messages that Telegram accepted, in order."""
    sent = [call for call in telegram.calls if call.method == "sendMessage" and call.status == 200]
    return [call.params["text"] for call in sent]


def answer_to(telegram, text):
    """Write a text to the bot, and return what it answers."""
    before = len(texts(telegram))
    telegram.send(telegram.message(text))
    telegram.wait(lambda: len(texts(telegram)) > before and not telegram.pending())
    return texts(telegram)[-1]
