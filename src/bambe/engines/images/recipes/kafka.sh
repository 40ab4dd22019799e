# Inside a base image: Apache Kafka as its jars on Maven Central, and the part of Debian's Java it needs.
# usage: kafka.sh VERSION   (beside it: kafka.pom, kafka-VERSION.sha256, kafka-tool.sh, kafka-classes.sh; the
# user's settings.xml for Maven)
#
#   /opt/java         made by jlink: a third of the package
#   /opt/kafka/libs   the jars    /opt/kafka/bin   the console tools
#   /opt/kafka/classes.jsa   classes as a broker loads them: it starts in half the time
set -eu
export DEBIAN_FRONTEND=noninteractive
version="$1"
# Proxies of this machine; not part of the image.
. /recipes/environment

quietly() {
  "$@" > /tmp/kafka.log 2>&1 || {
    tail -n 15 /tmp/kafka.log
    exit 1
  }
}

echo "installing Java and Maven"
sh /recipes/trust.sh
apt-mark showmanual | sort > /tmp/manual
# Java's packages make links here, which slim images lack.
mkdir -p /usr/share/man/man1
quietly apt-get update -qq
quietly apt-get install -y -qq --no-install-recommends maven openjdk-17-jdk-headless

# Java has no use for HTTPS_PROXY; Maven is told by properties of the JVM.
proxy="$(printf %s "${HTTPS_PROXY:-${https_proxy:-}}" | sed -E 's|^[a-z]+://||; s|.*@||; s|/.*||')"
[ -z "$proxy" ] || export MAVEN_OPTS="-Dhttps.proxyHost=${proxy%:*} -Dhttps.proxyPort=${proxy##*:}"
settings=""
[ ! -s /recipes/settings.xml ] || settings="--settings /recipes/settings.xml"

echo "downloading Apache Kafka $version"
mkdir -p /opt/kafka/bin /opt/kafka/libs
# The binding of slf4j that Apache's own 4.x has beside these; older ones depend on theirs.
binding=""
case "$version" in 4.*) binding="-P log4j2" ;; esac
# shellcheck disable=SC2086
quietly mvn --quiet --batch-mode $settings $binding --file /recipes/kafka.pom -Dkafka="$version" \
  -Dmaven.repo.local=/tmp/m2 -DincludeScope=runtime -DoutputDirectory=/opt/kafka/libs \
  org.apache.maven.plugins:maven-dependency-plugin:2.8:copy-dependencies

echo "checking its jars"
cd /opt/kafka/libs
cut -c 67- "/recipes/kafka-$version.sha256" > /tmp/expected
LC_ALL=C ls > /tmp/found
quietly diff /tmp/expected /tmp/found
quietly sha256sum --check --quiet "/recipes/kafka-$version.sha256"
cd /

echo "making the image small"
modules=java.base,java.desktop,java.instrument,java.logging,java.management,java.naming,java.net.http
modules=$modules,java.rmi,java.scripting,java.security.jgss,java.security.sasl,java.sql,java.xml
modules=$modules,jdk.crypto.ec,jdk.management,jdk.management.agent,jdk.naming.dns,jdk.net,jdk.security.auth
modules=$modules,jdk.unsupported,jdk.zipfs
quietly jlink --add-modules $modules --strip-java-debug-attributes --no-header-files --no-man-pages \
  --compress 1 --output /opt/java

install -m 755 /recipes/kafka-tool.sh /opt/kafka/bin/kafka-tool.sh
for tool in topics configs console-producer console-consumer consumer-groups producer-perf-test \
  consumer-perf-test acls metadata-quorum; do
  ln -s kafka-tool.sh "/opt/kafka/bin/kafka-$tool.sh"
done
export PATH="/opt/java/bin:$PATH"
quietly java -Xshare:dump
quietly sh /recipes/kafka-classes.sh

apt-mark auto '.*' > /dev/null
xargs apt-mark manual < /tmp/manual > /dev/null
quietly apt-get purge -y -qq --auto-remove -o APT::AutoRemove::RecommendsImportant=false \
  -o APT::AutoRemove::SuggestsImportant=false
java -version 2>&1 | head -n 1
rm -rf /tmp/* /root/.m2 /etc/java-17-openjdk /etc/maven /var/lib/apt/lists/* /var/cache/apt/* /recipes
