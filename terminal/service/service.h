/* SPDX-License-Identifier: Apache-2.0 */
/*
 * service: `cloudbox run`: waits, and starts `cloudbox run --once` whenever something is due.
 *
 *     a change, a moment, a condition, the clock, a command ----> look ---- due ----> child
 *                        ^                                          |                   |
 *                        +------------------ nothing due -----------+<------ ended -----+
 *
 * It decides nothing: what is due, and until when what waits, auto/tasks.h says, looked up in the Box, which is
 * open only for that moment.  It sends nothing and reads no app's data.  So it stays small, and whatever may go
 * wrong goes wrong in a child.  A child that leaves behind what is due is started again after 2 seconds, a
 * minute, two, … an hour at most.
 *
 * One service for each Box: HOME/service.lock.  It holds the unlocked session (held.h) and answers at HOME/service
 * (message.h).  SIGTERM and SIGINT end it: its child first, which has ten seconds to come to a good place; SIGHUP
 * makes it look again.
 */
#ifndef SERVICE_SERVICE_H
#define SERVICE_SERVICE_H

#include "base/err.h"

struct auto_look; /* auto/tasks.h */
struct auto_todo;

#define SERVICE_LOCK         "service.lock"
#define SERVICE_GRACE_MS     10000            /* for a child that is to end */
#define SERVICE_GAP_FIRST_MS 2000             /* between a child and the next */
#define SERVICE_GAP_MIN_MS   (60 * 1000)      /* where the next is the third in a row */
#define SERVICE_GAP_MAX_MS   (60 * 60 * 1000) /* however many are */

struct service_request {
	const char *home;         /* of the Box */
	const char *const *child; /* the command line of `run --once`; NULL ends it */
	void *ctx;
	/* A sentence for the log. */
	void (*say)(void *ctx, const char *sentence);
	/* Nothing is due: say what waits for what.  @look is of now, its Box is open. */
	void (*tell_waiting)(void *ctx, const struct auto_look *look, const struct auto_todo *todo);
};

/** Serve until a signal ends it.  0, or -1: ERR_BUSY (another process is this Box's service; the message says
 *  which), box_open()'s, ERR_IO. */
int service_run(const struct service_request *rq, struct err *err);

#endif
