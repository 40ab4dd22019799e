"""An alarm that bambe.yml asks for stops a bad release and takes it back."""

from __future__ import annotations

from datetime import timedelta

from bambe.kernel.clock import SystemClock
from tests.e2e.platform import Bambe, wait_for
from tests.e2e.test_release import deployment_of, green_answers

CLOCK = SystemClock()
RELEASE = '    release: {interval: 10m, analysis: "off", alarms: [{metric: errors, above: 0}]}\n'


def states(bambe: Bambe) -> dict[str, str]:
    """The alarms of the shop's orders by colour."""
    found = bambe.json("cloudwatch", "describe-alarms", "--alarm-name-prefix", "shop-orders-errors-")
    return {one["AlarmName"].rsplit("-", 1)[-1]: one["StateValue"] for one in found["MetricAlarms"]}


def counted(bambe: Bambe, metric: str) -> float:
    """All that CloudWatch has counted at the shop's load balancer."""
    cloudwatch = bambe.place.client("cloudwatch")
    wish = {"Namespace": "AWS/ApplicationELB", "MetricName": metric}
    metrics = cloudwatch.list_metrics(**wish)["Metrics"]
    whole = [one for one in metrics if [d["Name"] for d in one["Dimensions"]] == ["LoadBalancer"]]
    if not whole:
        return 0.0
    now = CLOCK.now()
    span = {"StartTime": now - timedelta(minutes=30), "EndTime": now, "Period": 60, "Statistics": ["Sum"]}
    points = cloudwatch.get_metric_statistics(**whole[0], **span)["Datapoints"]
    return float(sum(point["Sum"] for point in points))


def test_a_release_that_answers_5xx_is_stopped_by_its_alarm_and_rolled_back(bambe: Bambe) -> None:
    bambe.shop.edit("bambe.yml", '    route: "/orders*"\n', f'    route: "/orders*"\n{RELEASE}')
    bambe.shop.commit("orders: an alarm on errors")
    bambe.up()
    traffic = bambe.traffic(rate=90)
    traffic.start()
    wait_for(lambda: states(bambe) == {"blue": "OK", "green": "OK"}, "nothing rings")
    before = bambe.deployments("orders")
    bambe.shop.break_orders("2", was="1")
    bambe.push()
    deployment = deployment_of(bambe, "orders", before)
    wait_for(lambda: green_answers(traffic.answers), "green gets traffic", 60)
    wait_for(lambda: bambe.deployment(deployment)["status"] == "Stopped", "the alarm stops the release", 30)
    info = bambe.deployment(deployment)
    assert info["errorInformation"]["code"] == "ALARM_ACTIVE"
    assert "Alarms: <shop-orders-errors-" in info["errorInformation"]["message"]
    back = info["rollbackInfo"]["rollbackDeploymentId"]
    assert bambe.deployment(back)["creator"] == "codeDeployRollback"
    wait_for(lambda: bambe.deployment(back)["status"] == "Succeeded", "the rollback ends", 60)
    seen = len(traffic.answers)
    wait_for(lambda: len(traffic.answers) > seen + 100, "traffic after the rollback")
    assert {one.version for one in traffic.answers[-60:] if one.route == "/orders"} == {"1"}
    wait_for(lambda: set(states(bambe).values()) == {"OK"}, "nothing rings any more")
    with bambe.dead():
        seen = len(traffic.answers)
        wait_for(lambda: len(traffic.answers) > seen + 200, "traffic without a daemon")
    answers = traffic.stop()
    history = bambe.json(
        "cloudwatch", "describe-alarm-history", "--history-item-type", "StateUpdate", "--max-records", "100"
    )
    rang = [one for one in history["AlarmHistoryItems"] if one["HistorySummary"].endswith("to ALARM")]
    assert rang, history
    assert "was greater than the threshold (0.0)" in rang[0]["HistoryData"]
    # Who gave up waiting (this machine may be busy) does not know whether the request was answered.
    lost = len([one for one in answers if not one.why.startswith("HTTP ")])
    failed = len([one for one in answers if one.why == "HTTP 500"])
    errors, requests = "HTTPCode_Target_5XX_Count", "RequestCount"
    wait_for(
        lambda: failed <= counted(bambe, errors) <= failed + lost, "failed requests are counted once", 20
    )
    sent = len(answers)
    wait_for(lambda: sent - lost <= counted(bambe, requests) <= sent, "so are all requests", 20)
    assert counted(bambe, "HTTPCode_ELB_5XX_Count") <= lost
    assert 0 < counted(bambe, "TargetResponseTime") < 10 * sent
