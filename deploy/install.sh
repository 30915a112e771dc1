#!/bin/sh
# Installs Cumulus on Debian 12 or newer, or Ubuntu 24.04 or newer, as root, from a checkout:
#
#   git clone <this repository> cumulus && cd cumulus
#   sudo deploy/install.sh --hostname pds.example.com --caddy
#
# Makes the user "cumulus", the program in /opt/cumulus, settings in /etc/cumulus/pds.env, data in /var/lib/cumulus, a unit
# for systemd, and the command "cumulus". Run again it brings the program to the checkout's version and leaves settings
# and data alone. docs/self-hosting.md says more.
set -eu

usage() {
  cat <<'HELP'
Usage: deploy/install.sh --hostname <name> [options]

  --hostname <name>   Public name of the host, such as pds.example.com; needed the first time
  --caddy             Install Caddy, and have it serve the name and its handles with TLS
  --no-start          Install, but do not start anything
  --root <folder>     Install below this folder, without touching users, packages and services (for tests and images)
  --help

Settings are changed in /etc/cumulus/pds.env (docs/configuration.md), then: systemctl restart cumulus
HELP
}

say() { echo "== $*"; }
fail() { echo "install.sh: $*" >&2; exit 1; }

hostname='' caddy='' start=yes root=''
while [ $# -gt 0 ]; do
  case $1 in
    --hostname) [ $# -gt 1 ] || fail "--hostname needs a name"; hostname=$2; shift ;;
    --hostname=*) hostname=${1#*=} ;;
    --root) [ $# -gt 1 ] || fail "--root needs a folder"; root=$2; shift ;;
    --root=*) root=${1#*=} ;;
    --caddy) caddy=yes ;;
    --no-start) start='' ;;
    --help|-h) usage; exit 0 ;;
    *) usage >&2; exit 2 ;;
  esac
  shift
done

case $hostname in
  *[!a-z0-9.-]*) fail "--hostname $hostname: the name alone, in small letters, such as pds.example.com" ;;
esac

here=$(cd "$(dirname "$0")/.." && pwd)
code=$root/opt/cumulus
etc=$root/etc/cumulus
data=$root/var/lib/cumulus
env_file=$etc/pds.env

[ -n "$hostname" ] || [ -f "$env_file" ] || fail "--hostname is missing: under which name will people reach this host?"
[ -n "$root" ] || [ "$(id -u)" = 0 ] || fail "run it as root: sudo deploy/install.sh ..."

if [ -f "$env_file" ] && [ -n "$hostname" ] && ! grep -qxF "PDS_HOSTNAME=$hostname" "$env_file"; then
  fail "$env_file has another PDS_HOSTNAME, which accounts have in their identities. Nothing was changed"
fi

# Whether services are there to be started: not in a container or a chroot.
systemd() { [ -z "$root" ] && [ -d /run/systemd/system ]; }

packages() {
  [ -z "$root" ] || return 0
  command -v apt-get > /dev/null || fail "this is for Debian and its kin; docs/self-hosting.md says what it does, by hand"
  missing=''
  for pair in node:nodejs npm:npm git:git; do
    command -v "${pair%%:*}" > /dev/null || missing="$missing ${pair##*:}"
  done
  [ -e /etc/ssl/certs/ca-certificates.crt ] || missing="$missing ca-certificates"
  [ -z "$caddy" ] || command -v caddy > /dev/null || missing="$missing caddy"
  [ -n "$missing" ] || return 0
  say "installing$missing"
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq
  # shellcheck disable=SC2086 # a list of words
  apt-get install -y -qq --no-install-recommends $missing > /dev/null
}

user() {
  [ -z "$root" ] || return 0
  id cumulus > /dev/null 2>&1 && return 0
  say "making the user cumulus"
  useradd --system --user-group --home-dir /var/lib/cumulus --no-create-home --shell /usr/sbin/nologin cumulus
}

own() { [ -n "$root" ] || chown "$@"; }

folders() {
  install -d -m 0755 "$etc"
  install -d -m 0700 "$data"
  own cumulus:cumulus "$data"
}

# The program belongs to root: the service cannot change what it runs. It is a checkout, so that `cumulus upgrade` can move it.
program() {
  # The checkout may belong to whoever called sudo; git asks before it reads what is another user's.
  GIT_CONFIG_GLOBAL=$(mktemp)
  export GIT_CONFIG_GLOBAL
  trap 'rm -f "$GIT_CONFIG_GLOBAL"' EXIT
  printf '[safe]\n\tdirectory = %s\n\tdirectory = %s/.git\n' "$here" "$here" > "$GIT_CONFIG_GLOBAL"
  revision=$(git -C "$here" rev-parse HEAD)
  if [ ! -d "$code/.git" ]; then
    say "the program goes to $code"
    install -d -m 0755 "$(dirname "$code")"
    git clone --quiet --no-hardlinks "$here" "$code"
    origin=$(git -C "$here" remote get-url origin 2> /dev/null || echo "$here")
    git -C "$code" remote set-url origin "$origin"
  elif [ "$here" != "$code" ]; then
    git -C "$code" fetch --quiet --tags "$here" "$revision"
  fi
  [ "$here" = "$code" ] || git -C "$code" checkout --quiet --detach "$revision"
  say "version $(git -C "$code" describe --tags --always): installing what it needs, and building it"
  (cd "$code" && npm ci --omit=dev --no-audit --no-fund --loglevel=error)
  (cd "$code" && node_modules/.bin/node cli/size.ts)
  # Whatever root's umask is, the service may read it.
  chmod -R go+rX "$code"
}

