/* SPDX-License-Identifier: Apache-2.0 */
/* remote: making one, and the exchange that every call is built on.  See remote_internal.h. */
#include "remote/remote_internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <time.h>

#include "os/os.h"

#define TRIES           3
#define TRIES_BROKEN    7
#define TOKEN_MARGIN_MS 30000
#define STALLS          1 /* tries, one after another, whose request went out and brought nothing */
#define STALLS_REACHED  2 /* where the server answered before: its link may have fallen silent */
#define SLICE_MS        100 /* how often a wait asks whether it is cancelled */

/* How a try stands; the callbacks of libcurl get it. */
struct attempt {
	struct remote *r;
	const struct remote_request *q;
	struct buf *refusal; /* body of an answer that is no 2xx */
	struct err err;      /* of sink or fill */
	bool failed;         /* err is set */
	bool cancelled;
	bool reached;    /* something was sent */
	bool head_ended; /* of the answer: its blank line came */
	struct wire_notices notices;
};

/* A line of the head.  Notices are hints: what does not parse is none. */
static void
take_line(struct attempt *a, const char *p, size_t n)
{
	static const char name[] = WIRE_NOTICES_HEAD ":";
	size_t from = sizeof name - 1;

	if (n < from || strncasecmp(p, name, from) != 0)
		return;
	while (from < n && (p[from] == ' ' || p[from] == '\t'))
		from++;
	while (n > from && strchr("\r\n \t", p[n - 1]))
		n--;
	if (wire_notices_parse(&a->notices, span_of(p + from, n - from), NULL) < 0)
		a->notices.n = 0;
}

/* libcurl takes an answer that was cut off within its head for a whole one without a body. */
static size_t
on_head(const char *p, size_t one, size_t n, void *ctx)
{
	struct attempt *a = ctx;
	long status = 0;

	(void)one; /* always 1 */
	libcurl.easy_getinfo(a->r->curl, CURLINFO_RESPONSE_CODE, &status);
	a->head_ended = status / 100 != 1 && (p[0] == '\r' || p[0] == '\n');
	take_line(a, p, n);
	return n;
}

static size_t
on_body(char *p, size_t one, size_t n, void *ctx)
{
	struct attempt *a = ctx;
	struct span piece = span_of(p, n);
	long status = 0;

	(void)one; /* always 1 */
	libcurl.easy_getinfo(a->r->curl, CURLINFO_RESPONSE_CODE, &status);
	if (status / 100 != 2) { /* a proxy's long page is cut: only its beginning may be ours */
		if (piece.n > PROBLEM_BYTES_MAX - a->refusal->n)
			piece.n = PROBLEM_BYTES_MAX - a->refusal->n;
		a->failed = buf_append(a->refusal, piece, &a->err) < 0;
	} else if (a->q->sink) {
		a->failed = a->q->sink(a->q->ctx, piece, &a->err) < 0;
	} else if (a->q->answer) {
		a->failed = buf_append(a->q->answer, piece, &a->err) < 0;
	}
	return a->failed ? 0 : n;
}

static size_t
on_fill(char *p, size_t one, size_t n, void *ctx)
{
	struct attempt *a = ctx;
	size_t got = 0;

	a->failed = a->q->fill(a->q->ctx, (uint8_t *)p, one * n, &got, &a->err) < 0;
	return a->failed ? CURL_READFUNC_ABORT : got;
}

/* Counts what passes above TLS. */
static int
/* NOLINTNEXTLINE(readability-non-const-parameter): the type is libcurl's */
on_bytes(CURL *curl, curl_infotype type, char *p, size_t n, void *ctx)
{
	struct attempt *a = ctx;

	(void)curl;
	(void)p;
	if (type == CURLINFO_HEADER_OUT || type == CURLINFO_DATA_OUT) {
		a->r->traffic.bytes_sent += n;
		a->reached = true;
	} else if (type == CURLINFO_HEADER_IN || type == CURLINFO_DATA_IN) {
		a->r->traffic.bytes_received += n;
	}
	return 0;
}

static int
on_progress(void *ctx, curl_off_t down_all, curl_off_t down, curl_off_t up_all, curl_off_t up)
{
	struct attempt *a = ctx;
	const struct remote_watch *w = &a->r->watch;

	(void)down_all, (void)down, (void)up_all, (void)up;
	if (w->moved)
		w->moved(w->ctx, &a->r->traffic);
	a->cancelled = w->cancelled && w->cancelled(w->ctx);
	return a->cancelled;
}

