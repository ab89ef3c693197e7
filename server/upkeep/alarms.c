/* SPDX-License-Identifier: Apache-2.0 */
/* alarms: see alarms.h. */
#include "upkeep/alarms.h"

#include <inttypes.h>
#include <stdlib.h>

#include "api/journal.h"
#include "base/array.h"
#include "base/bytes.h"
#include "os/os.h"
#include "upkeep/message.h"
#include "wire/wire.h"

#define ALARMS_MAX (1u << 20)

struct alarm_list {
	struct catalog_alarm *at; /* owned */
	size_t n, cap;
};

static void
alarm_list_clear(struct alarm_list *l)
{
	free(l->at);
	*l = (struct alarm_list){ 0 };
}

static int
add(struct alarm_list *l, const struct catalog_alarm *a, struct err *err)
{
	if (array_reserve((void **)&l->at, &l->cap, l->n + 1, sizeof *l->at, ALARMS_MAX, err) < 0)
		return -1;
	l->at[l->n++] = *a;
	return 0;
}

/* One look: what there is, what should be, and what was done about it. */
struct look {
	struct catalog_tx *tx;
	enum alarms_depth depth;
	int64_t now_unix_ms;
	struct alarm_list standing, wanted, raised, ended;
	struct alarms_counts counts;
};

static void
look_clear(struct look *l)
{
	alarm_list_clear(&l->standing);
	alarm_list_clear(&l->wanted);
	alarm_list_clear(&l->raised);
	alarm_list_clear(&l->ended);
}
AUTO_OBJ(look_clear, struct look);

static int
want(struct look *l, struct catalog_alarm a, struct err *err)
{
	a.raised_unix_ms = l->now_unix_ms;
	if (!a.since_unix_ms)
		a.since_unix_ms = l->now_unix_ms;
	return add(&l->wanted, &a, err);
}

/* --- what should be told --- */

static int
want_of_device(void *ctx, const struct catalog_device *d, struct err *err)
{
	struct look *l = ctx;
	struct catalog_alarm a = { .account = d->account, .device = d->device };
	bool overdue = d->period_ms > 0 &&
		       d->came_ms + d->period_ms + d->grace_ms <= l->tx->ops->clock(l->tx);

	if (overdue) {
		a.kind = ALARM_SILENCE;
		a.since_unix_ms = d->seen_unix_ms;
		a.mark_ms = d->came_ms;
		a.number = (uint32_t)(d->period_ms / 1000);
		if (want(l, a, err) < 0)
			return -1;
	}
	if (d->drill != WIRE_DRILL_FAILED)
		return 0;
	a = (struct catalog_alarm){ .account = d->account,
				    .device = d->device,
				    .kind = ALARM_DRILL };
	return want(l, a, err);
}

static int
want_of_folders(void *ctx, const struct catalog_alarm *held, struct err *err)
{
	return want(ctx, *held, err);
}

static unsigned
percent_used(const struct catalog_account *a)
{
	if (a->used_bytes >= a->quota_bytes)
		return 100;
	return (unsigned)((double)a->used_bytes * 100 / (double)a->quota_bytes);
}

/* In how many days the quota is reached; -1: it does not grow, or that is not known. */
static int64_t
days_left(const struct catalog_account *a, const struct catalog_growth *g, int64_t today)
{
	int64_t days = today - g->day, recent_days = today - g->recent_day;

	if (days < ALARMS_GROWTH_DAYS || recent_days < ALARMS_RECENT_DAYS ||
	    g->day == g->recent_day)
		return -1;
	double rate = ((double)a->used_bytes - (double)g->bytes) / (double)days;
	double recent = ((double)a->used_bytes - (double)g->recent_bytes) / (double)recent_days;
	double slower = recent < rate ? recent : rate;
	double left = a->quota_bytes > a->used_bytes ? (double)(a->quota_bytes - a->used_bytes) : 0;

	return slower >= 1 && left / slower < 36500 ? (int64_t)(left / slower) : -1;
}

/* The account's growth, noted for today. */
static int
note_growth(struct catalog_growth *g, struct look *l, const struct catalog_account *a,
	    int64_t today, struct err *err)
{
	int rc = l->tx->ops->growth_get(l->tx, g, &a->account, err);

	if (rc < 0 || (rc == 0 && today - g->recent_day < ALARMS_GROWTH_DAYS))
		return rc;
	*g = (struct catalog_growth){
		.account = a->account,
		.day = rc == 0 ? g->recent_day : today,
		.bytes = rc == 0 ? g->recent_bytes : a->used_bytes,
		.recent_day = today,
		.recent_bytes = a->used_bytes,
	};
	return l->tx->ops->growth_put(l->tx, g, err);
}

