/* SPDX-License-Identifier: Apache-2.0 */
/*
 * installed: the programs that are installed on this terminal, as a list of what to install again.
 *
 *     deb firefox-esr            asked for by somebody, not drawn in by another package
 *     deb wine32:i386            of another architecture than the system's
 *     flatpak org.gnome.Maps     for everybody, or for this user
 *     snap signal-desktop
 *     apk mpv                    Alpine, postmarketOS
 *
 * One a line, sorted bytewise, each once; no versions: they change by themselves, and what is
 * installed again is the newest.  Sources, below a root: dpkg's var/lib/dpkg/status (deb-src-control,
 * dpkg(1)) and apt's var/lib/apt/extended_states (Auto-Installed: 1, apt-mark(8)); the folders
 * var/lib/flatpak/app and ~/.local/share/flatpak/app; the files var/lib/snapd/snaps/NAME_REVISION.snap;
 * etc/apk/world.  Nothing is ever installed or removed.
 */
#ifndef APPS_INSTALLED_H
#define APPS_INSTALLED_H

#include "base/buf.h"
#include "base/err.h"

#define INSTALLED_BYTES_MAX ((size_t)4 << 20)

/**
 * Append the list.
 * @root  absolute, without '/' at its end: "" for this terminal.
 * @home  ~, or NULL.
 * @modified_unix_ms  receives when the newest of the sources changed.
 * @return 0; INSTALLED_UNKNOWN: no package manager that is known; -1 (ERR_IO, ERR_NOMEM, ERR_LIMIT).
 */
#define INSTALLED_UNKNOWN 1
int installed_list(struct buf *out, const char *root, const char *home, int64_t *modified_unix_ms,
		   struct err *err);

/** Is there one that is known?  Stats only. */
bool installed_is_known(const char *root);

#endif
