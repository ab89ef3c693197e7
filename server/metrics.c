/* SPDX-License-Identifier: Apache-2.0 */
/* metrics: see metrics.h. */
#include "metrics.h"

#include <inttypes.h>

#define TEXT_BYTES_MAX 65536

/* One number of a name of its own. */
static int
put(struct buf *out, const char *name, const char *type, const char *help, uint64_t n,
    struct err *err)
{
	return buf_append_fmt(
		out, err, "# HELP cloudbox_%s %s\n# TYPE cloudbox_%s %s\ncloudbox_%s %" PRIu64 "\n",
		name, help, name, type, name, n);
}

struct stock {
	struct catalog_usage usage;
	uint64_t deliveries;
	int64_t clock_ms;
};

static int
read_stock(struct catalog_tx *tx, void *ctx, struct err *err)
{
	struct stock *s = ctx;

	s->clock_ms = tx->ops->clock(tx);
	if (tx->ops->deliveries_count(tx, &s->deliveries, err) < 0)
		return -1;
	return tx->ops->usage(tx, &s->usage, err);
}

static int
put_stock(struct buf *out, const struct metrics *m, struct err *err)
{
	struct stock s = { 0 };
	uint64_t free_bytes, total_bytes;

	if (catalog_read(m->catalog, read_stock, &s, err) < 0 ||
	    m->blobs->ops->room(m->blobs, &free_bytes, &total_bytes, err) < 0)
		return -1;
	if (put(out, "accounts", "gauge", "Accounts.", s.usage.accounts, err) < 0 ||
	    put(out, "stored_bytes", "gauge", "Bytes of records and objects.", s.usage.bytes, err) <
		    0 ||
	    put(out, "objects", "gauge", "Objects of chunks.", s.usage.objects, err) < 0 ||
	    put(out, "disk_free_bytes", "gauge", "Free bytes where objects lie.", free_bytes, err) <
		    0 ||
	    put(out, "disk_bytes", "gauge", "Bytes of the file system where objects lie.",
		total_bytes, err) < 0 ||
	    put(out, "alarms_waiting", "gauge", "Things to be told to people that wait.",
		s.deliveries, err) < 0)
		return -1;
	return put(out, "retention_clock_seconds", "counter", "The clock by which things grow old.",
		   (uint64_t)s.clock_ms / 1000, err);
}

static int
put_upkeep(struct buf *out, const struct metrics *m, struct err *err)
{
	struct keeper_counts c;

	keeper_counts(m->keeper, &c);
	if (put(out, "tidyings_total", "counter", "Times that it was tidied.", c.tidyings, err) <
		    0 ||
	    put(out, "tidied_timestamp_seconds", "gauge", "When it was tidied last.",
		(uint64_t)c.tidied_unix_ms / 1000, err) < 0 ||
	    put(out, "cleared_versions_total", "counter", "Versions cleared away.",
		c.tidied.versions, err) < 0 ||
	    put(out, "cleared_objects_total", "counter", "Objects removed.", c.tidied.objects,
		err) < 0 ||
	    put(out, "held_folders", "gauge", "Folders in which clearing stands still.",
		c.tidied.held, err) < 0 ||
	    put(out, "scrubbed_objects_total", "counter", "Objects read again.", c.scrubbed, err) <
		    0)
		return -1;
	return put(out, "damaged_total", "counter", "Damage found by reading again.", c.damaged,
		   err);
}

static int
put_alarms(struct buf *out, const struct metrics *m, struct err *err)
{
	struct keeper_counts k;
	struct messenger_counts c;

	keeper_counts(m->keeper, &k);
	messenger_counts(m->messenger, &c);
	if (put(out, "alarms_raised_total", "counter", "Alarms raised.", k.alarms_raised, err) <
		    0 ||
	    put(out, "alarms_standing", "gauge", "Alarms that stand.", k.alarms_standing, err) <
		    0 ||
	    put(out, "alarm_mails_total", "counter", "Mails sent.", c.mails, err) < 0 ||
	    put(out, "alarm_webhooks_total", "counter", "Webhooks that were posted to.", c.webhooks,
		err) < 0 ||
	    put(out, "alarm_failures_total", "counter", "Mails and webhooks that failed, each try.",
		c.failed, err) < 0)
		return -1;
	return put(out, "alarms_given_up_total", "counter", "Things that nobody could be told.",
		   c.given_up, err);
}

/* A route's path as a label: ours, without anybody's ids. */
static int
put_answers(struct buf *out, const char *path, const uint64_t answers[static 6], struct err *err)
{
	static const char *const classes[] = { "none", "1xx", "2xx", "3xx", "4xx", "5xx" };

	for (unsigned i = 0; i < 6; i++)
		if (answers[i] &&
		    buf_append_fmt(out, err,
				   "cloudbox_requests_total{route=\"%s\",status=\"%s\"} %" PRIu64
				   "\n",
				   path, classes[i], answers[i]) < 0)
			return -1;
	return 0;
}

static int
put_requests(struct buf *out, const struct metrics *m, const struct http_route *routes,
	     struct err *err)
{
	struct http_counts c;

	http_counts(m->http, &c);
	if (put(out, "requests_under_way", "gauge", "Requests under way.", c.under_way, err) < 0 ||
	    buf_append_str(out,
			   "# HELP cloudbox_requests_total Requests that ended.\n"
			   "# TYPE cloudbox_requests_total counter\n",
			   err) < 0)
		return -1;
	for (size_t i = 0; routes[i].path; i++)
		if (put_answers(out, routes[i].path, c.answers[i], err) < 0)
			return -1;
	return put_answers(out, "none", c.answers[HTTP_ROUTES_MAX], err);
}

static void
metrics_end(struct exchange *x)
{
	AUTO(buf_clear) struct buf text = BUF_INIT(TEXT_BYTES_MAX);
	const struct metrics *m = x->server;
	struct err err;

	if (put_stock(&text, m, &err) < 0 || put_upkeep(&text, m, &err) < 0 ||
	    put_alarms(&text, m, &err) < 0 ||
	    put_requests(&text, m, http_routes(m->http), &err) < 0)
		http_fail(x, &err);
	else
		http_answer_text(x, 200, "text/plain; version=0.0.4", &text);
}

static void
healthz_end(struct exchange *x)
{
	AUTO(buf_clear) struct buf body = BUF_INIT(16);
	struct err err;

	if (buf_append_str(&body, "ok\n", &err) < 0)
		http_fail(x, &err);
	else
		http_answer_text(x, 200, "text/plain", &body);
}

const struct http_route metrics_routes[] = {
	{ "/metrics", HTTP_GET, .end = metrics_end },
	{ "/healthz", HTTP_GET, .end = healthz_end },
	{ .path = NULL },
};
