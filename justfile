# Shortcuts for https://just.systems. Each step of `.ci/run` is a recipe that calls the same script.

# List the recipes
default:
    @just --list

# Serve demo data on http://127.0.0.1:8000/graphql
dev *arguments:
    cargo run -- dev {{ arguments }}

# Run the tests whose names contain the filter, or all
test *filter:
    cargo test --workspace {{ filter }}

# Everything that must hold before a change is merged
check:
    .ci/run

# What takes a minute or two: use it before each commit
quick:
    .ci/run lock-file format language links lints schema

# Rewrite schema.graphql from the code
update-schema:
    cargo run -q -- schema > schema.graphql

# Rewrite the reference of commands and settings from the code
update-configuration:
    cargo run -q -- configuration > docs/operations/configuration.md

# Install what the other steps need and is missing (apt)
prepare:
    .ci/steps/prepare

# Cargo.lock agrees with the manifests
lock-file:
    .ci/steps/lock-file

# The code is formatted
format:
    .ci/steps/format

# No wide lines, no banned words
language:
    .ci/steps/language

# Paths and links in Markdown files exist
links:
    .ci/steps/links

# Clippy finds nothing
lints:
    .ci/steps/lints

# The API documentation builds without warnings
documentation:
    .ci/steps/documentation

# Licences, duplicate versions, sources and known vulnerabilities of dependencies
dependencies:
    .ci/steps/dependencies

# Write a software bill of materials of the binary to target/sbom/
sbom:
    .ci/steps/sbom

# All tests, on SQLite and PostgreSQL
tests:
    .ci/steps/tests

# The tests without those that are repeated on PostgreSQL
tests-sqlite:
    .ci/steps/tests-sqlite

# The tests without those that are repeated on SQLite
tests-postgres:
    .ci/steps/tests-postgres

# Each benchmark runs once
benchmarks:
    .ci/steps/benchmarks

# Attack the server BINARY for a minute in every way that needs memory, and report the peak
memory binary *arguments:
    benches/memory/memory.py --server {{ binary }} {{ arguments }}

# Measure every list of the server BINARY at 100 thousand, 1 and 10 million interviews on PostgreSQL
bench-growth binary *arguments:
    benches/growth/growth.py --server {{ binary }} {{ arguments }}

# schema.graphql is the schema that the server serves
schema:
    .ci/steps/schema

# GraphiQL in a browser and client libraries against a running server
clients:
    .ci/steps/clients

# 500 subscribers for a minute
soak:
    .ci/steps/soak

# nginx and HAProxy in front of servers that restart, are killed and freeze
proxies:
    .ci/steps/proxies

# What the container image relies on, without Docker
image:
    .ci/steps/image
