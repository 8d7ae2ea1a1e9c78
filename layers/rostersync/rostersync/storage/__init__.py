"""Where things are kept: one DynamoDB table, the staging bucket, the secrets. Clients are passed in."""