static struct remote_session *
session_for(struct remote *r, enum remote_auth auth)
{
	struct remote_session *put = &r->sessions[0];
	struct remote_session *get = &r->sessions[1];

	switch (auth) {
	case REMOTE_AUTH_PUT:
		return put;
	case REMOTE_AUTH_GET:
		return get;
	case REMOTE_AUTH_ANY:
		return get->held ? get : put;
	case REMOTE_AUTH_NONE:
		break;
	}
	return NULL;
}

static void
slist_free(struct curl_slist *l)
{
	libcurl.slist_free_all(l);
}
AUTO_PTR(slist_free, struct curl_slist);

static int
head_add(struct curl_slist **head, const char *line, struct err *err)
{
	struct curl_slist *more = libcurl.slist_append(*head, line);

	if (!more)
		return err_nomem(err);
	*head = more;
	return 0;
}

/* No head line that the protocol does not need: a small backup is to cost 1.2 kB in all. */
static int
head_make(struct curl_slist **out, struct remote *r, const struct remote_request *q,
	  struct err *err)
{
	AUTO(slist_free) struct curl_slist *head = NULL;
	const struct remote_session *session = session_for(r, q->auth);

	if (head_add(&head, "Accept:", err) < 0)
		return -1;
	if (q->post &&
	    (head_add(&head, "Expect:", err) < 0 || head_add(&head, "Content-Type:", err) < 0))
		return -1;
	if (q->fill && head_add(&head, "Transfer-Encoding: chunked", err) < 0)
		return -1;
	if (session) {
		char line[32 + 2 * WIRE_TOKEN_BYTES];
		int rc, n = snprintf(line, sizeof line, "Authorization: Bearer ");

		hex_encode(line + n, SPAN_ARRAY(session->token));
		rc = head_add(&head, line, err);
		secret_wipe(line, sizeof line);
		if (rc < 0)
			return -1;
	}
	*out = TAKE(head);
	return 0;
}

static int
set_request(struct remote *r, const struct remote_request *q, struct attempt *a,
	    struct curl_slist *head, struct err *err)
{
	char url[REMOTE_URL_TEXT_BYTES + 256];
	CURL *c = r->curl;

	if ((size_t)snprintf(url, sizeof url, "%s%s", r->base, q->path) >= sizeof url)
		return err_set(err, ERR_INTERNAL, "a request's path is too long");
	libcurl.easy_setopt(c, CURLOPT_HTTPHEADER, head);
	libcurl.easy_setopt(c, CURLOPT_WRITEDATA, a);
	libcurl.easy_setopt(c, CURLOPT_HEADERDATA, a);
	libcurl.easy_setopt(c, CURLOPT_DEBUGDATA, a);
	libcurl.easy_setopt(c, CURLOPT_XFERINFODATA, a);
	libcurl.easy_setopt(c, CURLOPT_READDATA, a);
	libcurl.easy_setopt(c, CURLOPT_POSTFIELDS, NULL);
	if (!q->post) {
		libcurl.easy_setopt(c, CURLOPT_HTTPGET, 1L);
	} else {
		libcurl.easy_setopt(c, CURLOPT_POST, 1L);
		libcurl.easy_setopt(c, CURLOPT_POSTFIELDSIZE_LARGE,
				    q->fill ? (curl_off_t)-1 : (curl_off_t)q->body.n);
		if (!q->fill)
			libcurl.easy_setopt(c, CURLOPT_POSTFIELDS,
					    q->body.n ? (const char *)q->body.p : "");
	}
	if (libcurl.easy_setopt(c, CURLOPT_URL, url))
		return err_nomem(err);
	return remote_tls_set(c, r, err);
}

/* Without a pin the key is learned from each new connection. */
static void
note_connection(struct remote *r)
{
	long made = 0;

	libcurl.easy_getinfo(r->curl, CURLINFO_NUM_CONNECTS, &made);
	if (made > 0)
		r->connects++;
	if (made > 0 && r->url.tls && !r->url.pinned && remote_tls_key(r->curl, r->spki))
		r->seen = true;
}

