"""How a node's process is started: the script in its container, its JVM, what it logs."""

from __future__ import annotations

from bambe.engines.brokers.port import Cluster, Node
from bambe.engines.brokers.settings import DATA, FILES, kraft_id, zookeeper_address, zookeeper_client
from bambe.engines.brokers.versions import numbers, on_zookeeper

ZOOKEEPER_MEMORY = 192
COMMAND = ("sh", f"{FILES}/start.sh")
ENVIRONMENT = {"MALLOC_ARENA_MAX": "2"}
# In one order, as in the archive of loaded classes that Bambe's own image has: with it a broker starts in
# half the time, and the brokers of a machine share its pages.
CLASSES = """\
classes="$(echo /opt/kafka/libs/*.jar | tr ' ' ':')"
archive=""
[ ! -e /opt/kafka/classes.jsa ] || archive="-XX:SharedArchiveFile=/opt/kafka/classes.jsa"
"""
JAVA = 'java $archive -cp "$classes" -XX:+UseSerialGC'

QUIET = {
    "org.apache.kafka.common.config": "WARN",
    "kafka.server.KafkaConfig": "WARN",
    "org.apache.zookeeper": "WARN",
    "state.change.logger": "WARN",
    "kafka.authorizer.logger": "WARN",
}
"""Loggers that say little worth reading at INFO."""


def memory_of(cluster: Cluster, node: Node) -> int:
    """The hard limit of a node's container in MiB."""
    return cluster.memory if node.number else ZOOKEEPER_MEMORY


def start_script(cluster: Cluster, node: Node) -> str:
    """What the container runs; the JVM takes the script's place, so that it gets SIGTERM."""
    java = f"{JAVA} {' '.join(_jvm(cluster, node))}"
    if node.number == 0:
        main = f"org.apache.zookeeper.server.quorum.QuorumPeerMain {FILES}/zookeeper.properties"
        return _script(f"exec {java} {main}")
    first = _give_way(cluster, node) if on_zookeeper(cluster.version) else _format(cluster)
    return _script(first, f"exec {java} kafka.Kafka {FILES}/server.properties")


def logging_file(cluster: Cluster) -> tuple[str, str]:
    """Name and text of the logging configuration: everything goes to standard output."""
    if numbers(cluster.version) < (4,):
        return "log4j.properties", _log4j()
    return "log4j2.properties", _log4j2()


def _script(*lines: str) -> str:
    return "\n".join(["set -eu", f"cd {DATA}", *CLASSES.splitlines(), *lines, ""])


def _format(cluster: Cluster) -> str:
    # meta.properties is the last thing written, so a format cut off in the middle is done again.
    tool = f"{JAVA} -Xmx96m -XX:TieredStopAtLevel=1 kafka.tools.StorageTool"
    options = f"--ignore-formatted --cluster-id={kraft_id(cluster.id)} --config {FILES}/server.properties"
    return f"[ -e {DATA}/meta.properties ] || {tool} format {options}"


def _give_way(cluster: Cluster, node: Node) -> str:
    """A broker that was killed is still registered until its session ends, and keeps the next one out."""
    access = " ".join(f"-D{name}={value}" for name, value in zookeeper_client().items())
    tool = f"{JAVA} -Xmx64m -XX:TieredStopAtLevel=1 {access} {_logs(cluster)}"
    command = f"org.apache.zookeeper.ZooKeeperMain -server {zookeeper_address(cluster)}"
    return (
        f"[ ! -e {DATA}/meta.properties ] || "
        f"{tool} {command} delete /brokers/ids/{node.number} >/dev/null 2>&1 || true"
    )


def _jvm(cluster: Cluster, node: Node) -> tuple[str, ...]:
    """Flags of the JVM: the heap is two fifths of the limit, the rest is the JVM's own and buffers."""
    heap = memory_of(cluster, node) * 2 // 5
    return (
        f"-Xmx{heap}m",
        f"-Xms{min(64, heap)}m",
        "-Xss512k",
        "-XX:ReservedCodeCacheSize=64m",
        "-XX:MaxMetaspaceSize=96m",
        f"-XX:MaxDirectMemorySize={heap // 4}m",
        "-XX:+ExitOnOutOfMemoryError",
        "-XX:-UsePerfData",
        "-Djava.awt.headless=true",
        "-Dsun.net.inetaddr.ttl=5",
        "-Dsun.net.inetaddr.negative.ttl=1",
        _logs(cluster),
    )


def _logs(cluster: Cluster) -> str:
    name, _ = logging_file(cluster)
    option = "log4j2.configurationFile" if name.startswith("log4j2") else "log4j.configuration"
    return f"-D{option}=file:{FILES}/{name}"


def _log4j() -> str:
    lines = [
        "log4j.rootLogger=INFO, stdout",
        "log4j.appender.stdout=org.apache.log4j.ConsoleAppender",
        "log4j.appender.stdout.layout=org.apache.log4j.PatternLayout",
        "log4j.appender.stdout.layout.ConversionPattern=%p %m (%c)%n",
        *(f"log4j.logger.{name}={level}" for name, level in QUIET.items()),
    ]
    return "\n".join([*lines, ""])


def _log4j2() -> str:
    lines = [
        "rootLogger.level=INFO",
        "rootLogger.appenderRef.stdout.ref=stdout",
        "appender.stdout.type=Console",
        "appender.stdout.name=stdout",
        "appender.stdout.layout.type=PatternLayout",
        "appender.stdout.layout.pattern=%p %m (%c)%n",
    ]
    for at, (name, level) in enumerate(QUIET.items()):
        lines += [f"logger.q{at}.name={name}", f"logger.q{at}.level={level}"]
    return "\n".join([*lines, ""])
