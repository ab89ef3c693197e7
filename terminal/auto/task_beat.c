/* SPDX-License-Identifier: Apache-2.0 */
/*
 * task_beat: the task `beat`: tells the server that this terminal lives, and within how long it will come
 * again, so that the server can tell somebody when it does not.
 *
 * What is promised is more than what is done: a beat goes out once in BEAT_MS (or in the plan's period, if that
 * is longer) in which nothing else was sent, and the server is told to expect the terminal within twice as long
 * and a day: a weekend without a link is no alarm.  After a change of the plan, or of what the last drill
 * found, it goes at once; `auto off` itself sends the last one, which says that nothing is to be expected.
 *
 * It waits for a link and for nothing else: it is some hundred bytes, and a terminal that is only ever on a
 * metered link, or never charged, is to be missed too.
 *
 * Settings: local-auto-beat-said, "EXPECT DRILL AT": what the server knows (struct wire_beat); local-auto-contact:
 * when it was told anything last.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "account/notices.h"
#include "auto/task.h"
#include "box/drills.h"
#include "box/identity.h"
#include "box/settings.h"
#include "remote/remote.h"

#define SAID "local-auto-beat-said"

#define BEAT_MS SCHEDULE_DAY_MS

/* --- what is to be said --- */

/* Once in how long something is sent, where the plan has its way. */
static int64_t
interval_ms(const struct auto_plan *plan)
{
	return plan->every_ms > BEAT_MS ? plan->every_ms : BEAT_MS;
}

static uint32_t
expect_s(const struct auto_plan *plan)
{
	int64_t s;

	if (plan->mode == AUTO_OFF)
		return 0;
	s = (2 * interval_ms(plan) + SCHEDULE_DAY_MS) / 1000;
	return s > WIRE_EXPECT_S_MAX ? WIRE_EXPECT_S_MAX : (uint32_t)s;
}

static int
wanted(struct wire_beat *out, const struct auto_plan *plan, struct box *box, struct err *err)
{
	struct drill_done newest;
	int rc = drill_done_newest(&newest, box, err);

	*out = (struct wire_beat){ .expect_s = expect_s(plan) };
	if (rc)
		return rc < 0 ? -1 : 0;
	out->drill = newest.failed ? WIRE_DRILL_FAILED : WIRE_DRILL_PASSED;
	out->drill_unix_ms = newest.at_unix_ms > 0 ? (uint64_t)newest.at_unix_ms : 0;
	return 0;
}

/* --- what was said --- */

/* False, and nothing expected, where nothing was said yet. */
static int
said(bool *any, struct wire_beat *out, struct box *box, struct err *err)
{
	AUTO(buf_clear) struct buf value = BUF_INIT(SETTING_VALUE_MAX);
	unsigned expect = 0, drill = 0;
	uint64_t at = 0;

	if (setting_get(&value, box, SAID, err) < 0)
		return -1;
	*any = sscanf(buf_str(&value), "%u %u %" SCNu64, &expect, &drill, &at) == 3 &&
	       drill <= WIRE_DRILL_FAILED;
	*out = (struct wire_beat){ .expect_s = expect };
	out->drill = (enum wire_drill)drill;
	out->drill_unix_ms = at;
	return 0;
}

static int
note_said(struct box *box, const struct wire_beat *b, struct err *err)
{
	char text[64];

	snprintf(text, sizeof text, "%" PRIu32 " %u %" PRIu64, b->expect_s, (unsigned)b->drill,
		 b->drill_unix_ms);
	return setting_set(box, SAID, span_str(text), err);
}

/* Another drill that went like the one before is told with the next beat. */
static bool
is_same(const struct wire_beat *a, const struct wire_beat *b)
{
	return a->expect_s == b->expect_s && a->drill == b->drill;
}

/* --- the task --- */

int
task_beat_next(struct auto_when *out, const struct auto_look *look, const struct auto_past *past,
	       struct err *err)
{
	struct auto_plan any_time = AUTO_PLAN_INIT; /* no hours, no conditions but a link */
	struct auto_past newest = *past;
	struct wire_beat was, is;
	struct moment contact;
	bool told;

	*out = (struct auto_when){ AUTO_NOT_PLANNED, 0 };
	if (said(&told, &was, look->box, err) < 0 || wanted(&is, &look->plan, look->box, err) < 0 ||
	    auto_contact_get(&contact, look->box, err) < 0)
		return -1;
	if (!is.expect_s && !was.expect_s)
		return 0; /* nothing is expected, and nothing is to be */
	if (moment_unix_ms(&contact, &look->now) > moment_unix_ms(&past->done, &look->now))
		newest.done = contact;
	if (!told || !is_same(&was, &is))
		newest.done = (struct moment){ 0 }; /* the server does not know it yet */
	*out = schedule_period(interval_ms(&look->plan), &any_time, &newest, &look->conditions,
			       &look->now);
	return 0;
}

/* The server knows this terminal's newest backup, or a later one than it acknowledged. */
static int
check_answer(const struct wire_beat_answer *a, const struct identity *me, struct err *err)
{
	if (a->seq >= me->acked_seq)
		return 0;
	err_set(err, ERR_ALARM,
		"the server has batch %" PRIu64 " of this terminal, and had acknowledged batch "
		"%" PRIu64,
		a->seq, me->acked_seq);
	return err_hint(err, "cloudbox backup says how to go on");
}

static int
note_notices(struct auto_run *run, struct err *err)
{
	struct account_notice notices[WIRE_NOTICES_MAX];
	size_t n;

	if (account_notices_keep(run->box, run->remote, err) < 0 ||
	    account_notices_new(notices, &n, run->box, err) < 0)
		return -1;
	for (size_t i = 0; i < n; i++)
		auto_note(run, notices[i].text);
	return 0;
}

int
task_beat_run(struct auto_run *run, struct err *err)
{
	struct remote *remote = auto_remote(run, err);
	struct wire_beat_answer answer;
	const struct identity *me;
	struct wire_beat beat;
	struct moment now = moment_now();

	if (!remote || box_identity_need(&me, run->box, err) < 0 ||
	    wanted(&beat, run->plan, run->box, err) < 0)
		return -1;
	memcpy(beat.account.b, me->account, sizeof beat.account.b);
	memcpy(beat.device.b, me->device, sizeof beat.device.b);
	struct remote_traffic before = remote_traffic(remote);
	int rc = remote_beat(remote, &beat, me->dsk, &answer, err);
	struct remote_traffic after = remote_traffic(remote);
	run->result.bytes_sent = after.bytes_sent - before.bytes_sent;
	run->result.bytes_received = after.bytes_received - before.bytes_received;
	if (rc < 0 || note_said(run->box, &beat, err) < 0 ||
	    auto_contact_note(run->box, &now, err) < 0 || note_notices(run, err) < 0 ||
	    check_answer(&answer, me, err) < 0)
		return -1;
	return task_follow(run, answer.log_length, err);
}
