"""Amazon MSK: clusters of Apache Kafka, their configurations and topics."""
