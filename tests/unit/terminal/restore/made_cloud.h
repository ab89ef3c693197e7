/* SPDX-License-Identifier: Apache-2.0 */
/*
 * made_cloud: a device's cloud in memory, sealed and signed as a real one, behind the five calls of
 * struct fetch_source.  A test bends it to what a lying or damaged server would give.
 */
#ifndef TESTS_MADE_CLOUD_H
#define TESTS_MADE_CLOUD_H

#include "chunk/object.h"
#include "restore/fetch.h"
#include "unit.h"

#define MADE_BATCHES_MAX 8
#define MADE_RECORDS_MAX 64
#define MADE_OBJECTS_MAX 64

struct made_device {
	struct log_device log;
	struct secret *seed; /* of dsk */
	struct secret *root; /* D */
	struct sign_key *dsk;
	struct device_keys *ids;
};

struct made_account {
	struct id16 id;
	struct account_keys *keys;
	struct made_device devices[3];
	size_t n_devices;
};

/* One item to be put into a batch. */
struct made_item {
	const char *app, *native_id, *name;
	const char *bytes; /* the payload; NULL: a tombstone */
	const char *cut;   /* a part of `bytes` that lies in a chunk of its own; or NULL */
	bool foreign;      /* that chunk belongs to device 1 of the account */
	const char *path;  /* where it lay; NULL: at its native id */
};

struct made_record {
	struct wire_item entry;
	struct buf frame;
	struct merkle_path path;
};

struct made_batch {
	struct buf prefix;
	struct made_record records[MADE_RECORDS_MAX];
	uint32_t n;
};

struct made_object {
	struct wire_object_at at;
	struct buf bytes;
};

struct made_cloud {
	struct made_account *account;
	size_t device; /* whose cloud: number in the account */
	struct made_batch batches[MADE_BATCHES_MAX];
	size_t n_batches;
	struct made_object objects[MADE_OBJECTS_MAX];
	size_t n_objects;
	struct listing live; /* what `items` and `versions` will say; bend these */
	struct listing versions;
	size_t newest; /* the batch whose prefix `items` gives */
	struct hash32 head;
	uint64_t client_unix_ms; /* of the next batch */
	/* Bending answers. */
	bool list_is_cut;
	int (*bend_frame)(void *ctx, struct wire_frame *f); /* 0: give it; 1: leave it out */
	void *bend_ctx;
	/* What was asked. */
	unsigned n_requests, n_objects_asked;
};

struct made_account *made_account_new(size_t n_devices);
void made_account_free(struct made_account *a);

void made_cloud_init(struct made_cloud *c, struct made_account *a, size_t device);
void made_cloud_clear(struct made_cloud *c);

/** Seal @items as the device's next batch; the lists follow. */
void made_batch(struct made_cloud *c, const struct made_item *items, uint32_t n);

struct opener_keys made_keys(struct made_cloud *c);
struct fetch_source made_source(struct made_cloud *c);

/** The record of (@app, @native_id) in batch @batch, counted from 0. */
struct made_record *
made_find(struct made_cloud *c, size_t batch, const char *app, const char *native_id);

#endif
