#!/bin/sh
# Runs Cirrus, a PDS for one account on Cloudflare Workers, on the workerd of this checkout, so that `npm run bench` can start
# it: docs/performance.md says how it is built. No R2 is there, so it takes no blobs.
#
#   sh bench/peers/cirrus.sh <its checkout> <folder for its data>
set -e
cirrus=$(cd "$1" && pwd)
workerd=$(cd "$(dirname "$0")/../.." && node -p "require('workerd').default")
mkdir -p "$2/objects"
cd "$2"
ln -sfn "$cirrus/out" out
# The account that its own tests have, with the password test-password.
while IFS='=' read -r name value; do
  [ -n "$name" ] && export "$name=$value"
done < "$cirrus/packages/pds/e2e/fixture/.dev.vars"
bindings=''
for name in DID HANDLE PDS_HOSTNAME AUTH_TOKEN SIGNING_KEY SIGNING_KEY_PUBLIC JWT_SECRET PASSWORD_HASH INITIAL_ACTIVE; do
  bindings="$bindings, (name = \"$name\", fromEnvironment = \"$name\")"
done
cat > workerd.capnp <<CONFIG
using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "main", worker = .worker),
    (name = "objects", disk = (path = "objects", writable = true)),
    (name = "internet", network = (allow = []))
  ],
  sockets = [(name = "http", address = "127.0.0.1:8788", http = (), service = "main")]
);
const worker :Workerd.Worker = (
  modules = [(name = "index.js", esModule = embed "out/index.js")],
  # As in its demos/pds/wrangler.jsonc.
  compatibilityDate = "2025-12-02",
  compatibilityFlags = ["nodejs_compat"],
  durableObjectNamespaces = [
    (className = "AccountDurableObject", uniqueKey = "AccountDurableObject", enableSql = true)
  ],
  durableObjectStorage = (localDisk = "objects"),
  bindings = [(name = "ACCOUNT", durableObjectNamespace = "AccountDurableObject")$bindings]
);
CONFIG
exec "$workerd" serve workerd.capnp
