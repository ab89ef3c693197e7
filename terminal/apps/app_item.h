/* SPDX-License-Identifier: Apache-2.0 */
/* app_item: an item of a form as an adapter gives it (adapter.h): its ids and its name for people. */
#ifndef APPS_APP_ITEM_H
#define APPS_APP_ITEM_H

#include "apps/adapter.h"

/** Fill @out's uid, ids by content, name, thread, and the time of what has its own, from @it; @out->id_by_content is the caller's.
 *  @name holds the bytes of name and thread; @it and @name are borrowed as long as @out lives.  0 or -1. */
int app_item_name(struct app_item *out, struct buf *name, const struct item *it, struct err *err);

/** Append @name to @out as a name for people: UTF-8, no control characters, at most 1,024 bytes,
 *  never empty.  Bytes that are no UTF-8 become U+FFFD. */
int name_for_people(struct buf *out, struct span name, struct err *err);

#endif
