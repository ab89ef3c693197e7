/* SPDX-License-Identifier: Apache-2.0 */
/*
 * remote: requests and answers byte by byte, against a server that plays what it is told: a thread
 * that reads whole requests from a loopback socket and writes prepared answers.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "os/os.h"
#include "remote/remote_internal.h"

#define REQUESTS_MAX 16
#define REQUEST_MAX  (1u << 20)

/* One answer: its bytes; then perhaps the connection is cut. */
struct step {
	const char *
		head; /* up to the blank line, which is added; NULL: silence, the connection stays */
	struct span body;
	ssize_t cut_after; /* send only so many bytes of the body and close; 0: all of it; of the head
			      where negative */
};

struct stage {
	int listener;
	uint16_t port;
	pthread_t thread;
	struct step steps[REQUESTS_MAX];
	size_t n_steps;
	/* What came. */
	struct buf requests[REQUESTS_MAX];
	size_t n_requests;
	uint64_t bytes_in, bytes_out;
	int silent[REQUESTS_MAX]; /* connections that are kept without an answer */
	size_t n_silent;
};

static bool
request_is_whole(const struct buf *b)
{
	const char *end = b->n ? strstr(buf_str(b), "\r\n\r\n") : NULL;
	const char *length = end ? strcasestr(buf_str(b), "\r\nContent-Length: ") : NULL;
	size_t head = end ? (size_t)(end - buf_str(b)) + 4 : 0;

	if (!end)
		return false;
	if (length && length < end)
		return b->n >= head + strtoul(length + 18, NULL, 10);
	if (strcasestr(buf_str(b), "Transfer-Encoding: chunked"))
		return b->n >= head + 5 && memcmp(b->p + b->n - 5, "0\r\n\r\n", 5) == 0;
	return true;
}

static bool
read_request(struct stage *s, int fd)
{
	struct buf *b = &s->requests[s->n_requests];

	*b = (struct buf)BUF_INIT(REQUEST_MAX);
	while (!request_is_whole(b)) {
		uint8_t piece[4096];
		ssize_t n = read(fd, piece, sizeof piece);

		if (n <= 0)
			return false;
		s->bytes_in += (uint64_t)n;
		if (buf_append(b, span_of(piece, (size_t)n), NULL) < 0)
			return false;
	}
	s->n_requests++;
	return true;
}

static void
put(struct stage *s, int fd, struct span bytes)
{
	while (bytes.n > 0) {
		ssize_t n = write(fd, bytes.p, bytes.n);

		if (n <= 0)
			return;
		s->bytes_out += (uint64_t)n;
		bytes = span_skip(bytes, (size_t)n);
	}
}

static void *
play(void *ctx)
{
	struct stage *s = ctx;
	int fd = -1;

	while (s->n_requests < s->n_steps) {
		const struct step *step = &s->steps[s->n_requests];
		char head[512];
		struct span body = step->body;

		if (fd < 0 && (fd = accept(s->listener, NULL, NULL)) < 0)
			return NULL;
		if (!read_request(s, fd)) {
			close(fd);
			fd = -1;
			continue;
		}
		if (!step->head) {
			s->silent[s->n_silent++] = fd;
			fd = -1;
			continue;
		}
		snprintf(head, sizeof head, "%s\r\nContent-Length: %zu\r\n\r\n", step->head,
			 body.n);
		if (step->cut_after < 0) {
			head[-step->cut_after] = '\0';
			body.n = 0;
		}
		put(s, fd, span_str(head));
		if (step->cut_after > 0)
			body.n = (size_t)step->cut_after;
		put(s, fd, body);
		if (step->cut_after) {
			close(fd);
			fd = -1;
		}
	}
	if (fd >= 0)
		close(fd);
	return NULL;
}

