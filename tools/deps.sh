#!/bin/sh
# Install the Debian 12 packages of the named groups, those that are missing only.
#   tools/deps.sh [--missing] GROUP...      --missing: install nothing; exit 1 and name them if any is
set -eu

packages_of() {
	case $1 in
	build)
		echo gcc libc6-dev meson ninja-build pkg-config gettext \
			libsodium-dev libssl-dev libzstd-dev libsqlite3-dev libcurl4-openssl-dev \
			libmicrohttpd-dev libarchive-dev libjson-c-dev libmagic-dev libunistring-dev libidn2-dev \
			libdbus-1-dev libqrencode-dev g++ libphonenumber-dev
		;;
	eds)
		echo libebook1.2-dev libecal2.0-dev
		;;
	check)
		echo clang libclang-rt-14-dev valgrind libcmocka-dev libical-dev libc6-dbg python3-pytest \
			python3-pytest-xdist dosfstools nbdkit libnbd-bin e2fsprogs iproute2 \
			dbus libebook1.2-dev libecal2.0-dev evolution-data-server python3-gi gir1.2-ebook-1.2 \
			gir1.2-ecal-2.0 python3-dbusmock gnome-contacts gnome-calendar xvfb imagemagick xdotool \
			firefox-esr chromium chromium-driver python3-selenium epiphany-browser \
			gnome-calls chatty zbar-tools
		;;
	bench)
		echo restic borgbackup rclone
		;;
	lint)
		echo clang-format clang-tidy
		;;
	*)
		echo "tools/deps.sh: no group '$1'" >&2
		exit 2
		;;
	esac
}

only_look=
if [ "${1-}" = --missing ]; then
	only_look=yes
	shift
fi
missing=
for group in "$@"; do
	for package in $(packages_of "$group"); do
		dpkg-query -W -f '${Status}\n' "$package" 2>/dev/null | grep -q 'ok installed' ||
			missing="$missing $package"
	done
done
[ -n "$missing" ] || exit 0
if [ -n "$only_look" ]; then
	echo "missing:$missing" >&2
	exit 1
fi

as_root=env
if [ "$(id -u)" != 0 ]; then
	command -v sudo >/dev/null || {
		echo "These packages are missing, and there is no sudo to install them:$missing" >&2
		exit 1
	}
	as_root='sudo env'
fi
echo "Installing:$missing"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
# The lists of a fresh machine are empty or old: fetch them first.
# shellcheck disable=SC2086 # both are lists of words
if ! { $as_root apt-get -q update && $as_root DEBIAN_FRONTEND=noninteractive apt-get -y -q \
	--no-install-recommends install $missing; } >"$log" 2>&1; then
	cat "$log" >&2
	exit 1
fi
