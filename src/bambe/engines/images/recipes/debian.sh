#!/usr/bin/env bash
# Makes an image from Debian packages: debian.sh SUITE RECIPES DOCKER-IMPORT-ARGUMENTS...
# As root it works in memory, in a mount of its own that ends with it: half the time.
set -euo pipefail

suite="$1" recipes="$2"
# mmdebstrap knows Debian's own mirrors; those named by the user take their place.
mirrors=""
[ -z "${BAMBE_DEBIAN_MIRROR:-}" ] || mirrors="/-security /!s|[^ ]*://[^ ]*|$BAMBE_DEBIAN_MIRROR|;"
[ -z "${BAMBE_DEBIAN_SECURITY_MIRROR:-}" ] ||
  mirrors="$mirrors/-security /s|[^ ]*://[^ ]*|$BAMBE_DEBIAN_SECURITY_MIRROR|"
as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi; }

if ! command -v mmdebstrap >/dev/null; then
  if ! command -v apt-get >/dev/null || ! as_root true 2>/dev/null; then
    echo "mmdebstrap is missing"
    exit 3
  fi
  echo "installing mmdebstrap"
  export DEBIAN_FRONTEND=noninteractive
  packages="mmdebstrap debian-archive-keyring"
  # shellcheck disable=SC2086
  as_root apt-get install -y -qq --no-install-recommends $packages >/dev/null 2>&1 || {
    as_root apt-get update -qq
    as_root apt-get install -y -qq --no-install-recommends $packages >/dev/null
  }
fi

available="$(awk '/^MemAvailable/ {print $2}' /proc/meminfo)"
if [ -z "${BAMBE_IN_MEMORY:-}" ] && [ "$(id -u)" = 0 ] && [ "$available" -gt 2500000 ] && unshare --mount true 2>/dev/null
then
  BAMBE_IN_MEMORY=yes exec unshare --mount bash "$0" "$@"
fi
shift 2

work="$(mktemp -d)"
trap 'umount "$work" 2>/dev/null || true; rm -rf "$work"' EXIT
[ -z "${BAMBE_IN_MEMORY:-}" ] || mount -t tmpfs -o size=1800m bambe "$work"
cp -r "$recipes" "$work/recipes"

# Without path-exclude on the command line mmdebstrap need not filter every archive, which is slow;
# without usrmerge there is no perl. dpkg inside the image has the same settings (and so no fsync, as
# in Docker Hub's Debian), so that builds are quick and small too.
cat > "$work/slim" <<'END'
force-unsafe-io
path-exclude=/usr/share/doc/*
path-exclude=/usr/share/info/*
path-exclude=/usr/share/lintian/*
path-exclude=/usr/share/locale/*
path-exclude=/usr/share/man/*
END
printf 'Package: usrmerge\nPin: release *\nPin-Priority: -1\n' > "$work/no-usrmerge"
export work mirrors
TMPDIR="$work" mmdebstrap \
  --variant=minbase \
  --include=python3,python3-venv,ca-certificates \
  --aptopt='Acquire::Languages "none"' \
  --aptopt='APT::Install-Recommends "false"' \
  --hook-dir=/usr/share/mmdebstrap/hooks/merged-usr \
  --setup-hook='sed -i "$mirrors" "$1/etc/apt/sources.list"' \
  --setup-hook='mkdir -p "$1/etc/dpkg/dpkg.cfg.d" "$1/etc/apt/preferences.d"' \
  --setup-hook='cp "$work/slim" "$1/etc/dpkg/dpkg.cfg.d/slim"' \
  --setup-hook='cp "$work/no-usrmerge" "$1/etc/apt/preferences.d/no-usrmerge"' \
  --customize-hook='rm "$1/etc/apt/preferences.d/no-usrmerge"' \
  --customize-hook='cp -r "$work/recipes" "$1/recipes" && chroot "$1" sh /recipes/finish.sh && rm -r "$1/recipes"' \
  "$suite" - | docker import "$@"
