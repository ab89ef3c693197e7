/* SPDX-License-Identifier: Apache-2.0 */
/*
 * weather: the conditions (auto/conditions.h), kept up to date by the bus as long as there is one.
 *
 * A bus that goes away is looked for again after a minute, two, … an hour; all is unknown meanwhile.  One that was
 * never there is looked for whenever the conditions are read, but only once in a minute: a machine without a bus is
 * not woken for it.
 */
#ifndef SERVICE_WEATHER_H
#define SERVICE_WEATHER_H

#include "auto/conditions.h"
#include "service/loop.h"

#define WEATHER_AGAIN_MS     (60 * 1000)
#define WEATHER_AGAIN_MAX_MS (60 * 60 * 1000)

struct weather {
	struct loop *loop;
	struct auto_source *source; /* NULL: no bus */
	struct loop_source fd;      /* -1: nothing to watch */
	struct loop_timer again;
	int64_t pause_ms;
	bool was_there;             /* the bus */
	int64_t failed_ms;          /* of os->uptime_ms(): the newest try that did; 0: none */
	void (*changed)(void *ctx); /* the conditions did, or may have */
	void *ctx;
};

/** Connects to nobody yet.  @w stays where it is. */
void weather_init(struct weather *w, struct loop *loop, void (*changed)(void *ctx), void *ctx);
void weather_clear(struct weather *w);

/** As it is now; connects where there is no connection, unless that failed lately. */
void weather_read(struct auto_conditions *out, struct weather *w);

/** Nobody needs it for now: no connection, no waking. */
void weather_rest(struct weather *w);

#endif