static int
want_of_account(struct look *l, const struct catalog_account *a, struct err *err)
{
	int64_t today = l->tx->ops->clock(l->tx) / RETENTION_DAY_MS;
	struct catalog_alarm alarm = { .account = a->account };
	struct catalog_growth g;
	unsigned percent = percent_used(a);

	if (note_growth(&g, l, a, today, err) < 0)
		return -1;
	/* Below the limits at which they are raised these only keep what stands from ending. */
	if (percent >= ALARMS_QUOTA_PERCENT_END) {
		alarm.kind = ALARM_QUOTA;
		alarm.number = percent;
		alarm.mark_ms = percent < ALARMS_QUOTA_PERCENT;
		if (want(l, alarm, err) < 0)
			return -1;
	}
	int64_t days = days_left(a, &g, today);
	if (days < 0 || days > ALARMS_FILLS_DAYS_END)
		return 0;
	alarm.kind = ALARM_FILLS;
	alarm.number = (uint32_t)days;
	alarm.mark_ms = days > ALARMS_FILLS_DAYS;
	return want(l, alarm, err);
}

struct accounts {
	struct catalog_account *at;
	size_t n, cap;
};

static int
add_account(void *ctx, const struct catalog_account *a, struct err *err)
{
	struct accounts *list = ctx;

	if (array_reserve((void **)&list->at, &list->cap, list->n + 1, sizeof *list->at, ALARMS_MAX,
			  err) < 0)
		return -1;
	list->at[list->n++] = *a;
	return 0;
}

/* Read first: rows are written meanwhile. */
static int
want_of_accounts(struct look *l, struct err *err)
{
	struct accounts list = { 0 };
	int rc = l->tx->ops->accounts(l->tx, add_account, &list, err);

	for (size_t i = 0; i < list.n && rc == 0; i++)
		rc = want_of_account(l, &list.at[i], err);
	free(list.at);
	return rc;
}

/* --- what is done about it --- */

static int
take_standing(void *ctx, const struct catalog_alarm *a, struct err *err)
{
	struct look *l = ctx;

	return add(&l->standing, a, err);
}

static bool
is_wanted(const struct look *l, const struct catalog_alarm *a)
{
	for (size_t i = 0; i < l->wanted.n; i++) {
		const struct catalog_alarm *w = &l->wanted.at[i];
		if (w->kind == a->kind && id16_equal(&w->account, &a->account) &&
		    id16_equal(&w->device, &a->device))
			return true;
	}
	return false;
}

/* Whether the condition of an alarm is over.  A silence ends by the device's coming and by nothing
 * else: that the server gave it more time afterwards does not bring it back. */
static int
is_over(bool *over, struct look *l, const struct catalog_alarm *a, struct err *err)
{
	struct catalog_device d;

	*over = false;
	if (a->kind == ALARM_QUOTA || a->kind == ALARM_FILLS || a->kind == ALARM_HOLD) {
		*over = l->depth == ALARMS_ALL && !is_wanted(l, a);
		return 0;
	}
	int rc = l->tx->ops->device_get(l->tx, &d, &a->account, &a->device, err);
	if (rc == 0)
		*over = a->kind == ALARM_SILENCE ? d.came_ms != a->mark_ms
						 : d.drill != WIRE_DRILL_FAILED;
	return rc < 0 ? -1 : 0;
}

static int
end_what_is_over(struct look *l, struct err *err)
{
	bool over;

	for (size_t i = 0; i < l->standing.n; i++) {
		const struct catalog_alarm *a = &l->standing.at[i];

		if (is_over(&over, l, a, err) < 0)
			return -1;
		l->counts.standing += !over;
		if (!over)
			continue;
		if (l->tx->ops->alarm_end(l->tx, a->id, l->now_unix_ms, err) < 0 ||
		    add(&l->ended, a, err) < 0)
			return -1;
		l->counts.ended++;
	}
	return 0;
}

