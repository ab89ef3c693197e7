/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kept_out: items that no rule is to put into the Box, because a person took their shortcuts out of it.
 *
 * Remembered only while the app has rules; adding the item by hand ends it.  What is remembered is a mark
 * of 8 bytes, BLAKE2b of the app's name, a NUL and the native id: the same on every terminal, so it travels
 * with the Box (box_items.h).  Two items of a million have the same mark once in 37 million Boxes.
 */
#ifndef BOX_KEPT_OUT_H
#define BOX_KEPT_OUT_H

#include "box/box_internal.h"

#define KEPT_OUT_BYTES 8

/** Remember, if @app (number @number) has rules.  Within a transaction. */
int kept_out_add(struct box *b, const char *app, int64_t number, struct span native_id,
		 struct err *err);
/** All that have a shortcut now. */
int kept_out_add_all(struct box *b, const char *app, int64_t number, struct err *err);
/** A mark that came with another Box. */
int kept_out_put(struct box *b, const char *app, struct span mark, struct err *err);

int kept_out_remove(struct box *b, const char *app, int64_t number, struct span native_id,
		    struct err *err);
/** All of an app: it has no rules any more. */
int kept_out_drop(struct box *b, int64_t number, struct err *err);

/** 1, 0 or -1. */
int kept_out_has(struct box *b, const char *app, int64_t number, struct span native_id,
		 struct err *err);

#endif
