/* SPDX-License-Identifier: Apache-2.0 */
/*
 * text_series: folders of calendars as CalDAV programs keep them (vdirsyncer, Radicale): each file is
 * one series, an event with its moved occurrences, and is named by its UID.
 *
 * A folder is one if none of its files holds components of two UIDs, and there are two such files at
 * least, or the one there is has its UID for a name.  There a new series gets a file of its own, and an
 * occurrence goes into the file of its series: such programs take two UIDs in a file, or one UID in two
 * files, for damage.  Files of hidden folders (Radicale's cache) are not looked at.
 */
#ifndef APPS_TEXT_SERIES_H
#define APPS_TEXT_SERIES_H

#include "apps/text_app.h"

void text_series_clear(struct text_series *list);

/** Is the session's app such a folder?  Looked through once, until text_series_forget().  0 or -1. */
int text_series_apart(bool *out, struct folder_session *s, struct err *err);
void text_series_forget(struct folder_session *s);

/* Where an item of such a folder goes. */
struct text_target {
	char *path;  /* owned */
	bool is_new; /* a file of that name is to be made; else it is there */
};

/** Of the component @item, once the folder was looked through. */
int text_series_target(struct text_target *out, struct folder_session *s, struct span item,
		       struct err *err);

/** The file at @path was made for @item. */
int text_series_made(struct folder_session *s, struct span item, const char *path, struct err *err);

/** Is the file at @path named by the series of @item, as one that is made for it? */
int text_series_names(bool *out, const char *path, struct span item, struct err *err);

/** Does @source still hold the series of @item, and no other?  0, APP_MOVED or -1. */
int text_series_check(struct folder_session *s, const struct app_source *source, struct span item,
		      struct err *err);

#endif
