/* SPDX-License-Identifier: Apache-2.0 */
/*
 * frozen: golden files in tests/data, which must be read for ever.
 *
 * A file is written once: where it is missing and CLOUDBOX_FREEZE is set, frozen() writes what the
 * test made.  It is never written over.
 */
#ifndef TESTS_FROZEN_H
#define TESTS_FROZEN_H

#include <stdio.h>
#include <stdlib.h>

#include "os/os.h"
#include "unit.h"

/** Append the golden file @name to @out; @made is what to freeze if there is none yet. */
static inline void
frozen(struct buf *out, const char *name, struct span made)
{
	char path[1024];
	struct err err;

	snprintf(path, sizeof path, "%s/%s", TESTS_DATA, name);
	if (getenv("CLOUDBOX_FREEZE") && os_create_file(AT_FDCWD, path, made, 0644, &err) < 0)
		fail_msg("%s", err.msg);
	if (os_read_file(AT_FDCWD, path, out, &err) < 0)
		fail_msg("%s", err.msg);
}

#endif
