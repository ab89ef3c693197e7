/* SPDX-License-Identifier: Apache-2.0 */
/*
 * threads: with whom the messages of an app were exchanged, as of the last refresh (item/thread.h).
 *
 * A thread is no row of its own: it is what messages have in common.  So one that was chosen means the
 * messages that are in it at that moment.
 */
#ifndef BOX_THREADS_H
#define BOX_THREADS_H

#include "base/auto.h"
#include "base/buf.h"
#include "box/box.h"

/* The threads of one app that a person meant. */
struct threads {
	char **list; /* owned; as item_thread() makes them */
	size_t n, cap;
};

void threads_clear(struct threads *t);
AUTO_OBJ(threads_clear, struct threads);

/** Those of @app that @typed means: numbers, or the other party's name, of whom there may be several.
 *  ERR_NOT_FOUND, with some that there are in the hint. */
int threads_find(struct threads *out, struct box *b, const char *app, const char *typed,
		 struct err *err);

/** Unless it is there. */
int threads_add(struct threads *t, struct span thread, struct err *err);
bool threads_has(const struct threads *t, struct span thread);

/** The thread of an item, appended to @out, and the other party's name to @party, which may be NULL.  0,
 *  BOX_ABSENT (it has none) or -1. */
int threads_of_item(struct buf *out, struct buf *party, struct box *b,
		    const uint8_t item[static BOX_ID_BYTES], struct err *err);

/** How many shortcuts of @app are in these threads. */
int threads_count_shortcuts(uint64_t *n, struct box *b, const char *app, const struct threads *t,
			    bool selected_only, struct err *err);

#endif
