/* SPDX-License-Identifier: Apache-2.0 */
/*
 * thread: with whom messages were exchanged.
 *
 * A thread is the set of the other parties' numbers and addresses, the own one apart: normalised (key.h)
 * without a home region, sorted, each once, joined by '~'.  It is found again by what a person types: such
 * numbers in any order and any way of writing, or the name that the messages give the other party.
 */
#ifndef ITEM_THREAD_H
#define ITEM_THREAD_H

#include "item/form.h"

#define THREAD_MEMBERS_MAX 256 /* of one thread; more are ERR_LIMIT */

/** Append the key of one number or address: an e-mail address', a telephone number's; Android's numbers
 *  for nobody (-1, -2, -3) stay as they are. */
int thread_address_key(struct buf *out, struct span address, const struct key_rules *rules,
		       struct err *err);

/** Append the thread of @addresses, joined by '~' or ','.  Nothing where there is none. */
int
thread_of(struct buf *out, struct span addresses, const struct key_rules *rules, struct err *err);

/** The thread of an item: appended to @thread; and to @party the other party's name as the item has it.
 *  Both stay as they are for an item of a form without threads, of nobody, or of too many.  ERR_NOMEM. */
int item_thread(struct buf *thread, struct buf *party, const struct item *it, struct err *err);

/* What a person typed. */
struct thread_wish {
	struct buf numbers; /* as a thread, in the home region */
	struct buf name;    /* as key_name() */
	bool is_name;       /* it has letters: other messages tell which threads have that name */
	const struct key_rules *rules; /* borrowed */
};

/** @rules: with the home region; borrowed as long as @out is used. */
int thread_wish_init(struct thread_wish *out, struct span typed, const struct key_rules *rules,
		     struct err *err);
void thread_wish_clear(struct thread_wish *w);
AUTO_OBJ(thread_wish_clear, struct thread_wish);

/** Whether @thread (of item_thread()), with the name @party, is meant.  1, 0 or -1. */
int thread_wish_fits(const struct thread_wish *w, struct span thread, struct span party,
		     struct err *err);

#endif
