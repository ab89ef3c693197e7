/* SPDX-License-Identifier: Apache-2.0 */
/*
 * inherit: what a restore teaches this terminal about the chunks of a device that it replaced.
 *
 * A device's chunk ids are made with its own key, so a replacement cannot tell by itself that the
 * server has a photo already.  Here, unlocked, with the old chunk opened or found identical, both
 * ids are at hand; they are noted in the Box (saved_inherit()), and the next backup refers to the
 * old chunk where it meets the same bytes.  So nothing large is sent again.
 */
#ifndef RESTORE_INHERIT_H
#define RESTORE_INHERIT_H

#include "box/identity.h"
#include "restore/opener.h"

struct inherit;

/** Listen to @o, which opens @device's cloud.  *out is NULL if this device did not replace that
 *  one: then there is nothing to learn.  It outlives @o's next call.  ERR_NOMEM, ERR_IO. */
int inherit_new(struct inherit **out, struct box *b, struct opener *o, const struct id16 *device,
		struct err *err);
void inherit_free(struct inherit *in);
AUTO_PTR(inherit_free, struct inherit);

/** Write down what was learned.  @in may be NULL.  ERR_NOMEM, ERR_FULL, ERR_IO, also of what came
 *  before; the Box is as good as it was then, only that the next backup may send more. */
int inherit_finish(struct inherit *in, struct err *err);

#endif
