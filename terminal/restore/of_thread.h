/* SPDX-License-Identifier: Apache-2.0 */
/*
 * of_thread: which of the backup's messages are in the thread that a person named (item/thread.h).
 *
 * A record does not say its thread, its message does.  By a name only messages that carry it are found at
 * first: they are looked through once, for the threads that have it, then all messages of these threads
 * are meant.
 */
#ifndef RESTORE_OF_THREAD_H
#define RESTORE_OF_THREAD_H

#include "box/region.h"
#include "box/threads.h"
#include "item/thread.h"
#include "restore/fetch.h"

/* What the search by a thread and the one by an expression (of_where.h) share. */

#define OF_UNREADABLE 2

/** The original bytes of a record's item, appended to @out.  1, OF_UNREADABLE or -1. */
int of_bytes(struct buf *out, struct fetch *f, const struct record *record, struct err *err);

/** The thread of a record's message, appended to @thread, and the other party's name to @party.  1; 0: it has
 *  none; OF_UNREADABLE; -1. */
int of_record_thread(struct buf *thread, struct buf *party, struct fetch *f,
		     const struct record *record, struct err *err);

/* 1: it is meant; 0; OF_UNREADABLE; -1. */
typedef int of_fn(void *ctx, struct fetch *f, const struct record *record, struct err *err);

/** Leave in @items those that @fn says are meant or cannot be read; the others are cleared.  @kept grows by
 *  their number. */
int of_keep(uint64_t *kept, struct fetch *f, struct opened *items, size_t *n, of_fn *fn, void *ctx,
	    struct err *err);

struct of_thread {
	struct region_profile profile;
	struct thread_wish wish;
	struct threads named; /* those found by their name */
	uint64_t kept;        /* messages of the thread so far */
};

/** Where @out lies it stays. */
int of_thread_init(struct of_thread *out, struct box *box, const char *typed, struct err *err);
void of_thread_clear(struct of_thread *t);
AUTO_OBJ(of_thread_clear, struct of_thread);

/** For a name: learn from the records @want which threads have it. */
int of_thread_learn(struct of_thread *t, struct fetch *f, const struct listing *want,
		    enum fetch_kind kind, struct err *err);

/** Leave in @items those of the thread, and those that cannot be read, of which nobody knows: their trouble
 *  shows later.  The others are cleared.  *n: how many, before and after.  Requests, where messages lie in chunks. */
int of_thread_keep(struct of_thread *t, struct fetch *f, struct opened *items, size_t *n,
		   struct err *err);

#endif
