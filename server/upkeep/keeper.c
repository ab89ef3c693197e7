/* SPDX-License-Identifier: Apache-2.0 */
/* keeper: see keeper.h. */
#include "upkeep/keeper.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "api/journal.h"
#include "base/text.h"
#include "os/os.h"
#include "upkeep/alarms.h"
#include "upkeep/check.h"

#define SCRUB_PAGE 16 /* objects of one view */

struct keeper {
	struct keeper_options options;
	pthread_t thread;
	bool has_thread;
	_Atomic bool stop;

	pthread_mutex_t lock; /* guards what follows */
	pthread_cond_t changed;
	struct keeper_counts counts;

	/* The thread's own. */
	int64_t tidy_at_ms, scrubbed_to_ms; /* time since boot */
	int64_t scrub_row;                  /* the cursor: a device's row and a cid */
	struct hash32 scrub_cid;
	double objects_owed, parts_owed;
	unsigned part;
};

/* --- scrub --- */

struct scrub_page {
	int64_t row;
	struct hash32 after;
	struct catalog_located at[SCRUB_PAGE];
	size_t n;
	unsigned max;
	uint64_t objects; /* there are in all */
};

static int
take_located(void *ctx, const struct catalog_located *l, struct err *err)
{
	struct scrub_page *p = ctx;

	(void)err;
	p->at[p->n++] = *l;
	return 0;
}

static int
read_page(struct catalog_tx *tx, void *ctx, struct err *err)
{
	struct scrub_page *p = ctx;

	p->n = 0;
	return tx->ops->chunks_all(tx, p->row, &p->after, p->max, take_located, p, err);
}

static void
count_damage(struct keeper *k, uint64_t scrubbed, uint64_t damaged)
{
	pthread_mutex_lock(&k->lock);
	k->counts.scrubbed += scrubbed;
	k->counts.damaged += damaged;
	pthread_mutex_unlock(&k->lock);
}

static int
tell_damage(void *ctx, const struct check_damage *d, struct err *err)
{
	struct keeper *k = ctx;

	(void)err;
	journal("scrub: damaged: account %s, device %s, batch %llu, object %s: %s",
		id16_hex(&d->account).s, id16_hex(&d->device).s, (unsigned long long)d->seq,
		d->object, d->reason);
	count_damage(k, 0, 1);
	return 0;
}

/* Everything but objects, once a cycle. */
static int
scrub_rows(struct keeper *k, struct err *err)
{
	uint64_t checked;

	return check_run(k->options.catalog, k->options.blobs, CHECK_ROWS, &k->stop, &checked,
			 tell_damage, k, err);
}

/* The next objects, @n at most; at the end of all it begins anew. */
static int
scrub_some(struct keeper *k, unsigned n, struct err *err)
{
	struct scrub_page p = { .row = k->scrub_row, .after = k->scrub_cid, .max = n };

	if (catalog_read(k->options.catalog, read_page, &p, err) < 0)
		return -1;
	for (size_t i = 0; i < p.n && !k->stop; i++) {
		if (check_object(k->options.catalog, k->options.blobs, &p.at[i], tell_damage, k,
				 err) < 0)
			return -1;
		k->scrub_row = p.at[i].device_row;
		k->scrub_cid = p.at[i].chunk.cid;
		count_damage(k, 1, 0);
	}
	if (p.n == n || k->stop)
		return 0;
	k->scrub_row = 0;
	k->scrub_cid = (struct hash32){ { 0 } };
	return scrub_rows(k, err);
}

static int
read_usage(struct catalog_tx *tx, void *ctx, struct err *err)
{
	return tx->ops->usage(tx, ctx, err);
}

/* As much as the time that has passed is of a cycle. */
static int
scrub(struct keeper *k, int64_t now_ms, struct err *err)
{
	double share = (double)(now_ms - k->scrubbed_to_ms) / (double)SCRUB_MS;
	struct catalog_usage u;

	k->scrubbed_to_ms = now_ms;
	if (share > 1)
		share = 1;
	if (catalog_read(k->options.catalog, read_usage, &u, err) < 0)
		return -1;
	/* One beyond all objects is the turn of the rows. */
	k->objects_owed += share * (double)(u.objects + 1);
	for (; k->objects_owed >= 1 && !k->stop; k->objects_owed -= SCRUB_PAGE)
		if (scrub_some(k,
			       k->objects_owed < SCRUB_PAGE ? (unsigned)k->objects_owed
							    : SCRUB_PAGE,
			       err) < 0)
			return -1;
	if (k->objects_owed < 0)
		k->objects_owed = 0;
	for (k->parts_owed += share * BLOBS_PARTS; k->parts_owed >= 1 && !k->stop;
	     k->parts_owed--) {
		if (tidy_strays(k->options.catalog, k->options.blobs, k->part, k->part + 1, err) <
		    0)
			return -1;
		k->part = (k->part + 1) % BLOBS_PARTS;
	}
	return 0;
}

