/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http: HTTPS by libmicrohttpd, with a limit before every byte of memory.
 *
 * A request is a struct exchange.  It goes through the hooks of its route:
 *
 *     head --begin--> body --piece*--> end --> answer
 *        \               \               \--wait--> (another thread) --resume--/
 *         \ answer        \ answer: the rest of the body is read and thrown away
 *
 * Hooks run on libmicrohttpd's threads and must not wait for a disk's sync: they hand such work to
 * the catalog's writer or to the workers and call http_wait() first; whoever finishes it calls
 * http_resume().  An exchange belongs to one thread at a time.
 *
 * Limits: head of a request 16 KiB; bodies by route; all bodies that are being collected together
 * `bodies_bytes_max`, those of strangers apart, and of either nobody more than a quarter; connections in all and from one address; an idle connection is closed, and so
 * is one whose body comes more slowly than SLOW_BYTES_PER_S once SLOW_GRACE_S have passed.
 */
#ifndef API_HTTP_H
#define API_HTTP_H

#include <sys/socket.h>

#include "base/buf.h"
#include "wire/problem.h"

#define HTTP_HEAD_BYTES_MAX   16384
#define HTTP_SLOW_GRACE_S     30
#define HTTP_SLOW_BYTES_PER_S 512
#define HTTP_DISCARD_MAX      (64u << 20) /* of a refused body; past it the connection is closed */

struct http;
struct http_route;
struct MHD_Connection;
struct MHD_Response;

struct http_options {
	const char *host;                      /* a name or an address */
	const char *port;                      /* "0": any free one */
	const char *key_pem, *certificate_pem; /* NULL: plain HTTP, on loopback addresses only */
	unsigned threads;                      /* 2 or more */
	unsigned connections_max, connections_per_address_max;
	unsigned idle_s;
	size_t bodies_bytes_max[2];      /* by enum http_budget */
	const struct http_route *routes; /* ends with one whose path is NULL */
	void *server;                    /* for the hooks: exchange.server */
};

/* Memory for bodies is counted in two purses, so that strangers cannot empty that of devices; of a
 * purse nobody has more than a quarter (exchange.who). */
enum http_budget {
	HTTP_LET_IN,   /* a token or a signature was seen before the body */
	HTTP_STRANGER, /* who it is stands in the body */
};

struct exchange {
	void *server;
	const struct http_route *route;
	struct id16 path_id;    /* what stands for '*' in the route's path */
	struct hash32 peer;     /* the address it came from, as a key for counting */
	struct hash32 who;      /* whose share its body is: the peer's, until a hook knows better */
	int64_t content_length; /* -1: chunked */
	uint64_t n_body;        /* bytes of the body so far */
	struct buf body;        /* as collected; also for hooks that collect by themselves */
	void *state;            /* the hooks'; freed by the route's drop */

	/* http's own */
	struct http *http;
	struct MHD_Connection *connection;
	struct MHD_Response *response;
	unsigned status;
	size_t from_budget[2];
	int64_t begun_ms;
	bool answered, ended;
	bool handed_over;     /* by the hook that just ran; only http's thread looks */
	_Atomic bool waiting; /* another thread has it */
};

enum http_method { HTTP_GET, HTTP_POST };

struct http_route {
	const char *path; /* "/v1/devices/" "*" "/items": '*' is an id in hexadecimal */
	enum http_method method;
	bool streamed;                                        /* a body of unknown length will do */
	uint64_t body_max;                                    /* 0: takes none */
	void (*begin)(struct exchange *x);                    /* NULL: nothing to do */
	void (*piece)(struct exchange *x, struct span piece); /* NULL: http collects the body */
	void (*end)(struct exchange *x);  /* answers, or waits; not called if already answered */
	void (*drop)(struct exchange *x); /* frees x->state; may be NULL */
};

/** Listen and serve.  ERR_USAGE (no such host; not loopback without TLS), ERR_IO (address in use), ERR_INTERNAL. */
int http_start(struct http **out, const struct http_options *options, struct err *err);

/** "127.0.0.1:8467", with the port that was really taken.  Borrowed. */
const char *http_address(const struct http *h);

/** New connections get this certificate from now on; its key must be the one that was given first.
 *  ERR_FORMAT (does not parse, of another key), ERR_NOMEM: the old one goes on. */
int
http_certificate(struct http *h, const char *key_pem, const char *certificate_pem, struct err *err);

/* Requests that ended, by their route (in the order of the table; one more: none) and answer. */
#define HTTP_ROUTES_MAX 32
struct http_counts {
	uint64_t answers[HTTP_ROUTES_MAX + 1]
			[6]; /* [1]…[5]: 1xx … 5xx; [0]: broken off without one */
	unsigned under_way;
};
void http_counts(struct http *h, struct http_counts *out);
/** Its table.  Borrowed. */
const struct http_route *http_routes(const struct http *h);

/** Take no more connections, let requests that are under way finish (@grace_s at most for those that
 *  wait for their client), and end.  NULL does nothing. */
void http_stop(struct http *h, unsigned grace_s);

/* --- answering: once for each exchange; whoever calls owns @x at that moment --- */

/** Answer with what @body holds; takes it over, leaving it empty. */
void http_answer(struct exchange *x, unsigned status, struct buf *body);
void
http_answer_text(struct exchange *x, unsigned status, const char *media_type, struct buf *body);
/** A further line of the head of an answer that was given; nothing where there is none.  @value has no
 *  line ends. */
void http_answer_line(struct exchange *x, const char *name, const char *value);
void http_problem(struct exchange *x, const struct problem *p);
/** A problem without members. */
void http_refuse(struct exchange *x, enum problem_word word);
/** Answer for a failure: ERR_FULL disk, ERR_NOMEM and ERR_BUSY busy, ERR_FORMAT, ERR_LIMIT and
 *  ERR_UNSUPPORTED of a body malformed, else internal; what is ours is logged, the sentence not
 *  sent. */
void http_fail(struct exchange *x, const struct err *err);
/** The same for a body that does not decode: malformed, with the sentence. */
void http_malformed(struct exchange *x, const struct err *err);

#define HTTP_STREAM_END   (-1)
#define HTTP_STREAM_BREAK (-2)
/* Up to @n bytes into @p, on http's threads: their number, HTTP_STREAM_END, or HTTP_STREAM_BREAK (the
 * connection is closed, so that the other side sees that something is missing). */
typedef ssize_t http_stream_fn(void *ctx, char *p, size_t n);
typedef void http_free_fn(void *ctx);

/** Answer with a stream of unknown length.  @ctx is freed by @free_ctx in any case. */
void http_answer_stream(struct exchange *x, http_stream_fn *fn, http_free_fn *free_ctx, void *ctx);
/** Answer with @size bytes of the open file @fd, which is closed in any case. */
void http_answer_file(struct exchange *x, int fd, uint64_t size);

static inline bool
http_answered(const struct exchange *x)
{
	return x->answered;
}

/** Before handing @x to another thread, from a hook. */
void http_wait(struct exchange *x);
/** From that thread, last thing. */
void http_resume(struct exchange *x);

/** Take @n bytes of a budget for @x's body, in the name of x->who, which stays what it is from then
 *  on; returned when @x ends.  False: none left, or not for whom it is. */
bool http_budget_take(struct exchange *x, enum http_budget which, size_t n);

/** A line of the request's head, an argument of its query; NULL.  Borrowed from @x. */
const char *http_head(const struct exchange *x, const char *name);
const char *http_query(const struct exchange *x, const char *name);

#endif
