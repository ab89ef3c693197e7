/* SPDX-License-Identifier: Apache-2.0 */
/* weather: see weather.h. */
#include "service/weather.h"

#include <stddef.h>

#include "os/os.h"

static void
let_go(struct weather *w)
{
	if (w->fd.fd >= 0)
		loop_remove(w->loop, &w->fd);
	w->fd.fd = -1;
	auto_source_free(w->source);
	w->source = NULL;
}

static void
try_later(struct weather *w)
{
	let_go(w);
	w->failed_ms = os->uptime_ms();
	if (!w->was_there)
		return;
	loop_wait(&w->again, w->pause_ms);
	w->pause_ms =
		w->pause_ms * 2 < WEATHER_AGAIN_MAX_MS ? w->pause_ms * 2 : WEATHER_AGAIN_MAX_MS;
}

static void
take(void *ctx)
{
	struct weather *w = ctx;
	int rc = auto_source_take(w->source);

	if (rc == AUTO_SOURCE_GONE)
		try_later(w);
	if (rc)
		w->changed(w->ctx);
}

static void
come_back(void *ctx)
{
	struct weather *w = ctx;

	w->failed_ms = 0;
	w->changed(w->ctx); /* who then reads, and so connects */
}

static void
connect_bus(struct weather *w)
{
	struct err ignored;

	if (w->source || w->again.at_ms ||
	    (w->failed_ms && os->uptime_ms() - w->failed_ms < WEATHER_AGAIN_MS))
		return;
	w->source = auto_source_open();
	w->fd.fd = w->source ? auto_source_watch(w->source) : -1;
	if (w->fd.fd < 0 || auto_source_take(w->source) == AUTO_SOURCE_GONE ||
	    loop_add(w->loop, &w->fd, &ignored) < 0) {
		w->fd.fd = -1;
		try_later(w);
		return;
	}
	w->was_there = true;
	w->failed_ms = 0;
	w->pause_ms = WEATHER_AGAIN_MS;
}

void
weather_init(struct weather *w, struct loop *loop, void (*changed)(void *ctx), void *ctx)
{
	*w = (struct weather){ .loop = loop,
			       .fd = { .fd = -1, .ready = take, .ctx = w },
			       .again = { .ready = come_back, .ctx = w },
			       .pause_ms = WEATHER_AGAIN_MS,
			       .changed = changed,
			       .ctx = ctx };
	loop_add_timer(loop, &w->again);
}

void
weather_clear(struct weather *w)
{
	if (w->loop)
		let_go(w);
}

void
weather_read(struct auto_conditions *out, struct weather *w)
{
	connect_bus(w);
	auto_source_read(out, w->source);
	if (w->source)
		take(w); /* what came between the answers is on the descriptor no more */
}

void
weather_rest(struct weather *w)
{
	let_go(w);
	loop_off(&w->again);
}
