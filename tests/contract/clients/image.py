"""An image with Kafka's stock clients that are not Kafka's own: kcat, confluent-kafka, aiokafka.

It is made once and stays on this machine: what goes into it is in its name. /opt/librdkafka has the library
that confluent-kafka brings, for those that take another one's.
"""

from __future__ import annotations

import subprocess
from importlib.metadata import version

from bambe.engines.images import BaseImages, recipes

BASE = "python:3.11-slim-bookworm"
PACKAGES = ("confluent-kafka", "aiokafka")
SCRIPT = b"""\
set -eu
. /recipes/environment
sh /recipes/trust.sh
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -y -qq --no-install-recommends kcat
python3 -m pip install -q --no-cache-dir --root-user-action ignore --break-system-packages "$@"
mkdir /opt/librdkafka
package="$(python3 -c 'import confluent_kafka; print(confluent_kafka.__path__[0])')"
ln -s "$package".libs/librdkafka-*.so.1 /opt/librdkafka/librdkafka.so.1
rm -rf /var/lib/apt/lists/* /recipes
"""


async def ensure_clients() -> str:
    """Have the image; its name."""
    wanted = [f"{name}=={version(name)}" for name in PACKAGES]
    files = {
        "clients.sh": SCRIPT,
        "trust.sh": recipes.scripts()["trust.sh"],
        "host.pem": recipes.host_certificates(),
        "environment": recipes.network_settings(),
    }
    image = f"bambe-test/kafka-clients:{recipes.recipe_hash(BASE, *wanted, *files.values())}"
    if not docker("image", "ls", "--quiet", image).strip():
        await BaseImages().ensure(BASE, print)
        make(image, files, wanted)
    return image


def make(image: str, files: dict[str, bytes], wanted: list[str]) -> None:
    builder = image.replace("/", "-").replace(":", "-")
    shell = 'tar -x -C / && exec sh -e /recipes/clients.sh "$@"'
    try:
        docker(
            *("run", "--interactive", "--name", builder, "--pull", "never", BASE, "sh", "-c", shell, "sh"),
            *wanted,
            stdin=recipes.as_tar(files),
        )
        docker("commit", "--change", 'CMD ["sleep", "infinity"]', builder, image)
    finally:
        docker("rm", "--force", "--volumes", builder)


def docker(*words: str, stdin: bytes = b"") -> str:
    done = subprocess.run(["docker", *words], input=stdin, capture_output=True, check=False)
    assert done.returncode == 0, f"docker {words[0]}: {done.stdout.decode()}{done.stderr.decode()}"
    return done.stdout.decode()
