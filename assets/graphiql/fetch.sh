#!/bin/sh
# Downloads the vendored files from npm and checks them against SHA256SUMS. Replaces vendor/ only when every checksum
# is correct.
#
# To update: change the versions below, run this script with --update, review the diff of SHA256SUMS, update
# THIRD-PARTY-LICENSES.txt and run the tests in .ci/browser.
set -eu

GRAPHIQL=4.1.2 # the last version with a UMD build
REACT=18.3.1   # the last version with a UMD build

here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/vendor"

# fetch NAME VERSION FILE...: the package's files, and its licence as LICENSE-NAME
fetch() {
    name=$1 version=$2
    shift 2
    mkdir "$work/$name"
    npm pack --silent --pack-destination "$work/$name" "$name@$version" >/dev/null
    tar -xzf "$work/$name/$name-$version.tgz" -C "$work/$name"
    for file in "$@"; do
        install -m 644 "$work/$name/package/$file" "$work/vendor/${file##*/}"
    done
    install -m 644 "$work/$name/package/LICENSE" "$work/vendor/LICENSE-$name"
}

fetch graphiql "$GRAPHIQL" graphiql.min.js graphiql.min.css
fetch react "$REACT" umd/react.production.min.js
fetch react-dom "$REACT" umd/react-dom.production.min.js

cd "$work"
if [ "${1-}" = --update ]; then
    sha256sum vendor/* >"$here/SHA256SUMS"
fi
sha256sum --check --strict "$here/SHA256SUMS"
rm -rf "$here/vendor"
mv "$work/vendor" "$here/vendor"
