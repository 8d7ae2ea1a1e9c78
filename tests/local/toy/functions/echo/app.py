"""Gives back what it got."""


def lambda_handler(event, context):
    return event
