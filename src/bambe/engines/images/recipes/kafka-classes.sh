# Lets a broker start once with every kind of listener, and keeps the classes it loaded: /opt/kafka/classes.jsa.
set -eu
classes="$(echo /opt/kafka/libs/*.jar | tr ' ' ':')"
cd "$(mktemp -d)"

keytool -genkeypair -alias node -keyalg EC -groupname secp256r1 -dname CN=localhost -ext san=dns:localhost \
  -storetype PKCS12 -keystore store.p12 -storepass changeit -validity 30
cat > server.properties <<END
listeners=CLIENT://localhost:9092,SECURE://localhost:9094,SASL://localhost:9096,INTERNAL://localhost:9093
advertised.listeners=CLIENT://localhost:9092,SECURE://localhost:9094,SASL://localhost:9096,INTERNAL://localhost:9093
listener.security.protocol.map=CLIENT:PLAINTEXT,SECURE:SSL,SASL:SASL_SSL,INTERNAL:SSL,CONTROLLER:SSL
inter.broker.listener.name=INTERNAL
listener.name.internal.ssl.client.auth=required
listener.name.controller.ssl.client.auth=required
listener.name.sasl.sasl.enabled.mechanisms=SCRAM-SHA-512
listener.name.sasl.scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;
ssl.keystore.location=$PWD/store.p12
ssl.keystore.password=changeit
ssl.truststore.location=$PWD/store.p12
ssl.truststore.password=changeit
log.dirs=$PWD/data
log.cleaner.dedupe.buffer.size=16777216
allow.everyone.if.no.acl.found=true
offsets.topic.num.partitions=1
offsets.topic.replication.factor=1
END
printf '%s\n' 'log4j.rootLogger=INFO, A' 'log4j.appender.A=org.apache.log4j.ConsoleAppender' \
  'log4j.appender.A.layout=org.apache.log4j.PatternLayout' \
  'log4j.appender.A.layout.ConversionPattern=%p %m (%c)%n' > log4j.properties
printf '%s\n' 'rootLogger.level=INFO' 'rootLogger.appenderRef.a.ref=A' 'appender.a.type=Console' \
  'appender.a.name=A' 'appender.a.layout.type=PatternLayout' \
  'appender.a.layout.pattern=%p %m (%c)%n' > log4j2.properties

logs="-Dlog4j.configuration=file:$PWD/log4j.properties -Dlog4j2.configurationFile=file:$PWD/log4j2.properties"
flags="-Xmx256m -XX:+UseSerialGC $logs"
zookeeper=""
if ls /opt/kafka/libs/kafka-raft-*.jar > /dev/null 2>&1; then
  cat >> server.properties <<END
node.id=1
process.roles=broker,controller
controller.listener.names=CONTROLLER
controller.quorum.voters=1@localhost:9095
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
super.users=User:CN=localhost
END
  sed -i '/^listeners=/s|$|,CONTROLLER://localhost:9095|' server.properties
  # shellcheck disable=SC2086
  java $flags -cp "$classes" kafka.tools.StorageTool format --cluster-id=AAAAAAAAAAAAAAAAAAAAAQ \
    --config server.properties
else
  cat >> server.properties <<END
broker.id=1
zookeeper.connect=localhost:2181
authorizer.class.name=kafka.security.authorizer.AclAuthorizer
super.users=User:CN=localhost
END
  printf '%s\n' "dataDir=$PWD/zookeeper" clientPort=2181 admin.enableServer=false > zookeeper.properties
  # shellcheck disable=SC2086
  java $flags -cp "$classes" org.apache.zookeeper.server.quorum.QuorumPeerMain zookeeper.properties &
  zookeeper=$!
fi

: > log
# shellcheck disable=SC2086
java $flags -XX:ArchiveClassesAtExit=/opt/kafka/classes.jsa -cp "$classes" kafka.Kafka server.properties > log 2>&1 &
broker=$!
tries=0
until grep -qE 'Kafka Server started|KafkaServer id=1\] started' log; do
  tries=$((tries + 1))
  if [ $tries = 600 ] || ! kill -0 $broker 2>/dev/null; then
    cat log
    echo "the broker did not start"
    exit 1
  fi
  sleep 0.2
done
topic="--create --topic t --partitions 1 --bootstrap-server localhost:9092"
# shellcheck disable=SC2086
/opt/kafka/bin/kafka-topics.sh $topic
echo one | /opt/kafka/bin/kafka-console-producer.sh --topic t --bootstrap-server localhost:9092
/opt/kafka/bin/kafka-console-consumer.sh --topic t --from-beginning --max-messages 1 --timeout-ms 30000 \
  --bootstrap-server localhost:9092
kill $broker
wait $broker || true
[ -z "$zookeeper" ] || kill $zookeeper
test -s /opt/kafka/classes.jsa
