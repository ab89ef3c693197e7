/* SPDX-License-Identifier: Apache-2.0 */
/*
 * serve: see serve.h.
 *
 * Threads: this one waits for a signal; the catalog's writer; http's; two workers; control's; the
 * keeper; the messenger.  They are ended in the reverse order of what they need: control, keeper,
 * messenger, http, workers, catalog.
 */
#include "serve.h"

#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "api/journal.h"
#include "api/server.h"
#include "base/text.h"
#include "control.h"
#include "metrics.h"
#include "os/os.h"
#include "tls.h"
#include "upkeep/keeper.h"
#include "upkeep/messenger.h"

#define CONNECTIONS_MAX             8192
#define CONNECTIONS_PER_ADDRESS_MAX 4096        /* many phones stand behind one address */
#define FILES_APART                 1024        /* descriptors kept for everything else */
#define BODIES_LET_IN_BYTES_MAX     (64u << 20) /* a quarter is two batches */
#define BODIES_STRANGERS_BYTES_MAX  (16u << 20)
#define WORKERS                     2
#define STOP_GRACE_S                10

/* What lives as long as the server does. */
struct service {
	struct server server;
	struct admin admin;
	struct tls tls;
	struct http *http;
	struct control *control;
	struct keeper *keeper;
	struct messenger *messenger;
	struct metrics metrics;
	struct http *metrics_http; /* NULL: nobody wants them */
	sigset_t signals;
};

static void
service_clear(struct service *s)
{
	control_stop(s->control);
	http_stop(s->metrics_http, 0);
	keeper_stop(s->keeper);
	messenger_stop(s->messenger);
	http_stop(s->http, STOP_GRACE_S);
	workers_free(s->server.workers);
	sessions_free(s->server.sessions);
	shares_clear(&s->server.uploads);
	tls_clear(&s->tls);
}
AUTO_OBJ(service_clear, struct service);

static void
end_process(void *ctx, const struct err *err)
{
	(void)ctx;
	journal("fatal: %s", err->msg);
	_exit(1);
}

/* As many descriptors as the system allows; how many connections they carry. */
static unsigned
connections_max(void)
{
	struct rlimit r;

	if (getrlimit(RLIMIT_NOFILE, &r) < 0)
		return 512;
	r.rlim_cur = r.rlim_max;
	setrlimit(RLIMIT_NOFILE, &r);
	getrlimit(RLIMIT_NOFILE, &r);
	if (r.rlim_cur >= CONNECTIONS_MAX + FILES_APART)
		return CONNECTIONS_MAX;
	return r.rlim_cur > 2 * FILES_APART ? (unsigned)r.rlim_cur - FILES_APART
					    : (unsigned)(r.rlim_cur / 2);
}

static bool
is_port(const char *text)
{
	size_t digits = strspn(text, "0123456789");

	return digits > 0 && digits <= 5 && !text[digits] && strtoul(text, NULL, 10) <= UINT16_MAX;
}

/* "HOST:PORT", "[::1]:PORT". */
static int
split_address(const char *listen, struct buf *host, const char **port, struct err *err)
{
	const char *colon = strrchr(listen, ':');

	/* The resolver would take the rest of a number that is too large. */
	if (!colon || colon == listen || !is_port(colon + 1)) {
		err_set(err, ERR_USAGE, "%s is no HOST:PORT", listen);
		return err_hint(err, "write --listen 127.0.0.1:8467");
	}
	struct span s = span_of(listen, (size_t)(colon - listen));
	if (s.n > 2 && s.p[0] == '[' && s.p[s.n - 1] == ']')
		s = span_of(s.p + 1, s.n - 2);
	*port = colon + 1;
	return buf_append(host, s, err);
}

static int
start_http(struct service *s, const struct options *o, struct err *err)
{
	AUTO(buf_clear) struct buf host = BUF_INIT(256);
	const char *port;
	long cores = sysconf(_SC_NPROCESSORS_ONLN);

	if (split_address(o->listen, &host, &port, err) < 0)
		return -1;
	const struct http_options http = {
		.host = buf_str(&host),
		.port = port,
		.key_pem = o->plain_http ? NULL : buf_str(&s->tls.key_pem),
		.certificate_pem = o->plain_http ? NULL : buf_str(&s->tls.certificate_pem),
		.threads = cores < 2   ? 2
			   : cores > 8 ? 8
				       : (unsigned)cores,
		.connections_max = connections_max(),
		.connections_per_address_max = CONNECTIONS_PER_ADDRESS_MAX,
		.idle_s = (unsigned)(o->idle_ms / 1000 > INT_MAX ? INT_MAX : o->idle_ms / 1000),
		.bodies_bytes_max = { [HTTP_LET_IN] = BODIES_LET_IN_BYTES_MAX,
				      [HTTP_STRANGER] = BODIES_STRANGERS_BYTES_MAX },
		.routes = api_routes,
		.server = &s->server,
	};
	return http_start(&s->http, &http, err);
}

/* What invitations name: --url, else where it listens, by this machine's name if everywhere. */
static int
note_address(struct service *s, struct installation *in, const struct options *o, struct err *err)
{
	struct installation_address *a = &s->admin.address;
	const char *at = http_address(s->http);
	const char *port = strrchr(at, ':');
	bool everywhere = !strncmp(at, "0.0.0.0:", 8) || !strncmp(at, "[::]:", 5);
	char name[256] = "localhost";

	if (everywhere)
		gethostname(name, sizeof name - 1);
	if (o->url)
		snprintf(a->url, sizeof a->url, "%s", o->url);
	else if (everywhere)
		snprintf(a->url, sizeof a->url, "https://%s%s", name, port);
	else
		snprintf(a->url, sizeof a->url, "%s://%s", o->plain_http ? "http" : "https", at);
	for (size_t n = strlen(a->url); n && a->url[n - 1] == '/'; n--)
		a->url[n - 1] = '\0';
	a->pinned = !o->plain_http;
	memcpy(a->pin, s->tls.pin, sizeof a->pin);
	return installation_address_put(in, a, err);
}

