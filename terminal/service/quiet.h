/* SPDX-License-Identifier: Apache-2.0 */
/*
 * quiet: when, after changes were seen, it is time to look.
 *
 * An app writes in many small steps, so nothing is done before 5 seconds without one; but 30 seconds after the first at
 * the latest.  A folder that never rests (a log, a download) must not keep the terminal at work: after a look there is a
 * pause of 30 seconds; a change within it makes the next one twice as long, up to 15 minutes; without one it is 30
 * seconds again.
 *
 * Pure: moments are os->uptime_ms(), and come from the caller.
 */
#ifndef SERVICE_QUIET_H
#define SERVICE_QUIET_H

#include <stdbool.h>
#include <stdint.h>

#define QUIET_MS        (5 * 1000)
#define QUIET_MOST_MS   (30 * 1000)
#define QUIET_PAUSE_MS  (30 * 1000) /* between a look and the next */
#define QUIET_PAUSE_MAX (15 * 60 * 1000)

/* All zero at first. */
struct quiet {
	int64_t first_ms, last_ms; /* of the changes that wait for a look; 0: there are none */
	int64_t looked_ms;         /* 0: never */
	int64_t pause_ms;          /* after that look; 0: none */
};

/** A change was seen. */
void quiet_change(struct quiet *q, int64_t now_ms);

/** The moment at which to look; 0: nothing waits for one. */
int64_t quiet_until(const struct quiet *q);

/** True, and the changes are done with: it is time. */
bool quiet_over(struct quiet *q, int64_t now_ms);

#endif
