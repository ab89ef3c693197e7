/* SPDX-License-Identifier: Apache-2.0 */
/*
 * drill_copy: the throw-away target of a drill.
 *
 * An item that came back is restored as a restore would do it (plan.h), twice: into an app of its
 * kind that is empty, and into its own app as far as this item is concerned.  What would be written
 * is put aside sealed (os/scratch.h), read back, parsed, and merged with the backup once more, which
 * must find nothing to do; then it is forgotten.  No app is changed.
 */
#ifndef RESTORE_DRILL_COPY_H
#define RESTORE_DRILL_COPY_H

#include "format/record.h"
#include "restore/result.h"

struct box;
struct drill_copy; /* opaque */

/** scratch_new()'s errors. */
int drill_copy_new(struct drill_copy **out, struct box *box, struct err *err);
void drill_copy_free(struct drill_copy *c);
AUTO_PTR(drill_copy_free, struct drill_copy);

/** Whether the item's own app, or one of its kind, merges it field by field: then all of its bytes are
 *  needed. */
bool drill_copy_wants(const struct record *rec);

#define DRILL_COPY_BAD 1 /* it cannot be restored: see @reason */

/** Restore the item @rec with the original @bytes (empty: drill_copy_wants() said no).
 *  0, DRILL_COPY_BAD, or -1: ERR_NOMEM, the scratch's, the Box's. */
int drill_copy_try(char reason[static REASON_BYTES], struct drill_copy *c, const struct record *rec,
		   struct span bytes, struct err *err);

#endif
