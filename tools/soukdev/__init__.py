"""Real servers for development and tests: MariaDB, Redis, Kafka, OpenSearch, Envoy and our own.

Everything listens on 127.0.0.1, keeps its data under a folder that the caller names, and is
stopped by its own pid. `stack.Stack` ties the parts together; `tools/stack` is its command line.
"""
