"""Verifies deliveries with the library of PyPI: JSON on standard input, headers, body and secrets of each."""

import json
import sys

from standardwebhooks.webhooks import Webhook, WebhookVerificationError

verified = 0
for delivery in json.load(sys.stdin):
    for secret in delivery["secrets"]:
        body, headers = delivery["body"], delivery["headers"]
        assert Webhook(secret).verify(body, headers) == json.loads(body)
        try:
            Webhook(secret).verify(body + " ", headers)
        except WebhookVerificationError:
            verified += 1
print("verified", verified)
