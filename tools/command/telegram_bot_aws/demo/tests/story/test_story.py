"""One story, with the same answers in demo --direct and in demo."""

from pathlib import Path

import pytest
from telegram_stand_in import Server, Stage

from telegram_bot_aws.demo.aws_deployment import AwsDeployment
from telegram_bot_aws.demo.deployments import TOKEN
from telegram_bot_aws.demo.local_deployment import LocalDeployment
from tests.support.programs import MAX_SECONDS

HERE = Path(__file__).parent
DAY = 86_400
PEOPLE = {"Ada": 1001, "Bob": 1002, "Cleo": 1003, "Eve": 1004}
ANSWERS = {
    "Ada": ["1", "S or M?", "M. Thank you!", "Tomorrow!"],
    "Bob": ["1", "2"],
    "Cleo": ["1", "2"],
    "Eve": [],
}
AT_THEIR_TIME = ["Tea", "Happy new year"]  # on an emulated AWS, that takes as long as on AWS


@pytest.mark.slow
@pytest.mark.usefixtures("quick_terraform")
@pytest.mark.parametrize("is_direct", [True, False], ids=["direct", "aws"])
def test_both_ways_give_the_same_answers(is_direct):
    stage = Stage(token=TOKEN)
    stage.patience = MAX_SECONDS
    # Noon of a day, by which the bot counts: no new day begins meanwhile.
    stage.advance(DAY * 1.5 - stage.telegram.now() % DAY)
    people = {name: stage.user(name, id=id_) for name, id_ in PEOPLE.items()}
    heard = {name: [] for name in PEOPLE}

    def hear(name):
        heard[name].append(people[name].receive().text)

    def send(name, *contents):
        people[name].send(*contents)
        hear(name)

    about = (stage.telegram, HERE / "bot")
    deployment = AwsDeployment(*about, {}, HERE)
    if is_direct:
        allowed = ",".join(f"{id_}" for name, id_ in PEOPLE.items() if name != "Eve")
        deployment = LocalDeployment(*about, {"ALLOWED_IDS": allowed})
    with Server(stage.telegram), deployment:
        people["Eve"].send("Hi")
        for text in ("Hi", "/order", "M", "Hi"):
            send("Ada", text)
        people["Ada"].send("Hi")  # she was told
        send("Bob", {"photo": [{"file_id": "x"}]})
        send("Bob", "Hi")
        for text in ("later", "every"):
            send("Cleo", text)
        stage.telegram.wait(lambda: not stage.telegram.pending())
        assert heard == ANSWERS
        if is_direct:
            deployment.advance(365 * DAY)
            assert [people["Cleo"].receive().text for _ in AT_THEIR_TIME] == AT_THEIR_TIME
        assert [name for name in people if people[name].unread()] == []
