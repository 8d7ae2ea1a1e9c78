"""A bus, a queue and the function that consumes it, whole."""

import json
import threading
from pathlib import Path

import pytest

from local.errors import LocalEngineError, UnsupportedTemplateError
from local.event_rules import queue_rules
from local.template import load_template

TOY = Path(__file__).with_name("toy") / "template.yaml"


def say(engine, *words, how="", kind="Word Said", bus=None):
    """Put an event on the bus for each word."""
    entries = [
        {
            "EventBusName": bus or engine.event_bus,
            "Source": "toy",
            "DetailType": kind,
            "Detail": json.dumps({"word": word, "how": how}),
        }
        for word in words
    ]
    assert engine.client("events").put_events(Entries=entries)["FailedEntryCount"] == 0


def tried(engine, word):
    """How often the function got a word."""
    key = {"pk": {"S": "tried"}, "sk": {"S": word}}
    item = engine.client("dynamodb").get_item(TableName=engine.table_name, Key=key).get("Item")
    return int(item["times"]["N"]) if item else 0


def mend(engine, word):
    item = {"pk": {"S": "mended"}, "sk": {"S": word}}
    engine.client("dynamodb").put_item(TableName=engine.table_name, Item=item)


def dead_letters(engine):
    """The words in the dead-letter queue, which stay there."""
    found = engine.client("sqs").receive_message(
        QueueUrl=engine.queue_url("WordsDeadLetters"), MaxNumberOfMessages=10, VisibilityTimeout=0
    )
    return {json.loads(message["Body"])["detail"]["word"] for message in found.get("Messages", [])}


def test_an_event_on_the_bus_reaches_the_function_behind_the_queue(engine):
    say(engine, "hello")
    engine.wait_for_queues()
    assert tried(engine, "hello") == 1


def test_an_event_that_no_pattern_matches_does_not_arrive(engine):
    say(engine, "of another kind", kind="Word Written")
    say(engine, "on another bus", bus="default")
    say(engine, "sung", kind="Word Sung")
    engine.wait_for_queues()
    assert [tried(engine, word) for word in ("of another kind", "on another bus", "sung")] == [0, 0, 1]


def test_only_what_failed_comes_again_and_ends_as_a_dead_letter(engine):
    say(engine, "slow", how="slowly")  # while it is read, the others come together
    say(engine, "easy", "plain")
    say(engine, "hard", how="hard")
    engine.wait_for_queues()
    assert [tried(engine, word) for word in ("slow", "easy", "plain", "hard")] == [1, 1, 1, 3]
    assert dead_letters(engine) == {"hard"}
    mend(engine, "hard")
    assert engine.redrive("WordsDeadLetters", "Words") == 1
    engine.wait_for_queues()
    assert tried(engine, "hard") == 4
    assert dead_letters(engine) == set()
    assert engine.redrive("WordsDeadLetters", "Words") == 0


def test_everything_comes_again_when_the_function_raises(engine):
    say(engine, "loud", how="too loud")
    engine.wait_for_queues()
    assert tried(engine, "loud") == 3
    assert engine.redrive("WordsDeadLetters", "Words") == 1
    engine.wait_for_queues()
    assert tried(engine, "loud") == 6
    assert engine.redrive("WordsDeadLetters", "WordsDeadLetters") == 1, "nothing is moved twice"
    engine.client("sqs").purge_queue(QueueUrl=engine.queue_url("WordsDeadLetters"))


def test_waiting_lasts_until_the_function_is_through(engine):
    say(engine, "slow 1", "slow 2", how="slowly")
    with pytest.raises(LocalEngineError, match=r"not done after 0\.01 seconds: \d in local-Words"):
        engine.wait_for_queues(timeout=0.01)
    engine.wait_for_queues()
    assert (tried(engine, "slow 1"), tried(engine, "slow 2")) == (1, 1)


def test_messages_arrive_while_a_state_machine_runs(engine):
    forever = {"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 10**8, "End": True}}}
    stepfunctions = engine.client("stepfunctions")
    waiting = stepfunctions.create_state_machine(
        name="waiting", definition=json.dumps(forever), roleArn="arn:aws:iam::123456789012:role/once"
    )
    arn = stepfunctions.start_execution(stateMachineArn=waiting["stateMachineArn"])["executionArn"]
    say(engine, "meanwhile")
    engine.wait_for_queues()
    assert not engine.has_ended(arn)
    assert tried(engine, "meanwhile") == 1


def test_many_senders_lose_nothing(engine):
    words = [[f"{sender}-{n}" for n in range(10)] for sender in range(4)]
    threads = [threading.Thread(target=say, args=(engine, *some)) for some in words]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    engine.wait_for_queues()
    assert {tried(engine, word) for some in words for word in some} == {1}


def test_an_event_comes_out_of_the_queue_as_eventbridge_sends_it(engine):
    events, sqs = engine.client("events"), engine.client("sqs")
    word = 'a "word" with <source> and <detail>\n'
    say(engine, word, how="too loud")
    engine.wait_for_queues()
    body = sqs.receive_message(QueueUrl=engine.queue_url("WordsDeadLetters"))["Messages"][0]["Body"]
    event = json.loads(body)
    assert event.pop("id")
    assert event.pop("time")[-1] == "Z"
    assert event == {
        "version": "0",
        "source": "toy",
        "detail-type": "Word Said",
        "account": "123456789012",
        "region": "eu-west-1",
        "resources": [],
        "detail": {"word": word, "how": "too loud"},
    }
    assert events.list_rules(EventBusName=engine.event_bus)["Rules"][0]["Name"] == "local-WordsRule"


def test_queues_that_the_template_does_not_have_are_refused(engine):
    with pytest.raises(LocalEngineError, match="no queue Nobody"):
        engine.queue_url("Nobody")
    with pytest.raises(LocalEngineError, match="no queue Nobody"):
        engine.redrive("Nobody", "Words")


BUS_AND_QUEUE = """
Transform: AWS::Serverless-2016-10-31
Resources:
  Bus: { Type: AWS::Events::EventBus, Properties: { Name: bus } }
  Queue: { Type: AWS::SQS::Queue }
"""


@pytest.mark.parametrize(
    "rule",
    [
        "EventBusName: !Ref Bus, ScheduleExpression: rate(1 hour), Targets: [{ Arn: !GetAtt Queue.Arn }]",
        "EventPattern: { source: [a] }, Targets: [{ Arn: !GetAtt Queue.Arn }]",
        "EventBusName: other, EventPattern: { source: [a] }, Targets: [{ Arn: !GetAtt Queue.Arn }]",
        "EventBusName: !Ref Bus, EventPattern: { source: [a] }, Targets: [{ Arn: !GetAtt Bus.Arn }]",
        "EventBusName: !Ref Bus, EventPattern: { source: [a] }, "
        "Targets: [{ Arn: !GetAtt Queue.Arn, InputPath: $.detail }]",
    ],
    ids=["schedule", "queue on the default bus", "bus of nobody", "bus to bus", "part of the event"],
)
def test_a_rule_of_another_kind_is_refused(tmp_path, rule):
    path = tmp_path / "template.yaml"
    path.write_text(f"{BUS_AND_QUEUE}  Rule: {{ Type: AWS::Events::Rule, Properties: {{ {rule} }} }}\n")
    with pytest.raises(UnsupportedTemplateError, match="Rule: the local engine does rules"):
        queue_rules(load_template(path))
