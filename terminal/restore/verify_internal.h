/* SPDX-License-Identifier: Apache-2.0 */
/* verify_internal: the innards that the files of verify share. */
#ifndef RESTORE_VERIFY_INTERNAL_H
#define RESTORE_VERIFY_INTERNAL_H

#include "base/span.h"
#include "box/identity.h"
#include "format/id.h"
#include "restore/verify.h"

/** Name what is bad.  Strings become clean UTF-8.  ERR_NOMEM. */
int verify_bad(struct verify_result *out, struct span app, struct span id, struct span name,
	       const char *reason, struct err *err);

/** The same of an item of this device, by what the Box knows of it; else by its short id. */
int verify_bad_item(struct verify_result *out, struct box *box, const struct id16 *item,
		    const char *reason, struct err *err);

/** A device whose log, head or list is bad. */
int verify_bad_device(struct verify_result *out, const uint8_t id[static BOX_ID_BYTES],
		      const char *name, const char *reason, struct err *err);

/** A batch that was sent and not acknowledged may be there or not: it is finished first.
 *  ERR_CONFLICT. */
int verify_check_settled(struct box *box, struct err *err);

/** verify_server() under the run lock, which the caller holds. */
int verify_server_locked(struct verify_result *out, struct box *box, struct remote *remote,
			 struct err *err);

void verify_sort(struct verify_result *out);

#endif