static int
load_decoy(struct catalog_tx *tx, void *ctx, struct err *err)
{
	return decoy_load(ctx, tx, err);
}

static void
poke_messenger(void *ctx)
{
	messenger_poke(ctx);
}

static int
start_messenger(struct service *s, struct installation *in, const struct options *o,
		struct err *err)
{
	const struct messenger_options messenger = {
		.catalog = in->catalog,
		.post = o->post,
		.server = s->admin.address.url,
		.tick_ms = o->tidy_ms && o->tidy_ms < MESSENGER_TICK_MS ? o->tidy_ms : 0,
	};

	return messenger_start(&s->messenger, &messenger, err);
}

static int
start_keeper(struct service *s, struct installation *in, const struct options *o, struct err *err)
{
	const struct keeper_options keeper = {
		.catalog = in->catalog,
		.blobs = in->blobs,
		.upkeep = &in->upkeep,
		.tidy_ms = o->tidy_ms,
		.looked = poke_messenger,
		.looked_ctx = s->messenger,
	};

	return keeper_start(&s->keeper, &keeper, err);
}

/* Numbers are told on an address of their own, which is on this machine only. */
static int
start_metrics(struct service *s, struct installation *in, const struct options *o, struct err *err)
{
	AUTO(buf_clear) struct buf host = BUF_INIT(256);
	const char *port;

	if (!o->metrics)
		return 0;
	if (split_address(o->metrics, &host, &port, err) < 0)
		return -1;
	s->metrics = (struct metrics){
		.catalog = in->catalog,
		.blobs = in->blobs,
		.keeper = s->keeper,
		.messenger = s->messenger,
		.http = s->http,
	};
	const struct http_options http = {
		.host = buf_str(&host),
		.port = port,
		.threads = 2,
		.connections_max = 16,
		.connections_per_address_max = 16,
		.idle_s = 10,
		.bodies_bytes_max = { 4096, 4096 },
		.routes = metrics_routes,
		.server = &s->metrics,
	};
	return http_start(&s->metrics_http, &http, err);
}

static int
start(struct service *s, struct installation *in, const struct options *o, struct err *err)
{
	s->server = (struct server){
		.catalog = in->catalog,
		.blobs = in->blobs,
		.min_free_bytes = o->min_free_bytes,
		.data_fd = in->dir_fd,
		.version = CLOUDBOX_VERSION,
		.fatal = end_process,
	};
	shares_init(&s->server.uploads, UPLOADS_AT_ONCE);
	s->admin.installation = in;
	s->admin.min_free_bytes = o->min_free_bytes;
	if (control_start(&s->control, &s->admin, in->dir_fd, err) < 0)
		return -1;
	if (!o->plain_http && (o->tls_key ? tls_given(&s->tls, o->tls_key, o->tls_cert, err)
					  : tls_own(&s->tls, in->dir_fd, err)) < 0)
		return -1;
	memcpy(s->server.spki_hash, s->tls.pin, sizeof s->server.spki_hash);
	if (catalog_write(in->catalog, load_decoy, &s->server.decoy, err) < 0 ||
	    sessions_new(&s->server.sessions, err) < 0 ||
	    workers_new(&s->server.workers, WORKERS, err) < 0 || start_http(s, o, err) < 0)
		return -1;
	if (note_address(s, in, o, err) < 0 || start_messenger(s, in, o, err) < 0 ||
	    start_keeper(s, in, o, err) < 0)
		return -1;
	return start_metrics(s, in, o, err);
}

/* SIGHUP: the certificate anew.  Its key must be the old one: terminals pin it. */
static int
load_certificate(struct service *s, struct installation *in, const struct options *o,
		 struct err *err)
{
	AUTO(tls_clear) struct tls tls = { 0 };

	if ((o->tls_key ? tls_given(&tls, o->tls_key, o->tls_cert, err)
			: tls_own(&tls, in->dir_fd, err)) < 0)
		return -1;
	if (memcmp(tls.pin, s->tls.pin, sizeof tls.pin) != 0)
		return err_set(err, ERR_REFUSED,
			       "it has another key; terminals know the server by the old one");
	return http_certificate(s->http, buf_str(&tls.key_pem), buf_str(&tls.certificate_pem), err);
}

static void
reload(struct service *s, struct installation *in, const struct options *o)
{
	struct err err = { 0 };

	if (o->plain_http)
		return;
	if (load_certificate(s, in, o, &err) < 0)
		journal("reload: the certificate stays as it is: %s", err.msg);
	else
		journal("reload: new connections get the certificate as it is now");
}

int
serve(struct installation *in, const struct options *o, struct err *err)
{
	AUTO(service_clear) struct service s = { 0 };
	int signal_number;

	journal_as_json(o->log_json);
	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&s.signals);
	sigaddset(&s.signals, SIGTERM);
	sigaddset(&s.signals, SIGINT);
	sigaddset(&s.signals, SIGHUP);
	if (start(&s, in, o, err) < 0)
		return -1;
	if (s.metrics_http)
		printf("metrics on http://%s/metrics\n", http_address(s.metrics_http));
	printf("listening on %s://%s\n", o->plain_http ? "http" : "https", http_address(s.http));
	fflush(stdout);
	while (sigwait(&s.signals, &signal_number) == 0 && signal_number == SIGHUP)
		reload(&s, in, o);
	journal("stopping");
	return 0;
}
