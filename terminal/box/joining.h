/* SPDX-License-Identifier: Apache-2.0 */
/*
 * joining: who this terminal is about to become, kept until it is.
 *
 * The server may have taken a terminal into an account, or made an account for it, before the
 * terminal knows: where it is killed in between, its next `join` or `init` goes on as the same
 * device.  So HOME/joining is written before the request goes out, and removed once the identity is
 * in the Box.  The file: docs/formats/box-db.md.
 */
#ifndef BOX_JOINING_H
#define BOX_JOINING_H

#include "box/box.h"
#include "crypto/secret.h"
#include "format/id.h"

struct joining {
	struct id16 invitation; /* of an account that is being founded; zeros: one is joined */
	struct id16 account;
	struct id16 device;
	struct secret *dsk_seed; /* owned */
};

void joining_clear(struct joining *j);
AUTO_OBJ(joining_clear, struct joining);

/** Durable when it returns; takes the place of an earlier one.  ERR_FULL, ERR_IO. */
int joining_put(struct box *b, const struct joining *j, struct err *err);

/** @out zeroed; the caller clears it.  0, BOX_ABSENT (nothing was begun, or the file is damaged), or
 *  -1: ERR_IO, ERR_NOMEM. */
int joining_get(struct joining *out, struct box *b, struct err *err);

/** It has become one.  A file that cannot be removed does no harm: a Box with an identity asks for
 *  it no more. */
void joining_drop(struct box *b);

#endif
