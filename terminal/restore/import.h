/* SPDX-License-Identifier: Apache-2.0 */
/*
 * import: items out of a file go into an app as a restore's do: the same matching and merging,
 * originals kept, undoable, a receipt.  Asks no server and needs no passphrase.
 *
 * The file (or a folder of such) is read by the adapter over files of the app's form: contacts out of
 * .vcf, messages and calls out of .xml or an export of SMS Import / Export, whatever program the app itself
 * is.  Whole files (of 64 MiB at most) come to the path that they have below the folder, or beside what
 * is there.  What is broken is refused by name with file, line and column, and its neighbours go on.
 */
#ifndef RESTORE_IMPORT_H
#define RESTORE_IMPORT_H

#include "restore/restore.h"

/* Borrowed for the length of the call. */
struct import_request {
	const char *app;  /* of this terminal */
	const char *file; /* a file of items of that kind, or a folder of such files */
	bool preview;     /* plan only: nothing is written, no receipt */
};

/**
 * @out    as of a restore; `id` is its id, for undo.
 * @watch  may be NULL.
 * @return 0, refused items included (RESTORE_FAILED), or -1: ERR_NOT_FOUND (app, file),
 *         ERR_UNSUPPORTED (an app that takes no files one by one), ERR_CONFLICT (the file changed while it was read),
 *         else as restore_run().
 */
int import_run(struct restore_result *out, struct box *box, const struct import_request *request,
	       const struct restore_watch *watch, struct err *err);

#endif