static void
stage_open(struct stage *s, const struct step *steps, size_t n)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof at;

	*s = (struct stage){ .n_steps = n };
	for (size_t i = 0; i < n; i++)
		s->steps[i] = steps[i];
	s->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_true(s->listener >= 0);
	assert_int_equal(bind(s->listener, (struct sockaddr *)&at, sizeof at), 0);
	assert_int_equal(listen(s->listener, 8), 0);
	assert_int_equal(getsockname(s->listener, (struct sockaddr *)&at, &len), 0);
	s->port = ntohs(at.sin_port);
	assert_int_equal(pthread_create(&s->thread, NULL, play, s), 0);
}

static void
stage_close(struct stage *s)
{
	shutdown(s->listener, SHUT_RDWR);
	pthread_join(s->thread, NULL);
	close(s->listener);
	for (size_t i = 0; i < s->n_silent; i++)
		close(s->silent[i]);
	for (size_t i = 0; i < REQUESTS_MAX; i++)
		buf_clear(&s->requests[i]);
}

static struct remote *
remote_to(const struct stage *s)
{
	struct remote_options quick = {
		.tries = 3, .first_wait_ms = 2, .total_ms = 2000, .stall_s = 1
	};
	struct remote_url url = { .port = s->port, .host = "127.0.0.1" };
	struct remote *r = NULL;
	struct err err = { 0 };

	if (remote_new(&r, &url, &quick, &err) < 0)
		fail_msg("%s", err.msg);
	return r;
}

/* The answer to a batch of seq 7 whose head is all `h`. */
static struct span
batch_answer(struct buf *out)
{
	struct wire_batch_answer a = { .seq = 7, .server_unix_ms = 5, .log_length = 3 };

	memset(a.head.b, 'h', sizeof a.head.b);
	assert_int_equal(wire_batch_answer_encode(out, &a, NULL), 0);
	return buf_span(out);
}

static void
a_request_carries_no_head_line_that_is_not_needed(void **state)
{
	AUTO(buf_clear) struct buf answer = BUF_INIT(4096);
	struct step steps[] = { { "HTTP/1.1 200 OK", batch_answer(&answer), 0 } };
	struct stage s;
	struct wire_batch_answer got;
	char want[128];

	(void)state;
	stage_open(&s, steps, 1);
	struct remote *r = remote_to(&s);

	assert_int_equal(remote_batch(r, span_str("BATCH"), &got, NULL), 0);
	assert_int_equal(got.seq, 7);
	snprintf(
		want, sizeof want,
		"POST /v1/batches HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nContent-Length: 5\r\n\r\nBATCH",
		s.port);
	assert_string_equal(buf_str(&s.requests[0]), want);
	remote_free(r);
	stage_close(&s);
}

static void
every_byte_of_heads_and_bodies_is_counted(void **state)
{
	static uint8_t big[300000];
	AUTO(buf_clear) struct buf answer = BUF_INIT(4096);
	struct step steps[] = { { "HTTP/1.1 200 OK\r\nDate: x", batch_answer(&answer), 0 },
				{ "HTTP/1.1 200 OK", batch_answer(&answer), 0 } };
	struct stage s;
	struct wire_batch_answer got;

	(void)state;
	steps[1].body = steps[0].body = span_of(answer.p, answer.n / 2);
	stage_open(&s, steps, 2);
	struct remote *r = remote_to(&s);

	assert_int_equal(remote_batch(r, SPAN_ARRAY(big), &got, NULL), 0);
	assert_int_equal(remote_batch(r, span_str("small"), &got, NULL), 0);
	struct remote_traffic t = remote_traffic(r);

	remote_free(r);
	stage_close(&s);
	assert_int_equal(t.requests, 2);
	assert_int_equal(t.bytes_sent, s.bytes_in);
	assert_int_equal(t.bytes_received, s.bytes_out);
}

