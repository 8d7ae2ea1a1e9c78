"""Reads the words in a queue, and counts how often it tried; it cannot read a hard one until it is mended."""

import json
import os
import time

import boto3


def lambda_handler(event, context):
    table = boto3.resource("dynamodb").Table(os.environ["TABLE_NAME"])
    failed = []
    for record in event["Records"]:
        said = json.loads(record["body"])["detail"]
        table.update_item(
            Key={"pk": "tried", "sk": said["word"]},
            UpdateExpression="ADD times :one",
            ExpressionAttributeValues={":one": 1},
        )
        match said.get("how"):
            case "hard":
                if "Item" not in table.get_item(Key={"pk": "mended", "sk": said["word"]}):
                    failed.append({"itemIdentifier": record["messageId"]})
            case "too loud":
                raise ValueError("too loud")
            case "slowly":
                time.sleep(0.3)
    return {"batchItemFailures": failed}
