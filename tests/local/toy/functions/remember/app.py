"""Writes an event of the bus down."""

import os

import boto3


def lambda_handler(event, context):
    detail = event["detail"]
    item = {"pk": detail["name"], "sk": detail["status"], "error": detail["error"] or ""}
    boto3.resource("dynamodb").Table(os.environ["TABLE_NAME"]).put_item(Item=item)
