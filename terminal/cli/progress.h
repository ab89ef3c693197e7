/* SPDX-License-Identifier: Apache-2.0 */
/*
 * progress: one line at the bottom of the terminal while work goes on: items, bytes, rate, time
 * left.  Nothing is shown where standard error is no terminal, or with --json.
 */
#ifndef CLI_PROGRESS_H
#define CLI_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct progress {
	bool shown;       /* somebody is looking */
	int64_t began_ms; /* uptime when the first byte moved: what came before is no rate */
	int64_t last_ms;  /* when the line was last written; 0: never */
};

struct progress_state {
	const char *what; /* translated: "sealing", "sending" */
	uint64_t items_done, items_total;
	uint64_t bytes_done, bytes_total; /* total 0: unknown, only what is done is shown */
};

void progress_begin(struct progress *p, bool shown);

/** Show @s, at most ten times a second. */
void progress_update(struct progress *p, const struct progress_state *s);

/** Take the line away, so that what is printed next starts clean. */
void progress_end(struct progress *p);

/** The line itself, for @elapsed_ms of work: "sending  3 of 12 items  1.2 of 4.0 MB  …". */
void
progress_line(char *out, unsigned long cap, const struct progress_state *s, int64_t elapsed_ms);

#endif
