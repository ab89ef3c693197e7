/* SPDX-License-Identifier: Apache-2.0 */
/* http: see http.h.  Here: the daemon, its limits, its beginning and its end. */
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "api/http_internal.h"
#include "api/tls_files.h"

/* The head of a request, an answer's head, and what libmicrohttpd needs to read bodies through. */
#define CONNECTION_MEMORY_BYTES (HTTP_HEAD_BYTES_MAX + 16384)
#define LISTEN_BACKLOG          1024

/* TLS 1.2 and 1.3, no more. */
#define TLS_PRIORITIES "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2"

struct http {
	struct MHD_Daemon *daemon;
	const struct http_route *routes;
	void *server;
	int listen_fd;
	char address[NI_MAXHOST + 8];

	struct shares bodies[2]; /* bytes, by enum http_budget */
	struct tls_files *tls;   /* NULL: plain; the newest one */
	pthread_mutex_t lock;    /* guards what follows */
	uint64_t answers[HTTP_ROUTES_MAX + 1][6];
	pthread_cond_t fewer; /* exchanges */
	unsigned n_exchanges, n_waiting;
};

struct exchange *
http_exchange_new(struct http *h, struct MHD_Connection *connection)
{
	struct exchange *x = calloc(1, sizeof *x);

	if (!x)
		return NULL;
	x->http = h;
	x->server = h->server;
	x->connection = connection;
	pthread_mutex_lock(&h->lock);
	h->n_exchanges++;
	pthread_mutex_unlock(&h->lock);
	return x;
}

static size_t
route_number(const struct http *h, const struct http_route *r)
{
	size_t i = r ? (size_t)(r - h->routes) : HTTP_ROUTES_MAX;

	return i < HTTP_ROUTES_MAX ? i : HTTP_ROUTES_MAX;
}

static unsigned
answer_class(const struct exchange *x)
{
	return x->response && x->status >= 100 && x->status < 600 ? x->status / 100 : 0;
}

void
http_counts(struct http *h, struct http_counts *out)
{
	pthread_mutex_lock(&h->lock);
	memcpy(out->answers, h->answers, sizeof out->answers);
	out->under_way = h->n_exchanges;
	pthread_mutex_unlock(&h->lock);
}

/* The request is over, answered or broken off. */
static void
completed(void *cls, struct MHD_Connection *connection, void **state,
	  enum MHD_RequestTerminationCode how)
{
	struct http *h = cls;
	struct exchange *x = *state;

	(void)connection;
	(void)how;
	if (!x)
		return;
	*state = NULL;
	if (x->route && x->route->drop)
		x->route->drop(x);
	if (x->response)
		MHD_destroy_response(x->response);
	for (int i = 0; i < 2; i++)
		if (x->from_budget[i])
			shares_give(&h->bodies[i], &x->who, x->from_budget[i]);
	pthread_mutex_lock(&h->lock);
	h->answers[route_number(h, x->route)][answer_class(x)]++;
	h->n_exchanges--;
	pthread_cond_broadcast(&h->fewer);
	pthread_mutex_unlock(&h->lock);
	buf_clear(&x->body);
	free(x);
}

const struct http_route *
http_routes(const struct http *h)
{
	return h->routes;
}

struct shares *
http_budget(struct http *h, enum http_budget which)
{
	return &h->bodies[which];
}

void
http_count_waiting(struct http *h, int change)
{
	pthread_mutex_lock(&h->lock);
	h->n_waiting = (unsigned)((int)h->n_waiting + change);
	pthread_cond_broadcast(&h->fewer);
	pthread_mutex_unlock(&h->lock);
}

/* --- beginning --- */

static int
note_address(struct http *h, struct err *err)
{
	struct sockaddr_storage a = { 0 };
	socklen_t n = sizeof a;
	char host[NI_MAXHOST], port[8];

	if (getsockname(h->listen_fd, (struct sockaddr *)&a, &n) < 0)
		return err_sys(err, errno, "cannot ask for the address");
	if (getnameinfo((struct sockaddr *)&a, n, host, sizeof host, port, sizeof port,
			NI_NUMERICHOST | NI_NUMERICSERV))
		return err_set(err, ERR_INTERNAL, "cannot write the address");
	snprintf(h->address, sizeof h->address, a.ss_family == AF_INET6 ? "[%s]:%s" : "%s:%s", host,
		 port);
	return 0;
}

/* Without TLS nothing may leave this machine. */
static int
check_loopback(const struct http *h, struct err *err)
{
	if (!strncmp(h->address, "127.", 4) || !strncmp(h->address, "[::1]:", 6))
		return 0;
	err_set(err, ERR_USAGE, "without TLS only loopback addresses may be served");
	return err_hint(err, "leave out --plain-http, or listen on 127.0.0.1");
}