static void
a_busy_server_gets_the_same_bytes_again(void **state)
{
	static const char busy[] =
		"{\"type\":\"urn:cloudbox:problem:busy\",\"title\":\"t\",\"status\":503}";
	AUTO(buf_clear) struct buf answer = BUF_INIT(4096);
	struct step steps[] = {
		{ "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1", span_str(busy), 0 },
		{ "HTTP/1.1 502 Bad Gateway", span_str("<html>proxy</html>"), 0 },
		{ "HTTP/1.1 200 OK", batch_answer(&answer), 0 },
	};
	struct stage s;
	struct wire_batch_answer got;
	int64_t start = os->uptime_ms();

	(void)state;
	stage_open(&s, steps, 3);
	struct remote *r = remote_to(&s);

	assert_int_equal(remote_batch(r, span_str("BATCH"), &got, NULL), 0);
	assert_null(remote_problem(r));
	assert_true(os->uptime_ms() - start >= 1000); /* Retry-After is the least wait */
	assert_int_equal(s.n_requests, 3);
	assert_true(span_equal(buf_span(&s.requests[0]), buf_span(&s.requests[1])));
	assert_true(span_equal(buf_span(&s.requests[0]), buf_span(&s.requests[2])));
	remote_free(r);
	stage_close(&s);
}

static void
a_longer_retry_after_than_there_is_time_ends_the_call(void **state)
{
	static const char slow[] =
		"{\"type\":\"urn:cloudbox:problem:slow-down\",\"title\":\"t\",\"status\":429}";
	struct step steps[] = { { "HTTP/1.1 429 Too Many\r\nRetry-After: 3600", span_str(slow),
				  0 } };
	struct stage s;
	struct wire_batch_answer got;
	struct err err = { 0 };

	(void)state;
	stage_open(&s, steps, 1);
	struct remote *r = remote_to(&s);

	assert_int_equal(remote_batch(r, span_str("BATCH"), &got, &err), -1);
	assert_int_equal(err.code, ERR_UNREACHABLE);
	assert_true(remote_problem_is(r, PROBLEM_SLOW_DOWN));
	assert_int_equal(remote_traffic(r).requests, 1);
	remote_free(r);
	stage_close(&s);
}

static void
a_server_that_takes_requests_and_never_answers_is_not_asked_for_ever(void **state)
{
	AUTO(buf_clear) struct buf answer = BUF_INIT(4096);
	struct step whole = { .head = "HTTP/1.1 200 OK", .body = batch_answer(&answer) };
	struct step from_the_start[REQUESTS_MAX] = { { .head = NULL } };
	struct step then[REQUESTS_MAX] = { whole };
	struct step once[] = { whole, { .head = NULL }, whole };
	const struct {
		const struct step *steps;
		size_t n;
		int calls, last;   /* of remote_batch(), and what the last one says */
		uint32_t requests; /* in all */
	} cases[] = {
		{ from_the_start, REQUESTS_MAX, 1, -1, 1 },
		{ then, REQUESTS_MAX, 2, -1, 3 },
		{ once, 3, 2, 0, 3 }, /* a link that fell silent and came back */
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct wire_batch_answer got;
		struct err err = { 0 };
		struct stage s;
		int rc = 0;

		stage_open(&s, cases[i].steps, cases[i].n);
		struct remote *r = remote_to(&s);
		for (int call = 0; call < cases[i].calls; call++)
			rc = remote_batch(r, span_str("BATCH"), &got, &err);
		assert_int_equal(rc, cases[i].last);
		if (rc < 0)
			assert_int_equal(err.code, ERR_UNREACHABLE);
		assert_int_equal(remote_traffic(r).requests, cases[i].requests);
		remote_free(r);
		stage_close(&s);
	}
}

static void
an_answer_cut_off_within_its_head_is_none(void **state)
{
	static const char *const heads[] = { "HTTP/1.1 200 OK\r\nDate: x",
					     "HTTP/1.1 409 Conflict" };
	AUTO(buf_clear) struct buf answer = BUF_INIT(4096);
	struct step whole = { .head = "HTTP/1.1 200 OK", .body = batch_answer(&answer) };

	(void)state;
	for (size_t i = 0; i < sizeof heads / sizeof *heads; i++)
		/* its lines, "Content-Length: 0" among them, and one byte of the blank line */
		for (ssize_t n = 1; n <= (ssize_t)strlen(heads[i]) + 22; n++) {
			struct step steps[] = { { .head = heads[i], .cut_after = -n }, whole };
			struct wire_batch_answer got;
			struct err err = { 0 };
			struct stage s;

			stage_open(&s, steps, 2);
			struct remote *r = remote_to(&s);
			if (remote_batch(r, span_str("BATCH"), &got, &err) < 0)
				fail_msg("%zd bytes of %s: %s", n, heads[i], err.msg);
			assert_int_equal(got.seq, 7);
			assert_true(span_equal(buf_span(&s.requests[0]), buf_span(&s.requests[1])));
			remote_free(r);
			stage_close(&s);
		}
}

