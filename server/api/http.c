/* SPDX-License-Identifier: Apache-2.0 */
/* http: see http.h.  Here: requests on their way through the hooks, and their answers. */
#include "api/http.h"

#include <microhttpd.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "api/http_internal.h"
#include "api/journal.h"
#include "os/os.h"

#define RETRY_AFTER_S "2"

/* --- answers --- */

static void
set_response(struct exchange *x, unsigned status, struct MHD_Response *response)
{
	if (x->response) { /* a bug of ours, but no reason to leak */
		MHD_destroy_response(response);
		return;
	}
	x->answered = true;
	x->status = status;
	x->response = response;
}

void
http_answer(struct exchange *x, unsigned status, struct buf *body)
{
	struct MHD_Response *r;

	x->answered = true; /* even where memory does not suffice for the answer itself */
	if (body && body->n)
		r = MHD_create_response_from_buffer_with_free_callback(body->n, body->p, free);
	else
		r = MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
	if (!r)
		return; /* no memory: the exchange ends without an answer */
	if (body && body->n)
		*body = (struct buf)BUF_INIT(body->max);
	set_response(x, status, r);
}

void
http_answer_text(struct exchange *x, unsigned status, const char *media_type, struct buf *body)
{
	http_answer(x, status, body);
	if (x->response)
		MHD_add_response_header(x->response, MHD_HTTP_HEADER_CONTENT_TYPE, media_type);
}

void
http_answer_line(struct exchange *x, const char *name, const char *value)
{
	if (x->response)
		MHD_add_response_header(x->response, name, value);
}

void
http_problem(struct exchange *x, const struct problem *problem)
{
	AUTO(buf_clear) struct buf json = BUF_INIT(PROBLEM_BYTES_MAX);
	struct problem with_time = *problem, *p = &with_time;
	struct err ignored;

	if (http_answered(x))
		return;
	x->answered = true;
	if (problem_member(p->word) == PROBLEM_HAS_NOW)
		p->now_unix_s = (uint64_t)(os->now_unix_ms() / 1000);
	if (problem_print(&json, p, &ignored) < 0)
		return;
	http_answer_text(x, problem_status(p->word), PROBLEM_MEDIA_TYPE, &json);
	if (!x->response)
		return;
	if (problem_member(p->word) == PROBLEM_HAS_RETRY)
		MHD_add_response_header(x->response, MHD_HTTP_HEADER_RETRY_AFTER, RETRY_AFTER_S);
	if (p->word == PROBLEM_METHOD)
		MHD_add_response_header(x->response, MHD_HTTP_HEADER_ALLOW,
					x->route->method == HTTP_GET ? "GET" : "POST");
	if (p->word == PROBLEM_SIGNATURE)
		MHD_add_response_header(x->response, MHD_HTTP_HEADER_WWW_AUTHENTICATE, "Bearer");
}

void
http_refuse(struct exchange *x, enum problem_word word)
{
	struct problem p = { .word = word };

	http_problem(x, &p);
}

void
http_malformed(struct exchange *x, const struct err *err)
{
	struct problem p = { .word = PROBLEM_MALFORMED };

	if (err->code == ERR_NOMEM) {
		http_refuse(x, PROBLEM_BUSY);
		return;
	}
	snprintf(p.detail, sizeof p.detail, "%s", err->msg);
	http_problem(x, &p);
}

void
http_fail(struct exchange *x, const struct err *err)
{
	switch (err->code) {
	case ERR_FULL:
		http_refuse(x, PROBLEM_DISK);
		return;
	case ERR_NOMEM:
	case ERR_BUSY:
		http_refuse(x, PROBLEM_BUSY);
		return;
	default:
		journal("%s: %s", x->route ? x->route->path : "request", err->msg);
		http_refuse(x, PROBLEM_INTERNAL);
	}
}

/* A stream's function, reached through libmicrohttpd's. */
struct stream {
	http_stream_fn *fn;
	http_free_fn *free_ctx;
	void *ctx;
};

static ssize_t
stream_read(void *cls, uint64_t at, char *p, size_t n)
{
	struct stream *s = cls;
	ssize_t got = s->fn(s->ctx, p, n);

	(void)at;
	if (got == HTTP_STREAM_END)
		return MHD_CONTENT_READER_END_OF_STREAM;
	return got < 0 ? MHD_CONTENT_READER_END_WITH_ERROR : got;
}

