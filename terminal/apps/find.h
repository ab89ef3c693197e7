/* SPDX-License-Identifier: Apache-2.0 */
/*
 * find: where programs keep their data, for the adapters' find operation.
 *
 *     $HOME, $XDG_DATA_HOME (~/.local/share), $XDG_CONFIG_HOME (~/.config): XDG Base Directory
 *     Specification 0.8; a variable that is empty or no absolute path counts as not set
 *     Firefox:  profiles.ini below $XDG_CONFIG_HOME/mozilla/firefox and ~/.mozilla/firefox
 *     Chromium: `Local State` below $XDG_CONFIG_HOME/chromium, profile.info_cache
 *
 * What is not there, or is no such file, is not there: no errors but ERR_NOMEM and those of @fn.
 */
#ifndef APPS_FIND_H
#define APPS_FIND_H

#include "apps/adapter.h"

#define FIND_PATH_BYTES 4096

enum find_base {
	FIND_HOME,
	FIND_DATA,
	FIND_CONFIG,
};

/** BASE/@rest, or BASE where @rest is "".  False: there is no such base, or the path is too long. */
bool find_path(char out[static FIND_PATH_BYTES], enum find_base base, const char *rest);

bool find_is_file(const char *path);
bool find_is_folder(const char *path);

/** PREFIX-TEXT as a name for an app: other than [a-z0-9] becomes '-', none doubled, none at the end;
 *  cut where it gets too long; PREFIX alone if nothing is left. */
void find_name(char out[static APP_NAME_MAX + 1], const char *prefix, const char *text);

/** One app, at the file or folder @path, if it is there. */
int find_one(const char *name, const char *other, const char *path, app_find_fn *fn, void *ctx,
	     struct err *err);

/* Adapters' find operations. */

/** The XDG user folders (documents, music, pictures, videos) that exist and are not the home folder. */
int files_find(app_find_fn *fn, void *ctx, struct err *err);

/** `programs`: the user's folder for downloads, if it exists and is not the home folder. */
int programs_find(app_find_fn *fn, void *ctx, struct err *err);

/** `bookmarks-firefox-NAME`: every profile of profiles.ini that has places.sqlite. */
int firefox_find(app_find_fn *fn, void *ctx, struct err *err);

/** `bookmarks-chromium-FOLDER`: every profile of Local State whose folder is there. */
int chromium_find(app_find_fn *fn, void *ctx, struct err *err);

/** `bookmarks-epiphany`: $XDG_DATA_HOME/epiphany/bookmarks.gvdb. */
int epiphany_find(app_find_fn *fn, void *ctx, struct err *err);

/** `messages`: Chatty's ~/.purple/chatty/db/chatty-history.db. */
int chatty_find(app_find_fn *fn, void *ctx, struct err *err);

/** `calls`: GNOME Calls' $XDG_DATA_HOME/calls/records.db. */
int gnome_calls_find(app_find_fn *fn, void *ctx, struct err *err);

#endif
