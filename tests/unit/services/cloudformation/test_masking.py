"""What NoEcho parameters hide is hidden, and nothing else is changed."""

import json

from bambe.services.cloudformation.masking import masked, without


def test_only_values_are_hidden() -> None:
    change = {"LogicalResourceId": "shop", "Details": [{"Target": {"Name": "n", "BeforeValue": "a\nshop"}}]}
    shown = {"LogicalResourceId": "shop", "Details": [{"Target": {"Name": "n", "BeforeValue": "a\n****"}}]}
    assert without(change, ["shop", "Details"]) == shown


def test_texts_stay_json_whatever_the_secret_is() -> None:
    text = json.dumps({"n": "line\nn", "inner": json.dumps({"n": "n"}), "port": 8080})
    shown = json.loads(masked(text, ["n", "8080"]))
    assert set(shown) == {"n", "inner", "port"}
    assert (json.loads(shown["inner"]), shown["port"]) == ({"n": "****"}, "****")
    assert "\n" in shown["n"]


def test_the_longer_of_two_secrets_is_hidden_whole() -> None:
    assert masked('{"a": "pass123"}', ["pass", "pass123"]) == '{"a": "****"}'
