/* SPDX-License-Identifier: Apache-2.0 */
/*
 * same_file: whether a file that lies here has the content that a backup has, without fetching the
 * backup's: its pieces have the chunk ids that the record names.  Only what lies in the record itself,
 * or is cut in no plain way, is compared byte by byte.
 */
#ifndef RESTORE_SAME_FILE_H
#define RESTORE_SAME_FILE_H

#include "apps/apps.h"
#include "restore/fetch.h"

/** 0 with *same, APP_MOVED (the file changed meanwhile), or -1.  *fetched: all of the backup's bytes
 *  came from the server and opened. */
int same_file(bool *same, bool *fetched, struct fetch *f, const struct record *r,
	      struct app_session *s, const struct app_place *place, struct err *err);

#endif