static bool
worth_another(CURLcode code, long status)
{
	switch (code) {
	case CURLE_OK:
		return status == 408 || status == 429 || (status >= 500 && status != 507);
	case CURLE_COULDNT_RESOLVE_HOST: /* so a phone without a link says it, too */
	case CURLE_COULDNT_CONNECT:
	case CURLE_SSL_CONNECT_ERROR: /* cut during the handshake */
	case CURLE_OPERATION_TIMEDOUT:
	case CURLE_SEND_ERROR:
	case CURLE_RECV_ERROR:
	case CURLE_GOT_NOTHING:
	case CURLE_PARTIAL_FILE:
		return true;
	default:
		return false;
	}
}

static int
curl_prepare(struct remote *r, struct err *err)
{
	CURL *c = r->curl;
	CURLcode bad = CURLE_OK;

	bad |= libcurl.easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	bad |= libcurl.easy_setopt(c, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	bad |= libcurl.easy_setopt(c, CURLOPT_PROTOCOLS_STR, r->url.tls ? "https" : "http");
	bad |= libcurl.easy_setopt(c, CURLOPT_ERRORBUFFER, r->curl_error);
	bad |= libcurl.easy_setopt(c, CURLOPT_WRITEFUNCTION, on_body);
	bad |= libcurl.easy_setopt(c, CURLOPT_HEADERFUNCTION, on_head);
	bad |= libcurl.easy_setopt(c, CURLOPT_READFUNCTION, on_fill);
	bad |= libcurl.easy_setopt(c, CURLOPT_DEBUGFUNCTION, on_bytes);
	bad |= libcurl.easy_setopt(c, CURLOPT_VERBOSE, 1L);
	bad |= libcurl.easy_setopt(c, CURLOPT_XFERINFOFUNCTION, on_progress);
	bad |= libcurl.easy_setopt(c, CURLOPT_NOPROGRESS, 0L);
	bad |= libcurl.easy_setopt(c, CURLOPT_CONNECTTIMEOUT_MS, (long)r->options.connect_ms);
	bad |= libcurl.easy_setopt(c, CURLOPT_LOW_SPEED_LIMIT, 1L);
	bad |= libcurl.easy_setopt(c, CURLOPT_LOW_SPEED_TIME, (long)r->options.stall_s);
	bad |= libcurl.easy_setopt(c, CURLOPT_UPLOAD_BUFFERSIZE, 256L << 10);
	if (r->options.rate_bytes_s)
		bad |= libcurl.easy_setopt(c, CURLOPT_MAX_SEND_SPEED_LARGE,
					   (curl_off_t)r->options.rate_bytes_s);
	if (!r->url.tls)
		bad |= libcurl.easy_setopt(c, CURLOPT_PROXY, ""); /* loopback only */
	if (bad)
		return err_set(err, ERR_INTERNAL, "libcurl lacks what Cloudbox needs");
	return 0;
}

/* Before the first request. */
static int
start(struct remote *r, struct err *err)
{
	if (r->curl)
		return 0;
	if (libcurl_need(err) < 0)
		return -1;
	r->curl = libcurl.easy_init();
	if (!r->curl)
		return err_nomem(err);
	return curl_prepare(r, err);
}

/* A head that went in two parts has libcurl (7.88) send a chunked body without its frames: the server
 * cannot read it, and says so in no words of ours. */
static bool
spoiled(const struct remote *r, const struct remote_request *q, long status)
{
	return q->fill && status == 400 && !r->has_problem;
}

#define TRY_AGAIN 1

/* One try.  0, TRY_AGAIN with *err filled, or -1. */
static int
attempt(struct remote *r, const struct remote_request *q, struct err *err)
{
	AUTO(slist_free) struct curl_slist *head = NULL;
	AUTO(buf_clear) struct buf refusal = BUF_INIT(PROBLEM_BYTES_MAX);
	struct attempt a = { .r = r, .q = q, .refusal = &refusal };
	curl_off_t after = 0;
	CURLcode code;
	long status = 0;
	bool again;

	r->has_problem = false;
	if (q->answer)
		buf_reset(q->answer);
	if (start(r, err) < 0 || (q->again && q->again(q->ctx, err) < 0) ||
	    head_make(&head, r, q, err) < 0 || set_request(r, q, &a, head, err) < 0)
		return -1;
	code = libcurl.easy_perform(r->curl);
	if (code == CURLE_OK && !a.head_ended)
		code = CURLE_RECV_ERROR;
	libcurl.easy_setopt(r->curl, CURLOPT_HTTPHEADER, NULL);
	if (a.reached)
		r->traffic.requests++;
	libcurl.easy_getinfo(r->curl, CURLINFO_RESPONSE_CODE, &status);
	libcurl.easy_getinfo(r->curl, CURLINFO_RETRY_AFTER, &after);
	r->retry_after_s = after > 0 && after < 86400 ? (uint32_t)after : 0;
	r->broken = code != CURLE_OK;
	r->reached |= !r->broken;
	if (!r->broken)
		r->stalls = 0;
	else if (code == CURLE_OPERATION_TIMEDOUT && a.reached)
		r->stalls++;
	note_connection(r);
	r->answered = a.notices;

	if (a.failed) {
		if (err)
			*err = a.err;
		return -1;
	}
	if (a.cancelled)
		return err_set(err, ERR_CANCELLED, "stopped");
	if (code == CURLE_OK && status / 100 == 2) {
		if (!q->ended || q->ended(q->ctx, err) == 0)
			return 0;
		return -1;
	}
	again = worth_another(code, status);
	if (code != CURLE_OK)
		remote_error_curl(r, code, err);
	else
		remote_error_status(r, status, buf_span(&refusal), err);
	if (code == CURLE_OK && spoiled(r, q, status)) {
		remote_error_curl(r, CURLE_SEND_ERROR, err);
		again = r->broken = true;
	}
	return again ? TRY_AGAIN : -1;
}

/* How often and how long work is tried again. */
struct patience {
	unsigned tries;
	unsigned stalls;
	uint32_t total_ms;
};

static struct patience
patience(const struct remote *r)
{
	const struct remote_options *o = &r->options;

	if (r->broken && r->reached)
		return (struct patience){ r->tries_broken, STALLS_REACHED, 4 * o->total_ms };
	return (struct patience){ o->tries, STALLS, o->total_ms };
}

/* In slices, so that it is soon noticed that nobody waits any more. */
int
remote_wait(struct remote *r, uint32_t ms, struct err *err)
{
	while (ms > 0) {
		uint32_t slice = ms < SLICE_MS ? ms : SLICE_MS;
		struct timespec t = { .tv_nsec = (long)slice * 1000000 };

		if (r->watch.cancelled && r->watch.cancelled(r->watch.ctx))
			return err_set(err, ERR_CANCELLED, "stopped");
		while (nanosleep(&t, &t) < 0 && errno == EINTR)
			;
		ms -= slice;
	}
	return 0;
}

/* 0: waited; 1: no wait is left in this request; -1: cancelled. */
static int
back_off(struct remote *r, unsigned nth, struct err *err)
{
	uint64_t whole = (uint64_t)r->options.first_wait_ms << (nth - 2 < 16 ? nth - 2 : 16);
	uint32_t jitter, ms, least_ms = r->retry_after_s * 1000;
	struct patience p = patience(r);

	if (nth > p.tries || r->stalls >= p.stalls)
		return 1;
	if (whole > p.total_ms)
		whole = p.total_ms;
	os_random(&jitter, sizeof jitter);
	ms = (uint32_t)(whole / 2 + jitter % (whole / 2 + 1));
	if (ms < least_ms)
		ms = least_ms;
	if (r->waited_ms > p.total_ms || ms > p.total_ms - r->waited_ms)
		return 1;
	r->waited_ms += ms;
	return remote_wait(r, ms, err);
}

int
remote_pause(struct remote *r, unsigned nth, struct err *err)
{
	struct err wait_err = { 0 };
	int rc;

	if (nth == 2)
		r->waited_ms = 0;
	rc = back_off(r, nth, &wait_err);
	if (rc < 0 && err)
		*err = wait_err;
	return rc ? -1 : 0;
}

/* The server knows the token of @q no more, and there is a way to another? */
static bool
renewable(struct remote *r, const struct remote_request *q)
{
	const struct remote_session *s = session_for(r, q->auth);

	/* A body that is filled piece by piece cannot be sent again. */
	return s && s->renewal.log_in && !q->fill && remote_problem_is(r, PROBLEM_SIGNATURE);
}

static int
renew(struct remote *r, const struct remote_request *q, struct err *err)
{
	struct remote_session *s = session_for(r, q->auth);

	s->held = false;
	return s->renewal.log_in(s->renewal.ctx, r, err);
}

int
remote_exchange(struct remote *r, const struct remote_request *q, struct err *err)
{
	struct err last = { 0 };
	bool renewed = false;

	r->has_problem = false;
	r->waited_ms = 0;
	r->connects = 0;
	if (q->auth != REMOTE_AUTH_NONE && !session_for(r, q->auth)->held)
		return err_set(err, ERR_AUTH, "not logged in to the server");
	for (unsigned nth = 1;; nth++) {
		int rc = attempt(r, q, &last);

		if (rc == TRY_AGAIN && !q->once) {
			struct err wait_err = { 0 };

			rc = back_off(r, nth + 1, &wait_err);
			if (rc == 0)
				continue;
			if (rc < 0)
				last = wait_err;
		}
		if (rc < 0 && !renewed && renewable(r, q)) {
			renewed = true;
			if (renew(r, q, &last) == 0)
				continue;
		}
		if (rc != 0 && err)
			*err = last;
		return rc ? -1 : 0;
	}
}

static void
options_fill(struct remote_options *o)
{
	if (o->first_wait_ms == 0)
		o->first_wait_ms = 500;
	if (o->total_ms == 0)
		o->total_ms = 10000;
	if (o->connect_ms == 0)
		o->connect_ms = 10000;
	if (o->stall_s == 0)
		o->stall_s = 60;
}

int
remote_new(struct remote **out, const struct remote_url *url, const struct remote_options *options,
	   struct err *err)
{
	AUTO(remote_free) struct remote *r = calloc(1, sizeof *r);
	bool v6 = strchr(url->host, ':') != NULL;

	if (!r)
		return err_nomem(err);
	r->url = remote_url_server(url);
	if (options)
		r->options = *options;
	r->tries_broken = r->options.tries ? r->options.tries : TRIES_BROKEN;
	if (r->options.tries == 0)
		r->options.tries = TRIES;
	options_fill(&r->options);
	if (r->options.ca_file && !(r->ca_file = strdup(r->options.ca_file)))
		return err_nomem(err);
	r->options.ca_file = r->ca_file;
	snprintf(r->base, sizeof r->base, "%s://%s%s%s:%u", url->tls ? "https" : "http",
		 v6 ? "[" : "", url->host, v6 ? "]" : "", url->port);

	*out = TAKE(r);
	return 0;
}

void
remote_free(struct remote *r)
{
	if (!r)
		return;
	remote_logout(r);
	if (r->curl)
		libcurl.easy_cleanup(r->curl);
	free(r->ca_file);
	free(r);
}

const struct remote_url *
remote_server(const struct remote *r)
{
	return &r->url;
}

struct remote_traffic
remote_traffic(const struct remote *r)
{
	return r->traffic;
}

void
remote_watch(struct remote *r, const struct remote_watch *watch)
{
	r->watch = watch ? *watch : (struct remote_watch){ 0 };
}

const struct problem *
remote_problem(const struct remote *r)
{
	return r->has_problem ? &r->problem : NULL;
}

bool
remote_problem_is(const struct remote *r, enum problem_word word)
{
	return r->has_problem && r->problem.word == word;
}

void
remote_session_set(struct remote *r, enum login_scope scope,
		   const uint8_t token[static WIRE_TOKEN_BYTES], int64_t valid_until_unix_ms)
{
	struct remote_session *s = &r->sessions[scope == LOGIN_GET];

	s->held = true;
	memcpy(s->token, token, sizeof s->token);
	s->valid_until_unix_ms = valid_until_unix_ms;
}

bool
remote_logged_in(const struct remote *r, enum login_scope scope)
{
	const struct remote_session *s = &r->sessions[scope == LOGIN_GET];

	return s->held && os->now_unix_ms() + TOKEN_MARGIN_MS < s->valid_until_unix_ms;
}

void
remote_renew(struct remote *r, enum login_scope scope, const struct remote_renewal *how)
{
	r->sessions[scope == LOGIN_GET].renewal = how ? *how : (struct remote_renewal){ 0 };
}

void
remote_logout(struct remote *r)
{
	for (size_t i = 0; i < 2; i++) {
		struct remote_session *s = &r->sessions[i];

		s->held = false;
		secret_wipe(s->token, sizeof s->token);
	}
}
