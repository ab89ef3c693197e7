/* SPDX-License-Identifier: Apache-2.0 */
/*
 * remote_internal: one exchange of request and answer, for the calls (calls.c, streams.c) to be
 * written on.
 *
 *     remote_exchange --perform--> answered 2xx ---> 0
 *            ^            |
 *            +-- pause <--+ cut, timed out, 5xx, 408, 429, while tries are left
 *            +- log in <--+ its token is no good, the first time
 *                         +---> refused: problem kept, -1
 */
#ifndef REMOTE_REMOTE_INTERNAL_H
#define REMOTE_REMOTE_INTERNAL_H

#include "net/libcurl.h"
#include "remote/remote.h"

struct remote_session {
	bool held;
	uint8_t token[WIRE_TOKEN_BYTES];
	int64_t valid_until_unix_ms;
	struct remote_renewal renewal;
};

struct remote {
	CURL *curl; /* NULL before the first request */
	struct remote_url url;
	struct remote_options options;
	char *ca_file;
	char base[REMOTE_URL_TEXT_BYTES]; /* https://HOST:PORT */
	char curl_error[CURL_ERROR_SIZE];
	bool seen; /* spki is that of the server's key */
	uint8_t spki[REMOTE_PIN_BYTES];
	struct remote_session sessions[2]; /* put, get */
	struct remote_traffic traffic;
	struct remote_watch watch;
	bool has_problem;
	struct problem problem;
	struct wire_notices answered; /* in the head of the last answer */
	struct wire_notices notices;  /* and of the last one that can have them */
	bool has_notices;
	unsigned tries_broken;  /* in place of options.tries where the link broke off */
	uint32_t waited_ms;     /* before further tries of the present request */
	uint32_t retry_after_s; /* what the last answer asked for; 0: nothing */
	unsigned connects;      /* made for the present request, its tries together */
	bool reached;           /* an answer came, since it was made */
	unsigned stalls;        /* tries since the last answer to which nothing came for stall_s */
	bool broken;            /* the last try got none: no connection, or it was cut */
};

enum remote_auth {
	REMOTE_AUTH_NONE,
	REMOTE_AUTH_PUT, /* the put token */
	REMOTE_AUTH_GET,
	REMOTE_AUTH_ANY, /* get, else put */
};

/* A part of a 2xx answer's body, in order; -1 ends the exchange. */
typedef int remote_sink_fn(void *ctx, struct span piece, struct err *err);
/* Fill @p with up to @n bytes of the request's body; 0 in *got ends it. */
typedef int remote_fill_fn(void *ctx, uint8_t *p, size_t n, size_t *got, struct err *err);

struct remote_request {
	const char *path; /* "/v1/heads" */
	bool post;
	enum remote_auth auth;
	struct span body;                         /* post, without fill */
	remote_fill_fn *fill;                     /* a body of unknown length */
	struct buf *answer;                       /* takes the body, reset before each try; or */
	remote_sink_fn *sink;                     /* gets it in pieces */
	int (*again)(void *ctx, struct err *err); /* before each try: begin anew; or NULL */
	int (*ended)(void *ctx, struct err *err); /* after a 2xx body's end; or NULL */
	void *ctx;                                /* of fill, sink, again and ended */
	bool once;                                /* who asks tries again: remote_pause() */
};

int remote_exchange(struct remote *r, const struct remote_request *q, struct err *err);

/** Sleep.  ERR_CANCELLED. */
int remote_wait(struct remote *r, uint32_t ms, struct err *err);

/** Keep a token. */
void remote_session_set(struct remote *r, enum login_scope scope,
			const uint8_t token[static WIRE_TOKEN_BYTES], int64_t valid_until_unix_ms);

/* remote_tls.c: whose key a handle's present connection has. */
/** From CURLINFO_CERTINFO; false if it has none. */
bool remote_tls_key(CURL *curl, uint8_t spki[static REMOTE_PIN_BYTES]);
/** The options of TLS: pin, or CA and name. */
int remote_tls_set(CURL *curl, const struct remote *r, struct err *err);

/* remote_error.c: what came of a try, in words. */
int remote_error_curl(const struct remote *r, CURLcode code, struct err *err);
int remote_error_status(struct remote *r, long status, struct span body, struct err *err);

#endif
