/* SPDX-License-Identifier: Apache-2.0 */
/* world: see world.h. */
#include "world.h"

#include <curl/curl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "api/commit.h"
#include "os/os.h"

static void
ok(int rc, const struct err *err)
{
	if (rc < 0)
		fail_msg("%s", err->msg);
}

static void
no_fault(void *ctx, const struct err *err)
{
	(void)ctx;
	print_error("fatal: %s\n", err->msg);
	abort();
}

static int
load_decoy(struct catalog_tx *tx, void *ctx, struct err *err)
{
	return decoy_load(ctx, tx, err);
}

static void
open_data(struct world *w)
{
	const struct catalog_options options = { .fatal = no_fault };
	char url[128];
	struct err err;

	snprintf(url, sizeof url, "sqlite:%s/cloudbox.db", w->folder);
	ok(catalog_open(&w->server.catalog, url, &options, &err), &err);
	snprintf(url, sizeof url, "dir:%s/blobs", w->folder);
	ok(blobs_open_store(&w->server.blobs, url, &err), &err);
	ok(sessions_new(&w->server.sessions, &err), &err);
	shares_init(&w->server.uploads, UPLOADS_AT_ONCE);
	ok(workers_new(&w->server.workers, 2, &err), &err);
	ok(catalog_write(w->server.catalog, load_decoy, &w->server.decoy, &err), &err);
	const struct http_options http = {
		.host = "127.0.0.1",
		.port = "0",
		.threads = 2,
		.connections_max = 64,
		.connections_per_address_max = 64,
		.idle_s = 30,
		.bodies_bytes_max = { 64u << 20, 1u << 20 },
		.routes = api_routes,
		.server = &w->server,
	};
	ok(http_start(&w->http, &http, &err), &err);
}

static void
close_data(struct world *w)
{
	http_stop(w->http, 5);
	workers_free(w->server.workers);
	sessions_free(w->server.sessions);
	shares_clear(&w->server.uploads);
	catalog_free(w->server.catalog);
	blobs_free(w->server.blobs);
}

int
world_setup(void **state)
{
	struct world *w = calloc(1, sizeof *w);
	struct err err;

	assert_non_null(w);
	ok(crypto_init(&err), &err);
	curl_global_init(CURL_GLOBAL_DEFAULT);
	snprintf(w->folder, sizeof w->folder, "/tmp/cloudboxd-test-XXXXXX");
	assert_non_null(mkdtemp(w->folder));
	w->server.min_free_bytes = 0;
	w->server.version = "test";
	w->server.fatal = no_fault;
	w->server.data_fd = os->openat(AT_FDCWD, w->folder, O_RDONLY | O_DIRECTORY, 0);
	assert_true(w->server.data_fd >= 0);
	open_data(w);
	*state = w;
	return 0;
}

int
world_teardown(void **state)
{
	struct world *w = *state;
	char command[128];

	close_data(w);
	curl_easy_cleanup(w->curl);
	os->close(w->server.data_fd);
	snprintf(command, sizeof command, "rm -rf '%s'", w->folder);
	if (system(command) != 0)
		print_error("%s is left over\n", w->folder);
	free(w);
	return 0;
}

void
world_restart(struct world *w)
{
	close_data(w);
	open_data(w);
}

void
world_spoil(struct world *w, const char *sql)
{
	char path[128];
	sqlite3 *db;

	close_data(w);
	snprintf(path, sizeof path, "%s/cloudbox.db", w->folder);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
		fail_msg("%s", sqlite3_errmsg(db));
	assert_true(sqlite3_total_changes(db) > 0);
	sqlite3_close(db);
	open_data(w);
}

/* --- without HTTP --- */

struct inviting {
	uint64_t quota_bytes;
	struct id16 code;
};

static int
invite_run(struct catalog_tx *tx, void *ctx, struct err *err)
{
	struct inviting *i = ctx;

	return invitation_make(tx, i->quota_bytes, os->now_unix_ms() + 3600000, &i->code, err);
}

struct id16
world_invite(struct world *w, uint64_t quota_bytes)
{
	struct inviting i = { .quota_bytes = quota_bytes };
	struct err err;

	ok(catalog_write(w->server.catalog, invite_run, &i, &err), &err);
	return i.code;
}

struct registering {
	struct registration r;
	struct problem problem;
};

static int
register_run(struct catalog_tx *tx, void *ctx, struct err *err)
{
	struct registering *r = ctx;

	return registration_commit(tx, &r->r, os->now_unix_ms(), &r->problem, err);
}

void
world_register(struct world *w, struct party *p, uint64_t quota_bytes)
{
	AUTO(buf_clear) struct buf body = BUF_INIT(1u << 20);
	struct registering r = { 0 };
	struct id16 code = world_invite(w, quota_bytes);
	struct wire_account asked;
	struct err err;

	party_registration(&body, p, &code);
	ok(wire_account_decode(&asked, buf_span(&body), &err), &err);
	assert_int_equal(registration_check(&r.r, &asked, &r.problem, &err), 0);
	int rc = catalog_write(w->server.catalog, register_run, &r, &err);
	ok(rc, &err);
	assert_int_equal(rc, 0);
	registration_clear(&r.r);
}

