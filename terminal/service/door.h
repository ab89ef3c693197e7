/* SPDX-License-Identifier: Apache-2.0 */
/*
 * door: the service's end of its socket: who comes in, says one thing, and is answered.
 *
 * A visitor who says nothing is sent away after five seconds, and the ninth at once pushes out the one
 * who has stood there longest: nobody can hold the service up.
 */
#ifndef SERVICE_DOOR_H
#define SERVICE_DOOR_H

#include "base/buf.h"
#include "service/held.h"
#include "service/loop.h"

#define DOOR_VISITORS    8
#define DOOR_PATIENCE_MS 5000

/* What the service does when asked. */
struct door_duties {
	void *ctx;
	void (*look)(void *ctx);
	void (*session_changed)(void *ctx);
	/* Append a JSON object. */
	int (*status)(void *ctx, struct buf *out, struct err *err);
	void (*stranger)(void *ctx); /* somebody of another user was turned away */
};

struct door_visitor {
	struct door *door;
	struct loop_source source; /* fd -1: the place is free */
	int64_t until_ms;
};

struct door {
	struct loop *loop;
	struct held *held;
	struct door_duties duties;
	struct loop_source listener;
	struct loop_timer patience;
	struct door_visitor visitors[DOOR_VISITORS];
	int home_fd;
};

/** Listen in the folder @home_fd, which stays the caller's, as @loop and @held do. */
int door_open(struct door *d, struct loop *loop, int home_fd, struct held *held,
	      const struct door_duties *duties, struct err *err);
/** Send everybody away, remove the socket.  Does nothing to one that is not open. */
void door_close(struct door *d);

#endif
