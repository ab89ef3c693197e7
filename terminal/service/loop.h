/* SPDX-License-Identifier: Apache-2.0 */
/*
 * loop: the one place where the service waits: for descriptors, for moments, and for the clock being set.
 *
 * Moments are CLOCK_BOOTTIME's (os->uptime_ms()): nobody sets it, and it runs on in sleep, so what came due
 * meanwhile comes at once when the terminal wakes.  When the wall clock is set, or the terminal wakes, the kernel
 * tells (timerfd, TFD_TIMER_CANCEL_ON_SET).  With nothing to wait for it does not wake at all.
 * One event at a time: a handler may add and remove whatever it likes.
 */
#ifndef SERVICE_LOOP_H
#define SERVICE_LOOP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

/* Both are the owner's memory, which stays where it is while the loop knows it. */
struct loop_source {
	int fd;
	void (*ready)(void *ctx); /* there is something to read, or it was hung up */
	void *ctx;
};

struct loop_timer {
	int64_t at_ms; /* of os->uptime_ms(); 0: off */
	void (*ready)(void *ctx);
	void *ctx;
	struct loop_timer *next;
};

struct loop {
	int epoll_fd, timer_fd, clock_fd;
	struct loop_timer *timers;
	void (*clock_set)(void *ctx);
	void *ctx;
	bool ended;
};

/** @clock_set: called when the wall clock was set, or the terminal woke.  loop_clear() in any case. */
int loop_init(struct loop *l, void (*clock_set)(void *ctx), void *ctx, struct err *err);
void loop_clear(struct loop *l);

int loop_add(struct loop *l, struct loop_source *s, struct err *err);
/** Before its descriptor is closed. */
void loop_remove(struct loop *l, struct loop_source *s);

/** Once, before the loop runs; loop_wait() switches it on. */
void loop_add_timer(struct loop *l, struct loop_timer *t);
/** In @ms from now, in place of an earlier setting; 0 is at once. */
void loop_wait(struct loop_timer *t, int64_t ms);
/** The same if it would come later otherwise. */
void loop_wait_at_most(struct loop_timer *t, int64_t ms);
static inline void
loop_off(struct loop_timer *t)
{
	t->at_ms = 0;
}

/** Until somebody sets l->ended.  ERR_IO. */
int loop_run(struct loop *l, struct err *err);

#endif