static void
a_refusal_says_what_the_server_said(void **state)
{
	static const char quota[] =
		"{\"type\":\"urn:cloudbox:problem:quota\",\"title\":\"t\",\"status\":507}";
	static const char head[] =
		"{\"type\":\"urn:cloudbox:problem:head\",\"title\":\"t\",\"status\":409,\"seq\":17,"
		"\"head\":\"1111111111111111111111111111111111111111111111111111111111111111\"}";
	struct step steps[] = {
		{ "HTTP/1.1 507 Insufficient Storage", span_str(quota), 0 },
		{ "HTTP/1.1 409 Conflict", span_str(head), 0 },
		{ "HTTP/1.1 404 Not Found", span_str("no such page"), 0 },
	};
	struct stage s;
	struct wire_batch_answer got;
	struct err err = { 0 };

	(void)state;
	stage_open(&s, steps, 3);
	struct remote *r = remote_to(&s);

	assert_int_equal(remote_batch(r, span_str("A"), &got, &err), -1);
	assert_int_equal(err.code, ERR_FULL);
	assert_string_equal(err.msg, "the server says: The quota is used up");
	assert_int_equal(remote_batch(r, span_str("A"), &got, &err), -1);
	assert_int_equal(err.code, ERR_CONFLICT);
	assert_int_equal(remote_problem(r)->seq, 17);
	assert_int_equal(remote_problem(r)->head.b[31], 0x11);
	assert_int_equal(remote_batch(r, span_str("A"), &got, &err), -1);
	assert_int_equal(err.code, ERR_REFUSED);
	assert_null(remote_problem(r));
	assert_int_equal(s.n_requests, 3); /* none of them was tried again */
	remote_free(r);
	stage_close(&s);
}

static void
nobody_listening_is_unreachable_with_a_hint(void **state)
{
	struct stage s;
	struct wire_batch_answer got;
	struct err err = { 0 };

	(void)state;
	stage_open(&s, NULL, 0);
	struct remote *r = remote_to(&s);

	stage_close(&s); /* its port is free now */
	assert_int_equal(remote_batch(r, span_str("A"), &got, &err), -1);
	assert_int_equal(err.code, ERR_UNREACHABLE);
	assert_true(err.hint[0] != 0);
	assert_int_equal(remote_traffic(r).requests, 0);
	remote_free(r);
}

/* A token, for the calls that need one. */
static struct span
token_answer(struct buf *out)
{
	struct wire_token t = { .valid_until_unix_ms = 1 };

	memset(t.token, 0xab, sizeof t.token);
	assert_int_equal(wire_token_encode(out, &t, NULL), 0);
	return buf_span(out);
}

static void
log_in(struct remote *r)
{
	struct secret *seed = NULL;
	struct sign_key *key = NULL;
	struct wire_login_start start = { .kind = LOGIN_PASSPHRASE };
	struct wire_login_challenge c = { 0 };

	assert_int_equal(secret_new_random(&seed, NULL), 0);
	assert_int_equal(sign_key_new(&key, seed, NULL), 0);
	assert_int_equal(remote_login_finish(r, &start, &c, LOGIN_GET, key, NULL), 0);
	assert_true(remote_logged_in(r, LOGIN_GET));
	assert_false(remote_logged_in(r, LOGIN_PUT));
	sign_key_free(key);
	secret_free(seed);
}