struct committing {
	struct commit commit;
	struct problem *problem;
	int verified; /* commit_check()'s result */
};

static int
check_run(struct catalog_tx *tx, void *ctx, struct err *err)
{
	struct committing *c = ctx;

	c->verified = commit_check(tx, &c->commit, true, c->problem, err);
	return c->verified;
}

static int
apply_run(struct catalog_tx *tx, void *ctx, struct err *err)
{
	struct committing *c = ctx;

	return commit_apply(tx, &c->commit, c->problem, err);
}

static int
note_record(void *ctx, const struct batch_record *r, struct err *err)
{
	struct commit *c = ctx;
	struct commit_record *last = r->i ? &c->records[r->i - 1] : NULL;

	(void)err;
	c->records[r->i] = (struct commit_record){ last ? last->at + last->n : 0,
						   (uint32_t)r->bytes.n, r->leaf };
	return 0;
}

int
world_commit(struct world *w, const struct party_batch *b, struct problem *p)
{
	struct committing c = { .problem = p };
	AUTO(batch_reader_free) struct batch_reader *reader = NULL;
	struct hash32 root;
	struct err err;
	size_t n;

	c.commit.now_unix_ms = os->now_unix_ms();
	assert_int_equal(batch_prefix_decode(&c.commit.prefix, buf_span(&b->bytes), &n, &err), 0);
	c.commit.prefix_bytes = span_of(b->bytes.p, n);
	c.commit.frames = span_skip(buf_span(&b->bytes), n);
	AUTO(free)
	struct commit_record *records = calloc(c.commit.prefix.n_records + 1u, sizeof *records);
	assert_non_null(records);
	c.commit.records = records;
	ok(batch_reader_new(&reader, c.commit.prefix.n_records, note_record, &c.commit, &err),
	   &err);
	ok(batch_reader_feed(reader, c.commit.frames, &err), &err);
	ok(batch_reader_end(reader, &root, &err), &err);
	int rc = catalog_read(w->server.catalog, check_run, &c, &err);
	if (rc == 0)
		rc = catalog_write(w->server.catalog, apply_run, &c, &err);
	ok(rc, &err);
	return rc == REFUSED ? (int)p->word + 1 : 0;
}

struct putting {
	const struct party *party;
	struct catalog_chunk chunk;
};

static int
put_run(struct catalog_tx *tx, void *ctx, struct err *err)
{
	struct putting *p = ctx;
	struct catalog_device d;

	assert_int_equal(tx->ops->device_get(tx, &d, &p->party->account, &p->party->device, err),
			 0);
	return tx->ops->chunk_add(tx, d.row, &p->chunk, err);
}

void
world_put_chunk(struct world *w, const struct party *p, const struct hash32 *cid,
		struct span object)
{
	struct putting put = { .party = p, .chunk = { .cid = *cid } };
	struct blobs *blobs = w->server.blobs;
	struct blob_writer *writer;
	struct err err;

	ok(blobs_begin(&writer, blobs, &err), &err);
	ok(blobs->ops->append(writer, object, &err), &err);
	ok(blobs->ops->finish(writer, &put.chunk.object, &err), &err);
	ok(blobs_keep(blobs, &writer, 1, &err), &err);
	blobs->ops->drop(writer);
	ok(catalog_write(w->server.catalog, put_run, &put, &err), &err);
}

struct extending {
	struct wire_log_post post;
	struct id16 account;
	struct problem problem;
};

static int
extend_run(struct catalog_tx *tx, void *ctx, struct err *err)
{
	struct extending *e = ctx;
	AUTO(log_growth_clear) struct log_growth g = { 0 };
	int rc = log_growth_check(&g, tx, &e->account, &e->post, &e->problem, err);

	return rc ? rc : log_growth_commit(&g, tx, os->now_unix_ms(), &e->problem, err);
}

int
world_extend(struct world *w, struct party *p, struct log_entry *entry)
{
	AUTO(buf_clear) struct buf bytes = BUF_INIT(LOG_ENTRY_BYTES_MAX);
	struct extending e = { .post.n_entries = 1, .account = p->account };
	struct err err = { 0 };

	party_sign_entry(&bytes, p, entry);
	e.post.entries[0] = buf_span(&bytes);
	int rc = catalog_write(w->server.catalog, extend_run, &e, &err);
	ok(rc, &err);
	return rc == REFUSED ? (int)e.problem.word + 1 : 0;
}

void
world_add_device(struct world *w, struct party *p)
{
	struct log_entry add = { .type = LOG_ADD_DEVICE };

	party_new_device(p, &add);
	assert_int_equal(world_extend(w, p, &add), 0);
	p->head = p->log.head;
}

/* --- by HTTP --- */

void
reply_clear(struct reply *r)
{
	buf_clear(&r->body);
}

static size_t
take_body(char *p, size_t size, size_t n, void *ctx)
{
	struct reply *r = ctx;

	return buf_append(&r->body, span_of(p, size * n), NULL) < 0 ? 0 : size * n;
}

