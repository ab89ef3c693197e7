/* SPDX-License-Identifier: Apache-2.0 */
/* drill_internal: what both kinds of drill share. */
#ifndef RESTORE_DRILL_INTERNAL_H
#define RESTORE_DRILL_INTERNAL_H

#include "restore/drill.h"
#include "restore/verify_internal.h"

/** The item is bad, for @reason.  With @damaged what lies on the server for it counts as unsaved, and
 *  the reason says what becomes of it. */
int drill_bad(struct drill_result *out, struct box *box, const struct id16 *item,
	      const char *reason, bool damaged, struct err *err);

/** Receipt and the Box's note of this drill, in one transaction.  @sent: bytes. */
int drill_end(struct drill_result *out, struct box *box, uint64_t sent, struct err *err);

#endif
