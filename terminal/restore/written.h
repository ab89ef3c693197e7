/* SPDX-License-Identifier: Apache-2.0 */
/*
 * written: what an app has of an item that was written to it.
 *
 * Files keep the bytes.  Rows keep the fields: an app's own words come back for them (adapter.h,
 * shown()), and what is known of the bytes before they are read back is what the adapter says.
 */
#ifndef RESTORE_WRITTEN_H
#define RESTORE_WRITTEN_H

#include "apps/apps.h"
#include "box/identity.h"

/** content.h of what @s will show of @bytes; zeros where nobody knows before it is written.
 *  0 or -1. */
int written_expect(uint8_t out[static BOX_HASH_BYTES], struct app_session *s,
		   const struct identity *me, struct span bytes, struct err *err);

/** Is @back, read from the app, what was @wrote: the very bytes, or, of rows, all that can be merged
 *  and the app does not drop?  0, or -1: ERR_IO. */
int written_check(const struct adapter *a, struct span wrote, struct span back, struct err *err);

#endif
