/* SPDX-License-Identifier: Apache-2.0 */
/* api: the table of calls, and what they have in common (see server.h). */
#include <string.h>

#include "api/journal.h"
#include "api/server.h"
#include "os/os.h"
#include "wire/server_info.h"

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

static void
server_end(struct exchange *x)
{
	AUTO(buf_clear) struct buf body = BUF_INIT(SERVER_INFO_BYTES_MAX);
	struct server_info info;
	struct err err;

	server_info_default(&info);
	strncpy(info.version, server_of(x)->version, sizeof info.version - 1);
	info.unix_ms = (uint64_t)os->now_unix_ms();
	if (server_info_print(&body, &info, &err) < 0)
		http_fail(x, &err);
	else
		http_answer_text(x, 200, "application/json", &body);
}

#define REGISTRATION_BYTES_MAX                                                                     \
	(CRYPTO_ID_BYTES + 4 * 4 + 2 * LOG_ENTRY_BYTES_MAX + 2 * WIRE_WRAP_BYTES_MAX)
#define LOG_POST_BYTES_MAX                                                                         \
	(1 + WIRE_LOG_ENTRIES_MAX * (4 + LOG_ENTRY_BYTES_MAX) + 2 * (4 + WIRE_WRAP_BYTES_MAX))
#define HAVE_BYTES_MAX    (2 * CRYPTO_ID_BYTES + 8 + 4 + 32 * WIRE_HAVE_MAX + CRYPTO_SIGNATURE_BYTES)
#define RECORDS_BYTES_MAX (CRYPTO_ID_BYTES + 1 + 4 + 12 * BATCH_RECORDS_MAX)
#define OBJECTS_BYTES_MAX (4 + (CRYPTO_ID_BYTES + 32) * WIRE_OBJECTS_MAX)
#define UPLOAD_BYTES_MAX  (UINT64_C(1) << 40) /* streamed, nothing is collected */

const struct http_route api_routes[] = {
	{ "/healthz", HTTP_GET, .end = healthz_end },
	{ "/v1/server", HTTP_GET, .end = server_end },
	{ "/v1/accounts", HTTP_POST, .body_max = REGISTRATION_BYTES_MAX, .end = accounts_end,
	  .drop = accounts_drop },
	{ "/v1/login/start", HTTP_POST, .body_max = 64, .end = login_start_end },
	{ "/v1/login/finish", HTTP_POST, .body_max = 256, .end = login_finish_end,
	  .drop = login_finish_drop },
	{ "/v1/wraps", HTTP_GET, .begin = api_begin_get, .end = wraps_end },
	{ "/v1/log", HTTP_GET, .begin = api_begin_any, .end = log_get_end },
	{ "/v1/log", HTTP_POST, .body_max = LOG_POST_BYTES_MAX, .begin = api_begin_get,
	  .end = log_post_end, .drop = log_post_drop },
	{ "/v1/heads", HTTP_GET, .begin = api_begin_any, .end = heads_end },
	{ "/v1/account", HTTP_GET, .begin = api_begin_any, .end = standing_end },
	{ "/v1/beat", HTTP_POST, .body_max = WIRE_BEAT_BYTES, .end = beat_end, .drop = beat_drop },
	{ "/v1/have", HTTP_POST, .body_max = HAVE_BYTES_MAX, .end = have_end, .drop = have_drop },
	{ "/v1/chunks", HTTP_POST, .body_max = UPLOAD_BYTES_MAX, .streamed = true,
	  .begin = chunks_begin, .piece = chunks_piece, .end = chunks_end, .drop = chunks_drop },
	{ "/v1/batches", HTTP_POST, .body_max = BATCH_BYTES_MAX, .begin = batches_begin,
	  .piece = batches_piece, .end = batches_end, .drop = batches_drop },
	{ "/v1/devices/*/items", HTTP_GET, .begin = api_begin_any, .end = items_end,
	  .drop = listing_drop },
	{ "/v1/devices/*/versions", HTTP_GET, .begin = api_begin_any, .end = versions_end,
	  .drop = listing_drop },
	{ "/v1/devices/*/damaged", HTTP_GET, .begin = api_begin_any, .end = damaged_end },
	{ "/v1/records", HTTP_POST, .body_max = RECORDS_BYTES_MAX, .begin = api_begin_any,
	  .end = records_end, .drop = records_drop },
	{ "/v1/item", HTTP_POST, .body_max = 3 * CRYPTO_ID_BYTES, .begin = api_begin_get,
	  .end = item_end },
	{ "/v1/objects", HTTP_POST, .body_max = OBJECTS_BYTES_MAX, .begin = api_begin_any,
	  .end = objects_end, .drop = objects_drop },
	{ "/v1/pair", HTTP_POST, .body_max = CRYPTO_ID_BYTES, .begin = api_begin_any,
	  .end = pair_open_end, .drop = pair_drop },
	{ "/v1/pair/*", HTTP_POST, .body_max = 1 + 4 + WIRE_PAIR_MESSAGE_BYTES_MAX,
	  .end = pair_say_end, .drop = pair_drop },
	{ "/v1/pair/*", HTTP_GET, .end = pair_hear_end, .drop = pair_drop },
	{ .path = NULL },
};

/* --- who asks --- */

struct hash32
api_who(const struct id16 *account)
{
	struct hash32 who = { { 0 } };

	memcpy(who.b, account->b, sizeof account->b);
	return who;
}

bool
api_token(struct exchange *x, struct hash32 *out)
{
	static const char bearer[] = "Bearer ";
	const char *head = http_head(x, "Authorization");

	return head && strncmp(head, bearer, sizeof bearer - 1) == 0 &&
	       hash32_from_hex(out, span_str(head + sizeof bearer - 1));
}