/* --- tidy --- */

static int
goes_on(void *ctx, struct err *err)
{
	struct keeper *k = ctx;

	return k->stop ? err_set(err, ERR_CANCELLED, "the server stops") : 0;
}

static int
tell_held(void *ctx, const struct id16 *account, const struct id16 *device,
	  const struct id16 *folder, struct err *err)
{
	(void)ctx, (void)err;
	journal("tidy: held: account %s, device %s, folder %s", id16_hex(account).s,
		id16_hex(device).s, id16_hex(folder).s);
	return 0;
}

static void
count_tidied(struct keeper *k, const struct tidy_result *r)
{
	struct tidy_result *to = &k->counts.tidied;

	pthread_mutex_lock(&k->lock);
	k->counts.tidyings++;
	k->counts.tidied_unix_ms = os->now_unix_ms();
	to->versions += r->versions;
	to->batches += r->batches;
	to->chunks += r->chunks;
	to->objects += r->objects;
	to->accounts += r->accounts;
	to->bytes += r->bytes;
	to->held = r->held;
	pthread_mutex_unlock(&k->lock);
}

static int
tidy(struct keeper *k, struct err *err)
{
	const struct tidy_options options = { .between = goes_on, .held = tell_held, .ctx = k };
	struct tidy_result r;

	pthread_mutex_lock(k->options.upkeep);
	int rc = tidy_run(k->options.catalog, k->options.blobs, &options, &r, err);
	pthread_mutex_unlock(k->options.upkeep);
	count_tidied(k, &r);
	if (r.versions || r.objects || r.accounts)
		journal("tidy: cleared %llu versions, %llu objects, %llu accounts",
			(unsigned long long)r.versions, (unsigned long long)r.objects,
			(unsigned long long)r.accounts);
	return rc < 0 ? -1 : keeper_sample(k->options.catalog, k->options.blobs, err);
}

/* --- alarms --- */

static void
note_awake(struct keeper *k, bool start)
{
	struct err err = { 0 };
	int64_t away_ms;

	if (alarms_awake(&away_ms, k->options.catalog, start, &err) < 0)
		journal("alarms: %s", err.msg);
	else if (away_ms > 0)
		journal("alarms: this server was away for %lld hours: whoever is expected has "
			"longer "
			"to come",
			(long long)(away_ms / 3600000));
	else if (away_ms < 0)
		journal("alarms: the clock was set back while this server was stopped: whoever is "
			"expected has longer to come");
}

static void
look_for_alarms(struct keeper *k, enum alarms_depth depth)
{
	struct err err = { 0 };
	struct alarms_counts c;

	if (alarms_look(&c, k->options.catalog, depth, &err) < 0) {
		journal("alarms: %s", err.msg);
		return;
	}
	pthread_mutex_lock(&k->lock);
	k->counts.alarms_raised += c.raised;
	k->counts.alarms_standing = c.standing;
	pthread_mutex_unlock(&k->lock);
	if (k->options.looked && (c.raised || c.ended))
		k->options.looked(k->options.looked_ctx);
}

/* --- samples --- */

struct sampling {
	struct catalog_usage usage;
	uint64_t free_bytes;
};

static int
sample_run(struct catalog_tx *tx, void *ctx, struct err *err)
{
	struct sampling *s = ctx;

	if (tx->ops->usage(tx, &s->usage, err) < 0)
		return -1;
	const struct catalog_sample sample = {
		.day = tx->ops->clock(tx) / RETENTION_DAY_MS,
		.bytes = s->usage.bytes,
		.free = s->free_bytes,
	};
	return tx->ops->sample_put(tx, &sample, err);
}

int
keeper_sample(struct catalog *c, struct blobs *b, struct err *err)
{
	struct sampling s = { 0 };
	uint64_t total_bytes;

	if (b->ops->room(b, &s.free_bytes, &total_bytes, err) < 0)
		return -1;
	return catalog_write(c, sample_run, &s, err);
}

#define FORECAST_DAYS     30
#define FORECAST_DAYS_MIN 7

/* The straight line that fits best: day against bytes. */
struct forecast {
	int64_t today;
	double n, x, y, xx, xy;
	int64_t first, last;
};

static int
add_sample(void *ctx, const struct catalog_sample *s, struct err *err)
{
	struct forecast *f = ctx;
	double x = (double)(s->day - f->today), y = (double)s->bytes;

	(void)err;
	if (s->day < f->today - FORECAST_DAYS)
		return 0;
	if (f->n == 0)
		f->first = s->day;
	f->last = s->day;
	f->n++;
	f->x += x;
	f->y += y;
	f->xx += x * x;
	f->xy += x * y;
	return 0;
}