struct gathered {
	char text[64];
	uint32_t indices[8];
	size_t n;
};

static int
gather(void *ctx, uint32_t i, struct span object, struct err *err)
{
	struct gathered *g = ctx;

	(void)err;
	g->indices[g->n++] = i;
	strncat(g->text, object.n ? (const char *)object.p : "-", object.n ? object.n : 1);
	return 0;
}

static void
objects_cut_off_in_the_middle_are_asked_for_from_there(void **state)
{
	static const uint8_t all[] = "\3\0\0\0one\0\0\0\0\5\0\0\0three";
	static const uint8_t rest[] = "\5\0\0\0three";
	static const struct wire_object_at at[3] = { { .cid.b = { 1 } },
						     { .cid.b = { 2 } },
						     { .cid.b = { 3 } } };
	AUTO(buf_clear) struct buf token = BUF_INIT(64);
	struct step steps[] = {
		{ "HTTP/1.1 200 OK", token_answer(&token), 0 },
		{ "HTTP/1.1 200 OK", span_of(all, sizeof all - 1), 14 },
		{ "HTTP/1.1 200 OK", span_of(rest, sizeof rest - 1), 0 },
	};
	struct stage s;
	struct gathered g = { 0 };

	(void)state;
	stage_open(&s, steps, 3);
	struct remote *r = remote_to(&s);

	log_in(r);
	assert_int_equal(remote_objects(r, at, 3, gather, &g, NULL), 0);
	assert_string_equal(g.text, "one-three");
	assert_int_equal(g.n, 3);
	assert_int_equal(g.indices[2], 2);
	assert_non_null(strstr(buf_str(&s.requests[1]), "Authorization: Bearer abababab"));
	/* n, then (device, cid) for each: three, then one. */
	assert_int_equal(s.requests[1].n - s.requests[2].n, 2 * 48 + 1 /* Content-Length */);
	remote_logout(r);
	assert_int_equal(remote_objects(r, at, 3, gather, &g, NULL), -1);
	remote_free(r);
	stage_close(&s);
}

struct supply {
	uint32_t n;
};

static int
supply_next(void *ctx, struct hash32 *cid, struct span *object, struct err *err)
{
	static const uint8_t bytes[1000];
	struct supply *s = ctx;

	(void)err;
	if (s->n == 3)
		return REMOTE_END;
	memset(cid->b, (int)s->n, sizeof cid->b);
	*object = span_of(bytes, 100 * ++s->n);
	return 0;
}

static void
chunks_go_as_one_streamed_body(void **state)
{
	static const uint8_t stored[] = "\3\0\0\0\5"; /* three came; 0 and 2 are stored */
	AUTO(buf_clear) struct buf have = BUF_INIT(256);
	uint8_t bitmap[1] = { 0 }, answer_bitmap[1] = { 0 };
	struct wire_have_answer a = { .bitmap = SPAN_ARRAY(answer_bitmap) };
	struct secret *seed = NULL;
	struct sign_key *dsk = NULL;
	struct hash32 cid = { { 1 } };
	struct id16 id = { { 2 } };
	struct supply supply = { 0 };
	struct stage s;
	uint32_t n_stored;

	(void)state;
	assert_int_equal(wire_have_answer_encode(&have, &a, NULL), 0);
	struct step steps[] = {
		{ "HTTP/1.1 200 OK", buf_span(&have), 0 },
		{ "HTTP/1.1 200 OK", span_of(stored, sizeof stored - 1), 0 },
	};
	stage_open(&s, steps, 2);
	struct remote *r = remote_to(&s);

	assert_int_equal(secret_new_random(&seed, NULL), 0);
	assert_int_equal(sign_key_new(&dsk, seed, NULL), 0);
	struct err err = { 0 };
	if (remote_have(r, &id, &id, dsk, &cid, 1, bitmap, NULL, &err) < 0)
		fail_msg("%s", err.msg);
	if (remote_chunks(r, supply_next, &supply, &n_stored, &err) < 0)
		fail_msg("%s", err.msg);
	assert_int_equal(n_stored, 2);
	assert_int_equal(s.n_requests, 2);
	assert_non_null(strstr(buf_str(&s.requests[1]), "Transfer-Encoding: chunked"));
	sign_key_free(dsk);
	secret_free(seed);
	remote_free(r);
	stage_close(&s);
}