static void
stream_free(void *cls)
{
	struct stream *s = cls;

	s->free_ctx(s->ctx);
	free(s);
}

void
http_answer_stream(struct exchange *x, http_stream_fn *fn, http_free_fn *free_ctx, void *ctx)
{
	struct stream *s = malloc(sizeof *s);
	struct MHD_Response *r = NULL;

	if (s) {
		*s = (struct stream){ fn, free_ctx, ctx };
		r = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, 32768, stream_read, s,
						      stream_free);
	}
	if (r) {
		set_response(x, MHD_HTTP_OK, r);
		return;
	}
	free(s);
	free_ctx(ctx);
	http_refuse(x, PROBLEM_BUSY);
}

void
http_answer_file(struct exchange *x, int fd, uint64_t size)
{
	struct MHD_Response *r = MHD_create_response_from_fd64(size, fd);

	if (r) {
		set_response(x, MHD_HTTP_OK, r);
		return;
	}
	os->close(fd);
	http_refuse(x, PROBLEM_BUSY);
}

static enum MHD_Result
send_answer(struct exchange *x)
{
	if (!x->response)
		return MHD_NO; /* not even the answer could be made: close */
	return MHD_queue_response(x->connection, x->status, x->response);
}

/* --- waiting --- */

void
http_wait(struct exchange *x)
{
	x->handed_over = true;
	x->waiting = true;
	http_count_waiting(x->http, 1);
	MHD_suspend_connection(x->connection);
}

void
http_resume(struct exchange *x)
{
	struct http *h = x->http;

	x->waiting = false;
	MHD_resume_connection(x->connection); /* from here on @x is not ours */
	http_count_waiting(h, -1);
}

bool
http_budget_take(struct exchange *x, enum http_budget which, size_t n)
{
	if (!shares_take(http_budget(x->http, which), &x->who, n))
		return false;
	x->from_budget[which] += n;
	return true;
}

/* --- what came --- */

const char *
http_head(const struct exchange *x, const char *name)
{
	return MHD_lookup_connection_value(x->connection, MHD_HEADER_KIND, name);
}

const char *
http_query(const struct exchange *x, const char *name)
{
	return MHD_lookup_connection_value(x->connection, MHD_GET_ARGUMENT_KIND, name);
}

/* The address as a key: all of an IPv4 address, the /64 of an IPv6 one. */
static void
note_peer(struct exchange *x)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(x->connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	const struct sockaddr *a = info ? info->client_addr : NULL;

	if (a && a->sa_family == AF_INET)
		memcpy(x->peer.b, &((const struct sockaddr_in *)a)->sin_addr, 4);
	else if (a && a->sa_family == AF_INET6)
		memcpy(x->peer.b + 16, &((const struct sockaddr_in6 *)a)->sin6_addr, 8);
}

/* Whether @path is the route's, with a 32-digit id at its '*'. */
static bool
path_fits(const struct http_route *r, const char *path, struct id16 *id)
{
	const char *star = strchr(r->path, '*');

	if (!star)
		return !strcmp(r->path, path);
	size_t before = (size_t)(star - r->path);
	if (strncmp(r->path, path, before) != 0)
		return false;
	size_t n = strcspn(path + before, "/");
	return id16_from_hex(id, span_of(path + before, n)) && !strcmp(star + 1, path + before + n);
}

/* The route of a path, if the method is its; or one with that path; or none. */
static bool
find_route(struct exchange *x, const char *method, const char *path)
{
	for (const struct http_route *r = http_routes(x->http); r->path; r++) {
		if (!path_fits(r, path, &x->path_id))
			continue;
		x->route = r;
		if (!strcmp(method, r->method == HTTP_GET ? "GET" : "POST"))
			return true;
	}
	return false;
}