static int
read_samples(struct catalog_tx *tx, void *ctx, struct err *err)
{
	struct forecast *f = ctx;

	*f = (struct forecast){ .today = tx->ops->clock(tx) / RETENTION_DAY_MS };
	return tx->ops->samples(tx, add_sample, f, err);
}

int
keeper_forecast(int64_t *days, struct catalog *c, uint64_t free_bytes, uint64_t floor_bytes,
		struct err *err)
{
	struct forecast f;

	*days = -1;
	if (catalog_read(c, read_samples, &f, err) < 0)
		return -1;
	if (f.n < 2 || f.last - f.first < FORECAST_DAYS_MIN)
		return 0;
	double slope = (f.n * f.xy - f.x * f.y) / (f.n * f.xx - f.x * f.x); /* bytes a day */
	double room = free_bytes > floor_bytes ? (double)(free_bytes - floor_bytes) : 0;
	if (slope >= 1 && room / slope < 36500)
		*days = (int64_t)(room / slope);
	return 0;
}

/* --- the thread --- */

static int
keep_clock(struct catalog_tx *tx, void *ctx, struct err *err)
{
	(void)ctx;
	if (tx->ops->clock_keep(tx, err) < 0)
		return -1;
	return tx->ops->pairings_expire(tx, tx->ops->clock(tx), err);
}

/* A tick.  What fails is told and tried again: a full disk, say, must not stop the clock. */
static void
tick(struct keeper *k)
{
	int64_t now_ms = os->uptime_ms();
	struct err err = { 0 };

	if (catalog_write(k->options.catalog, keep_clock, NULL, &err) < 0)
		journal("keeping the clock: %s", err.msg);
	note_awake(k, false);
	if (now_ms >= k->tidy_at_ms && !k->stop) {
		k->tidy_at_ms = now_ms + k->options.tidy_ms;
		if (tidy(k, &err) < 0 && !k->stop)
			journal("tidy: %s", err.msg);
		look_for_alarms(k, ALARMS_ALL);
	} else {
		look_for_alarms(k, ALARMS_DEVICES);
	}
	if (!k->stop && scrub(k, now_ms, &err) < 0 && !k->stop)
		journal("scrub: %s", err.msg);
}

/* Until a tick's time has passed, or it is to stop. */
static void
wait_for_tick(struct keeper *k, int64_t ms)
{
	struct timespec until;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += ms / 1000;
	until.tv_nsec += ms % 1000 * 1000000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_sec++;
		until.tv_nsec -= 1000000000;
	}
	pthread_mutex_lock(&k->lock);
	while (!k->stop && pthread_cond_timedwait(&k->changed, &k->lock, &until) == 0)
		;
	pthread_mutex_unlock(&k->lock);
}

static void *
keeper_main(void *arg)
{
	struct keeper *k = arg;
	int64_t tick_ms = k->options.tidy_ms < KEEPER_TICK_MS ? k->options.tidy_ms : KEEPER_TICK_MS;

	note_awake(k, true);
	while (!k->stop) {
		wait_for_tick(k, tick_ms);
		if (!k->stop)
			tick(k);
	}
	return NULL;
}

int
keeper_start(struct keeper **out, const struct keeper_options *options, struct err *err)
{
	struct keeper *k = calloc(1, sizeof *k);
	pthread_condattr_t attr;
	int error;

	if (!k)
		return err_nomem(err);
	k->options = *options;
	if (!k->options.tidy_ms)
		k->options.tidy_ms = KEEPER_TIDY_MS;
	k->scrubbed_to_ms = os->uptime_ms();
	k->tidy_at_ms =
		k->scrubbed_to_ms +
		(k->options.tidy_ms < KEEPER_FIRST_MS ? k->options.tidy_ms : KEEPER_FIRST_MS);
	pthread_mutex_init(&k->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&k->changed, &attr);
	pthread_condattr_destroy(&attr);
	error = pthread_create(&k->thread, NULL, keeper_main, k);
	k->has_thread = error == 0;
	if (error) {
		keeper_stop(k);
		return err_sys(err, error, "cannot start the keeper");
	}
	*out = k;
	return 0;
}

void
keeper_stop(struct keeper *k)
{
	struct err err = { 0 };

	if (!k)
		return;
	pthread_mutex_lock(&k->lock);
	k->stop = true;
	pthread_cond_signal(&k->changed);
	pthread_mutex_unlock(&k->lock);
	if (k->has_thread)
		pthread_join(k->thread, NULL);
	if (catalog_write(k->options.catalog, keep_clock, NULL, &err) < 0)
		journal("keeping the clock: %s", err.msg);
	pthread_cond_destroy(&k->changed);
	pthread_mutex_destroy(&k->lock);
	free(k);
}

void
keeper_counts(struct keeper *k, struct keeper_counts *out)
{
	pthread_mutex_lock(&k->lock);
	*out = k->counts;
	pthread_mutex_unlock(&k->lock);
}