static int
bind_to(struct http *h, const struct addrinfo *to)
{
	int on = 1;

	h->listen_fd = socket(to->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (h->listen_fd < 0)
		return -1;
	setsockopt(h->listen_fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	return bind(h->listen_fd, to->ai_addr, to->ai_addrlen);
}

static int
listen_at(struct http *h, const struct http_options *o, struct err *err)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE };
	struct addrinfo *found = NULL;
	int rc = getaddrinfo(o->host, o->port, &hints, &found);

	if (rc) {
		err_set(err, ERR_USAGE, "cannot listen on %s:%s: %s", o->host, o->port,
			gai_strerror(rc));
		return err_hint(err, "give an address of this machine with --listen");
	}
	if (bind_to(h, found) < 0)
		rc = err_sys(err, errno, "cannot listen on %s:%s", o->host, o->port);
	freeaddrinfo(found);
	if (rc == 0)
		rc = note_address(h, err);
	if (rc == 0 && !o->key_pem)
		rc = check_loopback(h, err);
	if (rc == 0 && listen(h->listen_fd, LISTEN_BACKLOG) < 0)
		rc = err_sys(err, errno, "cannot listen on %s", h->address);
	return rc;
}

static int
start_daemon(struct http *h, const struct http_options *o, struct err *err)
{
	unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME |
			 MHD_USE_SUPPRESS_DATE_NO_CLOCK | (o->key_pem ? MHD_USE_TLS : 0);
	struct MHD_OptionItem tls[] = {
		{ MHD_OPTION_HTTPS_CERT_CALLBACK, 0, (void *)(uintptr_t)tls_files_of },
		{ MHD_OPTION_HTTPS_PRIORITIES, 0, (void *)(uintptr_t)TLS_PRIORITIES },
		{ MHD_OPTION_END, 0, NULL },
	};
	struct MHD_OptionItem none[] = { { MHD_OPTION_END, 0, NULL } };

	h->daemon = MHD_start_daemon(
		flags, 0, NULL, NULL, http_access, h, MHD_OPTION_LISTEN_SOCKET, h->listen_fd,
		MHD_OPTION_NOTIFY_COMPLETED, completed, h, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
		(size_t)CONNECTION_MEMORY_BYTES, MHD_OPTION_CONNECTION_LIMIT, o->connections_max,
		MHD_OPTION_PER_IP_CONNECTION_LIMIT, o->connections_per_address_max,
		MHD_OPTION_CONNECTION_TIMEOUT, o->idle_s, MHD_OPTION_THREAD_POOL_SIZE, o->threads,
		MHD_OPTION_ARRAY, o->key_pem ? tls : none, MHD_OPTION_END);
	if (!h->daemon)
		return err_set(err, ERR_INTERNAL, "cannot start the HTTP server");
	return 0;
}

static void
http_free(struct http *h)
{
	if (h->listen_fd >= 0)
		close(h->listen_fd);
	if (h->tls)
		tls_files_clear();
	pthread_cond_destroy(&h->fewer);
	for (int i = 0; i < 2; i++)
		shares_clear(&h->bodies[i]);
	pthread_mutex_destroy(&h->lock);
	free(h);
}

int
http_start(struct http **out, const struct http_options *o, struct err *err)
{
	struct http *h = calloc(1, sizeof *h);
	pthread_condattr_t attr;

	if (!h)
		return err_nomem(err);
	h->routes = o->routes;
	h->server = o->server;
	for (int i = 0; i < 2; i++)
		shares_init(&h->bodies[i], o->bodies_bytes_max[i]);
	h->listen_fd = -1;
	pthread_mutex_init(&h->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&h->fewer, &attr);
	pthread_condattr_destroy(&attr);
	if ((o->key_pem && http_certificate(h, o->key_pem, o->certificate_pem, err) < 0) ||
	    listen_at(h, o, err) < 0 || start_daemon(h, o, err) < 0) {
		http_free(h);
		return -1;
	}
	*out = h;
	return 0;
}

int
http_certificate(struct http *h, const char *key_pem, const char *certificate_pem, struct err *err)
{
	return tls_files_load(&h->tls, key_pem, certificate_pem, err);
}

const char *
http_address(const struct http *h)
{
	return h->address;
}

/* --- end --- */

void
http_stop(struct http *h, unsigned grace_s)
{
	struct timespec until;

	if (!h)
		return;
	MHD_quiesce_daemon(h->daemon);
	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += grace_s;
	pthread_mutex_lock(&h->lock);
	while (h->n_exchanges && !pthread_cond_timedwait(&h->fewer, &h->lock, &until))
		;
	/* A suspended connection must not be left to MHD_stop_daemon(); who works for it is alive
	 * and will resume it. */
	while (h->n_waiting)
		pthread_cond_wait(&h->fewer, &h->lock);
	pthread_mutex_unlock(&h->lock);
	MHD_stop_daemon(h->daemon);
	http_free(h);
}