static void
perform(struct world *w, struct reply *r, const char *path, const uint8_t *token, bool post,
	struct span body)
{
	char url[512], line[128];
	struct curl_slist *head = curl_slist_append(NULL, "Expect:");
	struct err err;
	char *type = NULL;

	if (!w->curl)
		w->curl = curl_easy_init();
	CURL *c = w->curl;
	assert_non_null(c);
	curl_easy_reset(c);
	buf_clear(&r->body);
	*r = (struct reply){ .body = BUF_INIT(64u << 20) };
	snprintf(url, sizeof url, "http://%s%s", http_address(w->http), path);
	if (token) {
		int n = snprintf(line, sizeof line, "Authorization: Bearer ");
		hex_encode(line + n, span_of(token, WIRE_TOKEN_BYTES));
		head = curl_slist_append(head, line);
	}
	curl_easy_setopt(c, CURLOPT_URL, url);
	curl_easy_setopt(c, CURLOPT_PATH_AS_IS, 1L);
	curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(c, CURLOPT_HTTPHEADER, head);
	curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, take_body);
	curl_easy_setopt(c, CURLOPT_WRITEDATA, r);
	if (post) {
		curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body.n);
		curl_easy_setopt(c, CURLOPT_POSTFIELDS, body.n ? (const char *)body.p : "");
	}
	CURLcode code = curl_easy_perform(c);
	if (code != CURLE_OK)
		fail_msg("%s: %s", path, curl_easy_strerror(code));
	curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &r->status);
	curl_easy_getinfo(c, CURLINFO_CONTENT_TYPE, &type);
	snprintf(r->media_type, sizeof r->media_type, "%s", type ? type : "");
	curl_slist_free_all(head);
	if (r->status >= 400) {
		ok(problem_parse(&r->problem, (unsigned)r->status, buf_span(&r->body), &err), &err);
		assert_string_equal(r->media_type, PROBLEM_MEDIA_TYPE);
	}
}

void
world_get(struct world *w, struct reply *r, const char *path, const uint8_t *token)
{
	perform(w, r, path, token, false, NO_BODY);
}

void
world_post(struct world *w, struct reply *r, const char *path, const uint8_t *token,
	   struct span body)
{
	perform(w, r, path, token, true, body);
}

void
world_login(struct world *w, const struct party *p, uint8_t token[static WIRE_TOKEN_BYTES])
{
	AUTO(buf_clear) struct buf body = BUF_INIT(1024);
	AUTO(reply_clear) struct reply r = { 0 };
	struct wire_login_start start = { .kind = LOGIN_PASSPHRASE, .id = p->account };
	struct wire_login_challenge challenge;
	struct wire_login_finish finish = { .auth = { .kind = LOGIN_PASSPHRASE,
						      .scope = LOGIN_GET } };
	struct wire_token got;
	struct err err;

	ok(wire_login_start_encode(&body, &start, &err), &err);
	world_post(w, &r, "/v1/login/start", NULL, buf_span(&body));
	assert_int_equal(r.status, 200);
	ok(wire_login_challenge_decode(&challenge, buf_span(&r.body), &err), &err);
	memcpy(finish.auth.account, p->account.b, sizeof finish.auth.account);
	memcpy(finish.auth.challenge, challenge.challenge, sizeof finish.auth.challenge);
	finish.auth.expires_unix_s = (uint64_t)os->now_unix_ms() / 1000 + LOGIN_VALID_S;
	ok(login_sign(finish.signature, p->passphrase_login, &finish.auth, &err), &err);
	buf_reset(&body);
	ok(wire_login_finish_encode(&body, &finish, &err), &err);
	world_post(w, &r, "/v1/login/finish", NULL, buf_span(&body));
	assert_int_equal(r.status, 200);
	ok(wire_token_decode(&got, buf_span(&r.body), &err), &err);
	memcpy(token, got.token, WIRE_TOKEN_BYTES);
}

void
world_have(struct world *w, const struct party *p, const struct hash32 *cids, uint32_t n,
	   uint8_t token[static WIRE_TOKEN_BYTES], uint8_t *bitmap)
{
	static const uint8_t no_tls[CRYPTO_HASH_BYTES];
	AUTO(buf_clear) struct buf body = BUF_INIT(1u << 20);
	AUTO(reply_clear) struct reply r = { 0 };
	const struct wire_have have = {
		.account = p->account,
		.device = p->device,
		.client_unix_ms = (uint64_t)os->now_unix_ms(),
		.n = n,
		.cids = span_of(cids, n * sizeof *cids),
	};
	struct wire_have_answer got;
	struct err err;

	ok(wire_have_sign(&body, &have, p->dsk, no_tls, &err), &err);
	world_post(w, &r, "/v1/have", NULL, buf_span(&body));
	assert_int_equal(r.status, 200);
	ok(wire_have_answer_decode(&got, n, buf_span(&r.body), &err), &err);
	memcpy(token, got.token, WIRE_TOKEN_BYTES);
	if (bitmap && n)
		memcpy(bitmap, got.bitmap.p, got.bitmap.n);
}
