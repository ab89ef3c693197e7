/* SPDX-License-Identifier: Apache-2.0 */
/*
 * api: POST /v1/objects: chunk objects, streamed in the order in which they were asked for.
 *
 * One that is absent, damaged or of another size than it should be is sent as an empty one: the
 * others go on.  What is wrong within is found by whoever opens it; the server, too, compares what
 * it sends with what it once received, and marks what is not that, as a scrub does: so its device
 * can send it again.
 */
#include <openssl/evp.h>
#include <stdlib.h>

#include "accounts/drills.h"
#include "api/journal.h"
#include "api/server.h"
#include "os/os.h"

struct download {
	struct change change; /* first; counting what a device has without the passphrase */
	const struct server *server;
	struct session session;
	uint32_t n, i;
	struct catalog_device device; /* the last one that was looked up */
	struct catalog_chunk chunk;   /* object i - 1 */
	struct blob_reader *reader;   /* of that */
	EVP_MD_CTX *sha;              /* of what was sent of it */
	uint64_t left;                /* bytes of it */
	uint8_t length[4];
	size_t n_length; /* bytes of the length still to be sent */
	struct wire_object_at at[];
};

static void
download_free(void *ctx)
{
	struct download *d = ctx;

	if (!d)
		return;
	if (d->reader)
		d->server->blobs->ops->close(d->reader);
	EVP_MD_CTX_free(d->sha);
	free(d);
}
AUTO_PTR(download_free, struct download);

/* --- an object that is not what was received --- */

struct marking {
	struct catalog_job job; /* first */
	int64_t device_row;
	struct catalog_chunk chunk;
};

static int
mark_run(struct catalog_tx *tx, struct catalog_job *job, struct err *err)
{
	const struct marking *m = (const struct marking *)job;

	return catalog_mark_chunk(tx, m->device_row, &m->chunk, true, err) < 0 ? -1 : 0;
}

static void
mark_done(struct catalog_job *job, int rc, const struct err *err)
{
	if (rc < 0)
		journal("objects: %s", err->msg);
	free(job);
}

/* Told in the journal; the mark follows when the writer comes to it. */
static void
mark_damaged(const struct download *d)
{
	struct marking *m = calloc(1, sizeof *m);
	char name[BLOB_NAME_TEXT_BYTES];

	blob_name_text(name, &d->chunk.object.name);
	journal("objects: damaged: account %s, device %s, object %s",
		id16_hex(&d->device.account).s, id16_hex(&d->device.device).s, name);
	if (!m)
		return; /* the scrub will find it */
	m->job.run = mark_run;
	m->job.done = mark_done;
	m->device_row = d->device.row;
	m->chunk = d->chunk;
	catalog_submit(d->server->catalog, &m->job);
}

static int
sha_begin(struct download *d, struct err *err)
{
	if (!d->sha)
		d->sha = EVP_MD_CTX_new();
	return d->sha && EVP_DigestInit_ex(d->sha, EVP_sha256(), NULL) ? 0 : err_nomem(err);
}

/* All of it was sent. */
static void
sha_end(struct download *d)
{
	uint8_t sum[EVP_MAX_MD_SIZE];

	if (EVP_DigestFinal_ex(d->sha, sum, NULL) &&
	    memcmp(sum, d->chunk.object.sha256, sizeof d->chunk.object.sha256) != 0)
		mark_damaged(d);
}

/* --- one after the other --- */

struct locating {
	struct download *download;
	const struct wire_object_at *at;
	struct catalog_chunk chunk;
	struct problem problem;
};

static int
locate_rule(struct catalog_tx *tx, void *ctx, struct problem *p, struct err *err)
{
	struct locating *l = ctx;
	struct download *d = l->download;
	int rc = 0;

	if (!d->device.row || !id16_equal(&d->device.device, &l->at->device)) {
		d->device.row = 0;
		rc = gate_data_of(tx, &d->session, &l->at->device, &d->device, p, err);
	}
	return rc ? rc : tx->ops->chunk_get(tx, &l->chunk, d->device.row, &l->at->cid, err);
}

static int
locate_run(struct catalog_tx *tx, void *ctx, struct err *err)
{
	struct locating *l = ctx;

	return locate_rule(tx, l, &l->problem, err);
}