/* Refuse what must not even begin.  0, or the problem's word. */
static int
check_lengths(struct exchange *x)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(x->connection, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
	const char *length = http_head(x, MHD_HTTP_HEADER_CONTENT_LENGTH);
	bool chunked = http_head(x, MHD_HTTP_HEADER_TRANSFER_ENCODING);

	x->content_length = chunked ? -1 : 0;
	if (length && !chunked) {
		unsigned long long n = strtoull(length, NULL, 10);
		x->content_length = n > INT64_MAX ? INT64_MAX : (int64_t)n;
	}
	if (info && info->header_size > HTTP_HEAD_BYTES_MAX)
		return PROBLEM_TOO_LARGE;
	if (x->route->body_max && !x->route->streamed && (!length || chunked))
		return PROBLEM_LENGTH;
	if (chunked ? !x->route->streamed : (uint64_t)x->content_length > x->route->body_max)
		return PROBLEM_TOO_LARGE;
	return -1;
}

/* Room for a body that http collects.  A route that has nothing to ask before it does not know who
 * comes. */
static void
make_room(struct exchange *x)
{
	struct err err;
	size_t n = (size_t)x->content_length;

	x->body.max = n;
	if (!http_budget_take(x, x->route->begin ? HTTP_LET_IN : HTTP_STRANGER, n))
		http_refuse(x, PROBLEM_BUSY);
	else if (n && buf_reserve(&x->body, n, &err) < 0)
		http_fail(x, &err);
}

/* A refusal before the body: at once if the other side waits for our word, or means to send more
 * than we care to throw away; else after its body, so that it will read it. */
static bool
refuse_at_once(const struct exchange *x)
{
	const char *expect = http_head(x, MHD_HTTP_HEADER_EXPECT);

	return x->content_length > HTTP_DISCARD_MAX ||
	       (x->content_length != 0 && expect && !strcasecmp(expect, "100-continue"));
}

static enum MHD_Result
head_came(struct exchange *x, const char *method, const char *path)
{
	int word;

	note_peer(x);
	x->who = x->peer;
	x->begun_ms = os->uptime_ms();
	if (!find_route(x, method, path)) {
		const char *length = http_head(x, MHD_HTTP_HEADER_CONTENT_LENGTH);
		x->content_length = length ? (int64_t)strtoll(length, NULL, 10) : 0;
		http_refuse(x, x->route ? PROBLEM_METHOD : PROBLEM_UNKNOWN);
	} else if ((word = check_lengths(x)) >= 0) {
		http_refuse(x, (enum problem_word)word);
	} else {
		if (x->route->begin)
			x->route->begin(x);
		if (!http_answered(x) && x->route->body_max && !x->route->piece)
			make_room(x);
	}
	return http_answered(x) && refuse_at_once(x) ? send_answer(x) : MHD_YES;
}

static bool
too_slow(const struct exchange *x)
{
	int64_t s = (os->uptime_ms() - x->begun_ms) / 1000 - HTTP_SLOW_GRACE_S;

	return s > 0 && x->n_body < (uint64_t)s * HTTP_SLOW_BYTES_PER_S;
}

static enum MHD_Result
piece_came(struct exchange *x, struct span piece)
{
	struct err err;

	x->n_body += piece.n;
	if (too_slow(x))
		return MHD_NO;
	if (http_answered(x))
		return x->n_body > HTTP_DISCARD_MAX ? MHD_NO : MHD_YES;
	if (x->n_body > x->route->body_max)
		http_refuse(x, PROBLEM_TOO_LARGE);
	else if (x->route->piece)
		x->route->piece(x, piece);
	else if (buf_append(&x->body, piece, &err) < 0)
		http_fail(x, &err);
	return MHD_YES;
}

enum MHD_Result
http_access(void *cls, struct MHD_Connection *connection, const char *path, const char *method,
	    const char *version, const char *data, size_t *n_data, void **state)
{
	struct exchange *x = *state;

	(void)version;
	if (!x) {
		*state = x = http_exchange_new(cls, connection);
		return x ? head_came(x, method, path) : MHD_NO;
	}
	/* libmicrohttpd 0.9.75 hands on the next piece of a chunked body that it has already, suspended
	 * or not: it stays with it until the exchange is resumed. */
	if (x->waiting)
		return MHD_YES;
	x->handed_over = false;
	if (*n_data) {
		struct span piece = span_of(data, *n_data);
		*n_data = 0;
		return piece_came(x, piece);
	}
	if (!x->ended) {
		x->ended = true;
		if (!http_answered(x))
			x->route->end(x);
		if (x->handed_over)
			return MHD_YES; /* whoever has it may have answered and resumed already */
	}
	return send_answer(x);
}