static int
raise_what_is_wanted(struct look *l, struct err *err)
{
	for (size_t i = 0; i < l->wanted.n; i++) {
		struct catalog_alarm *a = &l->wanted.at[i];
		bool below = (a->kind == ALARM_QUOTA || a->kind == ALARM_FILLS) && a->mark_ms;

		if (below)
			continue;
		int rc = l->tx->ops->alarm_raise(l->tx, a, err);
		if (rc < 0 || (rc == 0 && add(&l->raised, a, err) < 0))
			return -1;
		l->counts.raised += rc == 0;
		l->counts.standing += rc == 0;
	}
	return 0;
}

static int
look_run(struct catalog_tx *tx, void *ctx, struct err *err)
{
	struct look *l = ctx;
	const struct catalog_ops *ops = tx->ops;

	l->tx = tx;
	l->counts = (struct alarms_counts){ 0 };
	l->standing.n = l->wanted.n = l->raised.n = l->ended.n = 0;
	if (ops->alarms_prune(tx, err) < 0 ||
	    ops->devices_worrying(tx, want_of_device, l, err) < 0 ||
	    (l->depth == ALARMS_ALL && (ops->devices_held(tx, want_of_folders, l, err) < 0 ||
					want_of_accounts(l, err) < 0)) ||
	    ops->alarms(tx, NULL, take_standing, l, err) < 0)
		return -1;
	return end_what_is_over(l, err) < 0 ? -1 : raise_what_is_wanted(l, err);
}

/* --- telling --- */

static void
tell(const struct alarm_list *l, const char *what)
{
	for (size_t i = 0; i < l->n; i++) {
		const struct catalog_alarm *a = &l->at[i];
		struct id16_hex device = id16_hex(&a->device);

		journal("alarm: %s: %s: account %s%s%s", what, alarm_kind_name(a->kind),
			id16_hex(&a->account).s, id16_is_zero(&a->device) ? "" : ", device ",
			id16_is_zero(&a->device) ? "" : device.s);
	}
}

int
alarms_look(struct alarms_counts *out, struct catalog *c, enum alarms_depth depth, struct err *err)
{
	AUTO(look_clear) struct look l = { .depth = depth, .now_unix_ms = os->now_unix_ms() };

	if (catalog_write(c, look_run, &l, err) < 0)
		return -1;
	tell(&l.ended, "ended");
	tell(&l.raised, "raised");
	*out = l.counts;
	return 0;
}

/* --- being awake --- */

#define AWAKE "awake" /* setting: the wall clock (8), the retention clock (8) when it last ran */

struct awake {
	bool start;
	int64_t now_unix_ms;
	int64_t away_ms;
};

/* How long nothing ran.  A server that was stopped is away by the wall clock; a machine that slept by
 * the retention clock: between two calls hours went by on it. */
static int64_t
away(const struct awake *a, int64_t wall_ms, int64_t clock_ms, int64_t clock_now_ms)
{
	int64_t wall = a->now_unix_ms - wall_ms, clock = clock_now_ms - clock_ms;

	if (!a->start)
		return clock >= ALARMS_AWAY_MS ? clock : 0;
	if (wall < 0)
		return -1;
	return wall >= ALARMS_AWAY_MS ? wall : 0;
}

static int
awake_run(struct catalog_tx *tx, void *ctx, struct err *err)
{
	AUTO(buf_clear) struct buf was = BUF_INIT(16);
	AUTO(buf_clear) struct buf is = BUF_INIT(16);
	struct awake *a = ctx;
	int rc = tx->ops->setting_get(tx, AWAKE, &was, err);

	a->away_ms = 0;
	if (rc < 0)
		return -1;
	if (rc == 0 && was.n == 16)
		a->away_ms = away(a, (int64_t)get_u64(was.p), (int64_t)get_u64(was.p + 8),
				  tx->ops->clock(tx));
	if (a->away_ms &&
	    tx->ops->devices_grace(tx, a->start ? 0 : a->away_ms, ALARMS_GRACE_MS, err) < 0)
		return -1;
	if (buf_append_u64(&is, (uint64_t)a->now_unix_ms, err) < 0 ||
	    buf_append_u64(&is, (uint64_t)tx->ops->clock(tx), err) < 0)
		return -1;
	return tx->ops->setting_put(tx, AWAKE, buf_span(&is), err);
}

int
alarms_awake(int64_t *away_ms, struct catalog *c, bool start, struct err *err)
{
	struct awake a = { .start = start, .now_unix_ms = os->now_unix_ms() };

	if (catalog_write(c, awake_run, &a, err) < 0)
		return -1;
	*away_ms = a.away_ms;
	return 0;
}