settings() {
  if [ ! -f "$env_file" ]; then
    say "settings go to $env_file"
    umask 027
    cat > "$env_file" <<SETTINGS
# Settings of this host (docs/configuration.md). After a change: systemctl restart cumulus
PDS_HOSTNAME=$hostname
PDS_DATA_DIRECTORY=/var/lib/cumulus
SETTINGS
  fi
  own root:cumulus "$env_file"
  chmod 0640 "$env_file"
}

# For people: as the service's user, with the service's settings.
wrapper() {
  install -d -m 0755 "$root/usr/local/bin"
  cat > "$root/usr/local/bin/cumulus" <<'WRAPPER'
#!/bin/sh
# Commands for the host on this machine, as its user (written by deploy/install.sh).
[ "$(id -u)" = 0 ] || [ "$(id -un)" = cumulus ] || exec sudo -- "$0" "$@"
export CUMULUS_ENV_FILE=/etc/cumulus/pds.env CUMULUS_SERVICE=cumulus
command=${1:-}
[ $# -eq 0 ] || shift
if [ "$command" = init ]; then
  # A first account that is made at the start has its password in a file: `account create` shows it.
  case " $* " in
    *' --first'* | *' --identity'*) ;;
    *) set -- --identity none "$@" ;;
  esac
  set -- --target machine --data /var/lib/cumulus --no-start "$@"
fi
[ -z "$command" ] || set -- "$command" "$@"
set -- /opt/cumulus/node_modules/.bin/node /opt/cumulus/cli/cumulus.ts "$@"
[ "$(id -un)" = cumulus ] && exec "$@"
case $command in
  # The program itself is root's, and the service may not read the journal.
  upgrade | logs) exec "$@" ;;
  # So are the settings, of which the service reads what root writes; also where this was broken off.
  init)
    status=0
    trap : INT
    "$@" || status=$?
    chown -R cumulus:cumulus /var/lib/cumulus
    chown root:cumulus /etc/cumulus/pds.env
    chmod 0640 /etc/cumulus/pds.env
    exit $status
    ;;
  *) exec runuser -u cumulus -- "$@" ;;
esac
WRAPPER
  chmod 0755 "$root/usr/local/bin/cumulus"
}

unit() {
  install -D -m 0644 "$code/deploy/cumulus.service" "$root/etc/systemd/system/cumulus.service"
  systemd || return 0
  systemctl daemon-reload
  systemctl enable --quiet cumulus
}

proxy() {
  [ -n "$caddy" ] || return 0
  name=$(sed -n 's/^PDS_HOSTNAME=//p' "$env_file")
  file=$root/etc/caddy/Caddyfile
  install -d -m 0755 "$root/etc/caddy"
  # What Debian's package brings serves a page of its own; what somebody wrote stays.
  if [ ! -f "$file" ] || grep -q 'root \* /usr/share/caddy' "$file"; then
    # shellcheck disable=SC2016 # Caddy's own placeholders
    sed -e "s/{\$PDS_HOSTNAME}/$name/g" -e 's/{\$CUMULUS_UPSTREAM:\([^}]*\)}/\1/g' "$code/deploy/Caddyfile" > "$file"
  elif ! grep -qF "$name" "$file"; then
    echo "$file is in use already: add what deploy/Caddyfile says to it" >&2
  fi
  if systemd && [ -n "$start" ]; then systemctl reload-or-restart caddy; fi
}

begin() {
  systemd && [ -n "$start" ] || return 0
  say "starting"
  systemctl restart cumulus
  tries=0
  port=$(sed -n 's/^PDS_PORT=//p' "$env_file")
  until "$code/node_modules/.bin/node" -e "fetch('http://127.0.0.1:${port:-2583}/xrpc/_health').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"; do
    tries=$((tries + 1))
    [ $tries -lt 60 ] || fail "it does not answer: journalctl -u cumulus -o cat"
    sleep 1
  done
}

packages
user
folders
program
settings
wrapper
unit
proxy
begin

cat <<DONE

Cumulus $(sed -n 's/^  "version": "\(.*\)",/\1/p' "$code/package.json") is installed.

  settings  $env_file
  data      $data   (secrets.json in it is the host: keep a copy elsewhere)
  log       journalctl -u cumulus -f -o cat
  commands  cumulus --help

Next: sudo cumulus init, for who may join, mail, and the recovery kit (docs/self-hosting.md)
DONE