static const char signature_problem[] =
	"{\"type\":\"urn:cloudbox:problem:signature\",\"title\":\"t\",\"status\":401}";

/* A challenge whose bytes are all @c. */
static struct span
challenge_answer(struct buf *out, int c)
{
	struct wire_login_challenge a = { 0 };

	memset(a.challenge, c, sizeof a.challenge);
	assert_int_equal(wire_login_challenge_encode(out, &a, NULL), 0);
	return buf_span(out);
}

static void
a_login_whose_challenge_the_server_has_forgotten_asks_for_another(void **state)
{
	AUTO(buf_clear) struct buf token = BUF_INIT(4096);
	AUTO(buf_clear) struct buf challenge = BUF_INIT(4096);
	struct step steps[] = {
		{ "HTTP/1.1 200 OK", token_answer(&token), -1 }, /* and it is gone */
		{ "HTTP/1.1 401 Unauthorized", span_str(signature_problem), 0 },
		{ "HTTP/1.1 200 OK", challenge_answer(&challenge, 'c'), 0 },
		{ "HTTP/1.1 200 OK", token_answer(&token), 0 },
	};
	struct stage s;

	(void)state;
	steps[0].body = steps[3].body = span_of(token.p, token.n / 2);
	stage_open(&s, steps, 4);
	struct remote *r = remote_to(&s);

	log_in(r);
	assert_int_equal(s.n_requests, 4);
	assert_true(span_equal(buf_span(&s.requests[0]), buf_span(&s.requests[1])));
	assert_non_null(memmem(s.requests[3].p, s.requests[3].n, "cccccccc", 8));
	remote_free(r);
	stage_close(&s);
}

static void
a_login_with_a_wrong_key_is_not_repeated_on_a_connection_that_held(void **state)
{
	AUTO(buf_clear) struct buf challenge = BUF_INIT(4096);
	struct step steps[] = {
		{ "HTTP/1.1 200 OK", challenge_answer(&challenge, 'c'), 0 },
		{ "HTTP/1.1 401 Unauthorized", span_str(signature_problem), 0 },
	};
	struct wire_login_start start = { .kind = LOGIN_PASSPHRASE };
	struct wire_login_challenge c;
	struct secret *seed = NULL;
	struct sign_key *key = NULL;
	struct err err = { 0 };
	struct stage s;

	(void)state;
	stage_open(&s, steps, 2);
	struct remote *r = remote_to(&s);

	assert_int_equal(secret_new_random(&seed, NULL), 0);
	assert_int_equal(sign_key_new(&key, seed, NULL), 0);
	assert_int_equal(remote_login_start(r, &start, &c, NULL), 0);
	assert_int_equal(remote_login_finish(r, &start, &c, LOGIN_GET, key, &err), -1);
	assert_int_equal(err.code, ERR_AUTH);
	assert_int_equal(remote_traffic(r).requests, 2);
	sign_key_free(key);
	secret_free(seed);
	remote_free(r);
	stage_close(&s);
}

static int
log_in_anew(void *ctx, struct remote *r, struct err *err)
{
	(void)err;
	++*(int *)ctx;
	log_in(r);
	return 0;
}

