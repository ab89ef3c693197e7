/* SPDX-License-Identifier: Apache-2.0 */
/*
 * api: POST /v1/objects: chunk objects, streamed in the order in which they were asked for.
 *
 * One that is absent, damaged or of another size than it should be is sent as an empty one: the
 * others go on.  What is wrong within is found by whoever opens it.
 */
#include <stdlib.h>

#include "api/journal.h"
#include "api/server.h"

struct download {
	const struct server *server;
	struct session session;
	uint32_t n, i;
	struct catalog_device device; /* the last one that was looked up */
	struct blob_reader *reader;   /* of object i - 1 */
	uint64_t left;                /* bytes of it */
	uint8_t length[4];
	size_t n_length; /* bytes of the length still to be sent */
	struct wire_object_at at[];
};

static void
download_free(void *ctx)
{
	struct download *d = ctx;

	if (d && d->reader)
		d->server->blobs->ops->close(d->reader);
	free(d);
}
AUTO_PTR(download_free, struct download);

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
	if (rc == 0 && !l.chunk.damaged) {
		uint64_t size;
		rc = blobs_open(&d->reader, &size, d->server->blobs, &l.chunk.object.name, err);
		if (rc < 0)
			return -1;
		if (rc == 0 && size == l.chunk.object.size)
			d->left = size;
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
		journal("objects: an object is shorter than it should be");
		return HTTP_STREAM_BREAK;
	}
	d->left -= n;
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
	if (!api_session(x, SCOPE_GET, &d->session))
		return;
	if (wire_objects_decode(d->at, &d->n, buf_span(&x->body), &err) < 0)
		http_malformed(x, &err);
	else if (api_read(x, devices_rule, d))
		http_answer_stream(x, download_read, download_free, TAKE(d));
}