bool
api_session(struct exchange *x, unsigned scopes, struct session *out)
{
	struct hash32 token;

	if (!api_token(x, &token) || !sessions_find(server_of(x)->sessions, token.b, out)) {
		http_refuse(x, PROBLEM_SIGNATURE);
		return false;
	}
	if (!(scopes & (out->scope == LOGIN_PUT ? SCOPE_PUT : SCOPE_GET))) {
		http_refuse(x, PROBLEM_SCOPE);
		return false;
	}
	if (!x->from_budget[HTTP_LET_IN] && !x->from_budget[HTTP_STRANGER])
		x->who = api_who(&out->account);
	return true;
}

void
api_begin_get(struct exchange *x)
{
	struct session s;

	api_session(x, SCOPE_GET, &s);
}

void
api_begin_any(struct exchange *x)
{
	struct session s;

	api_session(x, SCOPE_PUT | SCOPE_GET, &s);
}

uint64_t
room_floor(uint64_t min_free_bytes, uint64_t total_bytes)
{
	const uint64_t least = UINT64_C(2) << 30;

	if (min_free_bytes != UINT64_MAX)
		return min_free_bytes;
	return total_bytes / 20 < least ? least : total_bytes / 20;
}

bool
api_room(struct exchange *x)
{
	const struct server *s = server_of(x);
	uint64_t free_bytes, total_bytes;
	struct err err;

	if (s->blobs->ops->room(s->blobs, &free_bytes, &total_bytes, &err) < 0) {
		http_fail(x, &err);
		return false;
	}
	if (free_bytes >= room_floor(s->min_free_bytes, total_bytes))
		return true;
	http_refuse(x, PROBLEM_DISK);
	return false;
}

/* --- reading and changing --- */

struct reading {
	rule_fn *rule;
	void *ctx;
	struct problem problem;
};

static int
reading_run(struct catalog_tx *tx, void *ctx, struct err *err)
{
	struct reading *r = ctx;

	return r->rule(tx, r->ctx, &r->problem, err);
}

bool
api_read(struct exchange *x, rule_fn *rule, void *ctx)
{
	struct reading r = { .rule = rule, .ctx = ctx };
	struct err err = { 0 };
	int rc = catalog_read(server_of(x)->catalog, reading_run, &r, &err);

	if (rc < 0)
		http_fail(x, &err);
	else if (rc == REFUSED)
		http_problem(x, &r.problem);
	return rc == 0;
}

static int
change_run(struct catalog_tx *tx, struct catalog_job *job, struct err *err)
{
	struct change *c = (struct change *)job;

	return c->rule(tx, c, &c->problem, err);
}

static void
change_done(struct catalog_job *job, int rc, const struct err *err)
{
	struct change *c = (struct change *)job;
	struct exchange *x = c->x;

	if (rc < 0)
		http_fail(x, err);
	else if (rc == REFUSED)
		http_problem(x, &c->problem);
	else
		c->answer(c);
	http_resume(x);
}

void
api_change(struct exchange *x, struct change *c,
	   int (*rule)(struct catalog_tx *tx, struct change *c, struct problem *p, struct err *err),
	   void (*answer)(struct change *c))
{
	c->job.run = change_run;
	c->job.done = change_done;
	c->x = x;
	c->rule = rule;
	c->answer = answer;
	http_wait(x);
	catalog_submit(server_of(x)->catalog, &c->job);
}

void
api_answer(struct exchange *x, int rc, struct buf *body, const struct err *err)
{
	if (rc < 0)
		http_fail(x, err);
	else
		http_answer(x, 200, body);
}

#define REPLACED_DEPTH_MAX 8

/* Whether a device that was replaced may still give its chunk: what it stored after its last trusted
 * seq is not its owner's. */
static int
chunk_trusted(struct catalog_tx *tx, const struct catalog_device *device, int64_t owner_row,
	      uint64_t cut_seq, const struct hash32 *cid, struct err *err)
{
	return owner_row == device->row ? 0 : tx->ops->ref_find(tx, owner_row, cid, cut_seq, err);
}

int
chunk_find(struct catalog_tx *tx, const struct catalog_device *device, const struct hash32 *cid,
	   struct catalog_chunk *out, int64_t *owner_row, struct err *err)
{
	int64_t row = device->row, next = device->replaces_row;
	struct catalog_device before = { 0 };

	for (int depth = 0; row; depth++) {
		int rc = tx->ops->chunk_get(tx, out, row, cid, err);
		if (rc == 0)
			rc = out->damaged
				     ? CATALOG_ABSENT
				     : chunk_trusted(tx, device, row, before.cut_seq, cid, err);
		if (rc == 0) {
			*owner_row = row;
			return 0;
		}
		if (rc < 0)
			return -1;
		row = depth < REPLACED_DEPTH_MAX ? next : 0;
		if (row && tx->ops->device_by_row(tx, &before, row, err) != 0)
			return -1;
		next = row ? before.replaces_row : 0;
	}
	return CATALOG_ABSENT;
}

int
newest_prefix(struct catalog_tx *tx, const struct catalog_device *device, struct buf *out,
	      struct err *err)
{
	if (device->seq == 0)
		return 0;
	int rc = tx->ops->batch_prefix(tx, device->row, device->seq, out, err);
	if (rc == CATALOG_ABSENT && device->state != DEVICE_ALIVE)
		return 0; /* shut out or retired so long ago that it was cleared */
	return rc == CATALOG_ABSENT ? err_set(err, ERR_FORMAT, "a device's newest batch is gone")
				    : rc;
}
