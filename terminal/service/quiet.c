/* SPDX-License-Identifier: Apache-2.0 */
/* quiet: see quiet.h. */
#include "service/quiet.h"

void
quiet_change(struct quiet *q, int64_t now_ms)
{
	if (!q->first_ms)
		q->first_ms = now_ms;
	q->last_ms = now_ms;
}

/* Without the pause. */
static int64_t
rest(const struct quiet *q)
{
	int64_t quiet = q->last_ms + QUIET_MS, most = q->first_ms + QUIET_MOST_MS;

	return quiet < most ? quiet : most;
}

int64_t
quiet_until(const struct quiet *q)
{
	int64_t paused = q->looked_ms + q->pause_ms;

	if (!q->first_ms)
		return 0;
	return rest(q) > paused ? rest(q) : paused;
}

static int64_t
next_pause(const struct quiet *q)
{
	if (!q->pause_ms || q->first_ms >= q->looked_ms + q->pause_ms)
		return QUIET_PAUSE_MS;
	return 2 * q->pause_ms < QUIET_PAUSE_MAX ? 2 * q->pause_ms : QUIET_PAUSE_MAX;
}

bool
quiet_over(struct quiet *q, int64_t now_ms)
{
	int64_t until = quiet_until(q);

	if (!until || now_ms < until)
		return false;
	q->pause_ms = next_pause(q);
	q->looked_ms = now_ms;
	q->first_ms = q->last_ms = 0;
	return true;
}
