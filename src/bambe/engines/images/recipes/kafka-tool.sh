#!/bin/sh
# One of Kafka's console tools, by the name this is called by: kafka-topics.sh, kafka-console-consumer.sh, ...
set -eu
tool="$(basename "$0" .sh)"
libs=/opt/kafka/libs
case "$(ls $libs/kafka-clients-*.jar)" in
  */kafka-clients-2.*) of=2 ;;
  */kafka-clients-3.*) of=3 ;;
  *) of=4 ;;
esac
case "$of $tool" in
  "2 kafka-topics") main=kafka.admin.TopicCommand ;;
  *" kafka-topics") main=org.apache.kafka.tools.TopicCommand ;;
  *" kafka-configs") main=kafka.admin.ConfigCommand ;;
  [23]" kafka-console-producer") main=kafka.tools.ConsoleProducer ;;
  *" kafka-console-producer") main=org.apache.kafka.tools.ConsoleProducer ;;
  "2 kafka-console-consumer") main=kafka.tools.ConsoleConsumer ;;
  *" kafka-console-consumer") main=org.apache.kafka.tools.consumer.ConsoleConsumer ;;
  "2 kafka-consumer-groups") main=kafka.admin.ConsumerGroupCommand ;;
  *" kafka-consumer-groups") main=org.apache.kafka.tools.consumer.group.ConsumerGroupCommand ;;
  *" kafka-producer-perf-test") main=org.apache.kafka.tools.ProducerPerformance ;;
  "2 kafka-consumer-perf-test") main=kafka.tools.ConsumerPerformance ;;
  *" kafka-consumer-perf-test") main=org.apache.kafka.tools.ConsumerPerformance ;;
  [23]" kafka-acls") main=kafka.admin.AclCommand ;;
  *" kafka-acls") main=org.apache.kafka.tools.AclCommand ;;
  [34]" kafka-metadata-quorum") main=org.apache.kafka.tools.MetadataQuorumCommand ;;
  *) echo "$tool: Apache Kafka $of has no such tool" >&2 && exit 2 ;;
esac
# Warnings only, on standard error.
logging="$(mktemp -d)"
trap 'rm -rf "$logging"' EXIT
if [ $of = 4 ]; then
  printf '%s\n' 'rootLogger.level=WARN' 'rootLogger.appenderRef.a.ref=E' 'appender.e.type=Console' \
    'appender.e.name=E' 'appender.e.target=SYSTEM_ERR' 'appender.e.layout.type=PatternLayout' \
    'appender.e.layout.pattern=[%d] %p %m (%c)%n' > "$logging/log4j2.properties"
  logs="-Dlog4j2.configurationFile=file:$logging/log4j2.properties"
else
  printf '%s\n' 'log4j.rootLogger=WARN, E' 'log4j.appender.E=org.apache.log4j.ConsoleAppender' \
    'log4j.appender.E.target=System.err' 'log4j.appender.E.layout=org.apache.log4j.PatternLayout' \
    'log4j.appender.E.layout.ConversionPattern=[%d] %p %m (%c)%n' > "$logging/log4j.properties"
  logs="-Dlog4j.configuration=file:$logging/log4j.properties"
fi
# shellcheck disable=SC2086
java ${KAFKA_HEAP_OPTS:--Xmx128m} ${KAFKA_OPTS:-} -XX:+UseSerialGC -XX:TieredStopAtLevel=1 $logs \
  -cp "$libs/*" "$main" "$@"