/* Open the next object; one that cannot be sent has the length 0. */
static int
next_object(struct download *d, struct err *err)
{
	struct locating l = { .download = d, .at = &d->at[d->i++] };
	int rc = catalog_read(d->server->catalog, locate_run, &l, err);

	if (d->reader)
		d->server->blobs->ops->close(d->reader);
	d->reader = NULL;
	d->left = 0;
	if (rc < 0 && err->code != ERR_FORMAT)
		return -1;
	d->chunk = l.chunk;
	if (rc == 0 && !l.chunk.damaged) {
		uint64_t size = 0;
		rc = blobs_open(&d->reader, &size, d->server->blobs, &l.chunk.object.name, err);
		if (rc < 0 || sha_begin(d, err) < 0)
			return -1;
		if (rc == 0 && size == l.chunk.object.size)
			d->left = size;
		else
			mark_damaged(d);
	}
	put_u32(d->length, (uint32_t)d->left);
	d->n_length = sizeof d->length;
	return 0;
}

static ssize_t
download_read(void *ctx, char *p, size_t room)
{
	struct download *d = ctx;
	struct err err;
	size_t n, got;

	if (!d->n_length && !d->left) {
		if (d->i == d->n)
			return HTTP_STREAM_END;
		if (next_object(d, &err) < 0) {
			journal("objects: %s", err.msg);
			return HTTP_STREAM_BREAK;
		}
	}
	if (d->n_length) {
		n = d->n_length < room ? d->n_length : room;
		memcpy(p, d->length + sizeof d->length - d->n_length, n);
		d->n_length -= n;
		return (ssize_t)n;
	}
	n = d->left < room ? (size_t)d->left : room;
	if (d->server->blobs->ops->read(d->reader, p, n, &got, &err) < 0 || got != n) {
		/* Perhaps the next time: what a disk cannot give once is not damaged yet. */
		journal("objects: an object is shorter than it should be");
		return HTTP_STREAM_BREAK;
	}
	d->left -= n;
	if (!EVP_DigestUpdate(d->sha, p, n))
		return HTTP_STREAM_BREAK;
	if (d->left == 0)
		sha_end(d);
	return (ssize_t)n;
}

/* All devices must be the account's, before anything is sent. */
static int
devices_rule(struct catalog_tx *tx, void *ctx, struct problem *p, struct err *err)
{
	struct download *d = ctx;
	struct catalog_account a;
	struct catalog_device self;
	int rc = gate_session(tx, &d->session, &a, &self, p, err);

	for (uint32_t i = 0; i < d->n && rc == 0; i++)
		if (!d->device.row || !id16_equal(&d->device.device, &d->at[i].device))
			rc = gate_data_of(tx, &d->session, &d->at[i].device, &d->device, p, err);
	return rc;
}

/* A device's own ciphertexts, for a drill: so many a day. */
static int
count_rule(struct catalog_tx *tx, struct change *c, struct problem *p, struct err *err)
{
	struct download *d = (struct download *)c;
	int rc;

	d->device.row = 0;
	rc = devices_rule(tx, d, p, err);
	if (rc == 0)
		rc = drills_take(&d->device, d->n, os->now_unix_ms(), p);
	return rc ? rc : tx->ops->device_put(tx, &d->device, err);
}

static void
counted(struct change *c)
{
	struct exchange *x = c->x;

	x->state = NULL; /* the stream's */
	http_answer_stream(x, download_read, download_free, c);
}

void
objects_drop(struct exchange *x)
{
	download_free(x->state);
}

void
objects_end(struct exchange *x)
{
	AUTO(download_free)
	struct download *d = calloc(1, sizeof *d + WIRE_OBJECTS_MAX * sizeof d->at[0]);
	struct err err;

	if (!d) {
		http_refuse(x, PROBLEM_BUSY);
		return;
	}
	d->server = server_of(x);
	if (!api_session(x, SCOPE_PUT | SCOPE_GET, &d->session))
		return;
	if (wire_objects_decode(d->at, &d->n, buf_span(&x->body), &err) < 0) {
		http_malformed(x, &err);
		return;
	}
	if (d->session.scope == LOGIN_PUT) {
		x->state = d;
		api_change(x, &TAKE(d)->change, count_rule, counted);
	} else if (api_read(x, devices_rule, d))
		http_answer_stream(x, download_read, download_free, TAKE(d));
}