static void
a_token_that_the_server_has_forgotten_is_renewed_once(void **state)
{
	AUTO(buf_clear) struct buf token = BUF_INIT(4096);
	const struct step refusal = { "HTTP/1.1 401 Unauthorized", span_str(signature_problem), 0 };
	const struct step granted = { "HTTP/1.1 200 OK", token_answer(&token), 0 };
	const struct step whole = { "HTTP/1.1 200 OK", span_str("LOG"), 0 };
	struct step steps[] = { granted, refusal, granted, whole, refusal, granted, refusal };
	AUTO(buf_clear) struct buf log = BUF_INIT(64);
	int n_logins = 0;
	const struct remote_renewal renewal = { &n_logins, log_in_anew };
	struct err err = { 0 };
	struct stage s;

	(void)state;
	stage_open(&s, steps, sizeof steps / sizeof *steps);
	struct remote *r = remote_to(&s);

	log_in(r);
	remote_renew(r, LOGIN_GET, &renewal);
	assert_int_equal(remote_log(r, 0, &log, &err), 0);
	assert_string_equal(buf_str(&log), "LOG");
	assert_int_equal(n_logins, 1);
	assert_int_equal(remote_log(r, 0, &log, &err), -1);
	assert_int_equal(err.code, ERR_AUTH);
	assert_int_equal(n_logins, 2);
	remote_free(r);
	stage_close(&s);
}

static int
no_chunk(void *ctx, struct hash32 *cid, struct span *object, struct err *err)
{
	(void)ctx, (void)cid, (void)object, (void)err;
	return REMOTE_END;
}

static void
an_upload_that_the_server_could_not_read_is_a_broken_link(void **state)
{
	struct step steps[] = {
		{ "HTTP/1.1 400 Bad Request", span_str("<html>What?</html>"), 0 },
	};
	struct err err = { 0 };
	uint8_t zeros[WIRE_TOKEN_BYTES] = { 0 };
	uint32_t n_stored;
	struct stage s;

	(void)state;
	stage_open(&s, steps, 1);
	struct remote *r = remote_to(&s);

	remote_session_set(r, LOGIN_PUT, zeros, os->now_unix_ms() + 600000);
	assert_int_equal(remote_chunks(r, no_chunk, NULL, &n_stored, &err), -1);
	assert_int_equal(err.code, ERR_UNREACHABLE);
	remote_free(r);
	stage_close(&s);
}

static bool
yes(void *ctx)
{
	(void)ctx;
	return true;
}

static void
a_call_can_be_cancelled(void **state)
{
	AUTO(buf_clear) struct buf answer = BUF_INIT(4096);
	struct step steps[] = { { "HTTP/1.1 200 OK", batch_answer(&answer), 0 } };
	struct remote_watch watch = { .cancelled = yes };
	struct wire_batch_answer got;
	struct err err = { 0 };
	struct stage s;

	(void)state;
	stage_open(&s, steps, 1);
	struct remote *r = remote_to(&s);

	remote_watch(r, &watch);
	assert_int_equal(remote_batch(r, span_str("A"), &got, &err), -1);
	assert_int_equal(err.code, ERR_CANCELLED);
	remote_free(r);
	stage_close(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_request_carries_no_head_line_that_is_not_needed),
		cmocka_unit_test(every_byte_of_heads_and_bodies_is_counted),
		cmocka_unit_test(a_busy_server_gets_the_same_bytes_again),
		cmocka_unit_test(a_longer_retry_after_than_there_is_time_ends_the_call),
		cmocka_unit_test(
			a_server_that_takes_requests_and_never_answers_is_not_asked_for_ever),
		cmocka_unit_test(an_answer_cut_off_within_its_head_is_none),
		cmocka_unit_test(a_refusal_says_what_the_server_said),
		cmocka_unit_test(nobody_listening_is_unreachable_with_a_hint),
		cmocka_unit_test(objects_cut_off_in_the_middle_are_asked_for_from_there),
		cmocka_unit_test(chunks_go_as_one_streamed_body),
		cmocka_unit_test(a_login_whose_challenge_the_server_has_forgotten_asks_for_another),
		cmocka_unit_test(
			a_login_with_a_wrong_key_is_not_repeated_on_a_connection_that_held),
		cmocka_unit_test(a_token_that_the_server_has_forgotten_is_renewed_once),
		cmocka_unit_test(an_upload_that_the_server_could_not_read_is_a_broken_link),
		cmocka_unit_test(a_call_can_be_cancelled),
	};
	struct err err;

	return crypto_init(&err) < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
