/* SPDX-License-Identifier: Apache-2.0 */
/*
 * task_purge: the task `purge`: originals and held values older than --keep-originals go.
 *
 * What a restore put aside cannot be had again, and the wall clock may be years ahead for a day.  So that clock
 * alone does not make anything old: at each PURGE_MARKS-th of the time to keep this task marks what there was,
 * and only what lay there so many marks ago and is too old by the clock goes.  A clock that jumps ahead makes it
 * one mark older; a terminal that is off for a year keeps it the longer.
 *
 * The marks are the numbers of the newest originals at each, in the setting `local-auto-purge-marks`, oldest
 * first, after the time to keep that they stand for: another one begins anew.
 */
#include <inttypes.h>
#include <stdio.h>

#include "auto/task.h"
#include "box/originals.h"
#include "box/settings.h"

#define MARKS_KEY   "local-auto-purge-marks"
#define PURGE_MARKS 30

struct marks {
	int64_t keep_ms;
	int64_t number[PURGE_MARKS + 1];
	size_t n;
};

static int64_t
keep_ms(const struct auto_plan *plan)
{
	return plan->keep_originals_ms ? plan->keep_originals_ms : PLAN_KEEP_MS;
}

static int
get_marks(struct marks *out, struct box *b, int64_t keep, struct err *err)
{
	AUTO(buf_clear) struct buf value = BUF_INIT(SETTING_VALUE_MAX);
	const char *at;
	int used;

	*out = (struct marks){ .keep_ms = keep };
	if (setting_get(&value, b, MARKS_KEY, err) < 0)
		return -1;
	at = buf_str(&value);
	if (sscanf(at, "%" SCNd64 "%n", &out->keep_ms, &used) != 1 || out->keep_ms != keep) {
		out->keep_ms = keep;
		return 0;
	}
	for (at += used; out->n < PURGE_MARKS; at += used)
		if (sscanf(at, "%" SCNd64 "%n", &out->number[out->n], &used) != 1)
			break;
		else
			out->n++;
	return 0;
}

static int
set_marks(struct box *b, const struct marks *m, struct err *err)
{
	AUTO(buf_clear) struct buf value = BUF_INIT(SETTING_VALUE_MAX);

	if (buf_append_fmt(&value, err, "%" PRId64, m->keep_ms) < 0)
		return -1;
	for (size_t i = 0; i < m->n; i++)
		if (buf_append_fmt(&value, err, " %" PRId64, m->number[i]) < 0)
			return -1;
	return setting_set(b, MARKS_KEY, buf_span(&value), err);
}

int
task_purge_next(struct auto_when *out, const struct auto_look *look, const struct auto_past *past,
		struct err *err)
{
	const struct auto_plan any_time = AUTO_PLAN_INIT;
	const struct auto_conditions anywhere = AUTO_CONDITIONS_INIT;
	int64_t newest;

	*out = (struct auto_when){ AUTO_NOT_PLANNED, 0 };
	if (kept_newest(&newest, look->box, err) < 0)
		return -1;
	if (newest)
		*out = schedule_period(keep_ms(&look->plan) / PURGE_MARKS, &any_time, past,
				       &anywhere, &look->now);
	return 0;
}

int
task_purge_run(struct auto_run *run, struct err *err)
{
	int64_t keep = keep_ms(run->plan), newest;
	struct marks m;

	if (get_marks(&m, run->box, keep, err) < 0 || kept_newest(&newest, run->box, err) < 0)
		return -1;
	m.number[m.n++] = newest;
	if (m.n > PURGE_MARKS) {
		if (kept_purge_up_to(&run->result.items, run->box, m.number[0],
				     moment_now().unix_ms - keep, err) < 0)
			return -1;
		memmove(m.number, m.number + 1, --m.n * sizeof *m.number);
	}
	return set_marks(run->box, &m, err);
}
